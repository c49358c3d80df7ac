"""A function as a tool: what the model is told of it, and how strictly its arguments are read."""

import asyncio
import json
from typing import Annotated, Literal

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from kedge.agent.effects import Effect
from kedge.agent.errors import ToolError
from kedge.agent.messages import Text
from kedge.agent.ports import Output
from kedge.agent.tools.function import FunctionTool, read_only, tool
from kedge.agent.tools.schema import HIDDEN


class Place(msgspec.Struct):
    """Somewhere."""

    title: str
    kind: Literal["city", "village"] = "city"


NOWHERE: list[Place] = []


@tool
async def weather(
    city: str,
    days: Annotated[int, Meta(ge=1, le=7, description="how many")] = 1,
    unit: Literal["celsius", "fahrenheit"] = "celsius",
    exact: bool = False,
    height: float = 0.0,
    near: list[Place] = NOWHERE,
    title: str | None = None,
) -> str:
    """Forecast for a city.

    Asks nobody.
    """
    return f"{city} {days} {unit} {exact} {height} {len(near)} {title}"


def refusal(arguments: object, of: FunctionTool = weather) -> str:
    with pytest.raises(ToolError) as caught:
        of.parse(arguments if isinstance(arguments, str) else json.dumps(arguments))
    assert caught.value.kind == "other"
    assert "Nothing was done" in str(caught.value)
    return str(caught.value)


def test_name_description_and_schema_come_from_the_function():
    assert weather.name == weather.spec.name == "weather"
    assert weather.spec.description == "Forecast for a city.\n\nAsks nobody."
    assert weather.spec.parameters == {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {
                "type": "integer", "minimum": 1, "maximum": 7, "description": "how many",
                "default": 1,
            },
            "unit": {"enum": ["celsius", "fahrenheit"], "default": "celsius"},
            "exact": {"type": "boolean", "default": False},
            "height": {"type": "number", "default": 0.0},
            "near": {
                "type": "array",
                "items": {
                    "type": "object",
                    "description": "Somewhere.",
                    "properties": {
                        "title": {"type": "string"},
                        "kind": {"enum": ["city", "village"], "default": "city"},
                    },
                    "required": ["title"],
                },
                "default": [],
            },
            "title": {"type": "string"},
        },
        "required": ["city"],
        "additionalProperties": False,
    }  # fmt: skip


def test_the_fields_stand_in_the_order_of_the_declaration():
    assert list(weather.spec.parameters["properties"]) == [
        "city", "days", "unit", "exact", "height", "near", "title",
    ]  # fmt: skip
    again = FunctionTool(weather._function)
    assert json.dumps(again.spec.parameters) == json.dumps(weather.spec.parameters)


def test_the_schema_is_flat_valid_and_never_speaks_of_null():
    text = json.dumps(weather.spec.parameters)
    assert "$ref" not in text
    assert "null" not in text
    jsonschema.Draft202012Validator.check_schema(weather.spec.parameters)


def test_a_tool_without_parameters_has_an_empty_object():
    @tool
    async def pause() -> str:
        return "paused"

    assert pause.spec.parameters == {
        "type": "object", "properties": {}, "additionalProperties": False,
    }  # fmt: skip
    assert pause.parse("") == pause.parse("{}") == {}


def test_texts_can_be_given_from_outside():
    other = weather.described("Wetter.")
    assert (other.spec.description, weather.spec.description[:8]) == ("Wetter.", "Forecast")
    assert other.spec.parameters == weather.spec.parameters
    assert other.parse('{"city": "Oslo"}') == weather.parse('{"city": "Oslo"}')

    @tool(name="wetter", description="Sonst nichts.")
    async def anything() -> str:
        """Not this."""
        return ""

    assert (anything.spec.name, anything.spec.description) == ("wetter", "Sonst nichts.")


def test_what_is_left_out_has_its_default():
    assert weather.parse('{"city": "Oslo"}') == {
        "city": "Oslo", "days": 1, "unit": "celsius", "exact": False, "height": 0.0, "near": [],
        "title": None,
    }  # fmt: skip


def test_a_default_is_not_shared_between_calls():
    first = weather.parse('{"city": "Oslo"}')["near"]
    assert first is not weather.parse('{"city": "Oslo"}')["near"]


def test_null_for_an_optional_parameter_is_the_same_as_leaving_it_out():
    assert weather.parse('{"city": "Oslo", "title": null}')["title"] is None


def test_a_whole_number_is_a_number_and_nothing_else_is_coerced():
    assert weather.parse('{"city": "Oslo", "height": 3}')["height"] == 3.0
    for wrong in (
        {"city": 1}, {"city": None}, {"city": ["Oslo"]},
        {"city": "", "days": "3"}, {"city": "", "days": True}, {"city": "", "days": 3.0},
        {"city": "", "exact": 1}, {"city": "", "exact": "true"}, {"city": "", "exact": None},
        {"city": "", "height": "3"}, {"city": "", "height": False},
        {"city": "", "near": "Oslo"}, {"city": "", "near": {}}, {"city": "", "near": ["Oslo"]},
    ):  # fmt: skip
        refusal(wrong)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"city": 1}, "weather: city: expected `str`, got `int`."),
        ({"city": "", "days": "3"}, "weather: days: expected `int`, got `str`."),
        ({"city": "", "days": 8}, "weather: days: expected `int` <= 7."),
        ({"city": "", "exact": 1}, "weather: exact: expected `bool`, got `int`."),
        ({}, "weather: object missing required field `city`."),
        (
            {"city": "", "unit": "kelvin"},
            "weather: unit: invalid enum value 'kelvin'; allowed: 'celsius', 'fahrenheit'.",
        ),
        (
            {"city": "", "near": [{"title": "x"}, {"title": "y", "kind": "z"}]},
            "weather: near[1].kind: invalid enum value 'z'; allowed: 'city', 'village'.",
        ),
        ({"city": "", "near": [{}]}, "near[0]: object missing required field `title`."),
        (
            {"ctiy": "Oslo"},
            "weather: object contains unknown field `ctiy`; the nearest is `city`.",
        ),
        ({"city": "", "zzzzzz": 1}, "weather: object contains unknown field `zzzzzz`."),
        ([], "weather: expected `object`, got `array`."),
        ("null", "weather: expected `object`, got `null`."),
        ("3", "weather: expected `object`, got `int`."),
    ],
)
def test_a_misfit_names_the_field_and_what_was_expected(arguments, says):
    assert says in refusal(arguments)


def test_a_misfit_lists_what_the_tool_takes():
    assert refusal({}).endswith(
        "It takes: city, days (optional), unit (optional), exact (optional), height (optional), "
        "near (optional), title (optional)."
    )


@pytest.mark.parametrize(
    "broken", ["{", '{"city": "Os', "city=Oslo", "{'city': 'Oslo'}", " ", "\0"]
)
def test_what_is_no_json_is_refused_with_what_to_do(broken):
    assert "Send the call again with one complete JSON object" in refusal(broken)


@pytest.mark.parametrize(
    "odd",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"near":' + "[" * 100_000,
        '{"city": "\\ud800"}',
        '{"city": "\ud800"}',
        '{"city": "", "days": ' + "9" * 5000 + "}",
        '{"city": "", "height": 1e999}',
        '{"city": "", "height": NaN}',
        '{"city": "", "days": ' + str(2**70) + "}",
    ],
    ids=range(9),
)
def test_monstrous_arguments_are_tool_errors(odd):
    refusal(odd)


def test_of_a_repeated_key_the_last_one_counts():
    assert weather.parse('{"city": "Oslo", "city": "Rome"}')["city"] == "Rome"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["city", "days", "unit", "near", "title", "kind"]) | st.text(),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
)


@given(st.text() | st.builds(json.dumps, JSON) | st.text(st.sampled_from('{}[]",:citye12\\ud8 ')))
def test_whatever_the_model_writes_is_understood_or_a_tool_error(text):
    try:
        parsed = weather.parse(text)
    except ToolError:
        return
    assert list(parsed) == list(weather.spec.parameters["properties"])
    assert isinstance(parsed["city"], str)


@given(JSON)
def test_what_the_parser_takes_fits_the_schema_that_the_model_was_given(value):
    text = json.dumps(value)
    try:
        weather.parse(text)
    except ToolError:
        return
    given_ = {key: one for key, one in json.loads(text).items() if one is not None}
    jsonschema.validate(given_, weather.spec.parameters)


async def test_the_function_is_called_with_its_arguments_and_its_words_come_back():
    parsed = weather.parse('{"city": "Oslo", "days": 2, "near": [{"title": "x"}]}')
    output = await weather.run(parsed, lambda text: None)
    assert output == Output((Text("Oslo 2 celsius False 0.0 1 None"),))


async def test_an_output_is_passed_on_as_it_is():
    given = Output((Text("x"),), exit_code=3)

    @tool
    async def ends() -> Output:
        return given

    assert await ends.run(ends.parse("{}"), print) is given


async def test_anything_else_that_comes_back_is_a_defect_that_names_the_tool():
    @tool
    async def forgets() -> str:
        return None

    with pytest.raises(TypeError, match="forgets returned NoneType, not str or Output"):
        await forgets.run({}, print)


async def test_emit_is_hidden_from_the_model_and_given_to_the_function():
    @tool
    async def counts(upto: int, emit) -> str:
        for number in range(upto):
            emit(str(number))
            await asyncio.sleep(0)
        return "counted"

    assert list(counts.spec.parameters["properties"]) == ["upto"]
    refusal({"upto": 1, "emit": "x"}, counts)
    seen = []
    await counts.run(counts.parse('{"upto": 3}'), seen.append)
    assert seen == ["0", "1", "2"]


async def test_a_parameter_may_have_another_name_for_the_model():
    @tool(names={"ignore_case": "-i"}, effects=lambda given: (Effect("read", str(given["-i"])),))
    async def search(pattern: str, ignore_case: bool = False) -> str:
        return f"{pattern} {ignore_case}"

    parsed = search.parse('{"pattern": "x", "-i": true}')
    assert parsed == {"pattern": "x", "-i": True}
    assert search.effects(parsed) == (Effect("read", "True"),)
    assert (await search.run(parsed, print)).content == (Text("x True"),)
    assert "-i (optional)" in refusal({}, search)
    assert search.parse(json.dumps(parsed)) == parsed, "what was understood can be written again"


async def test_a_hidden_parameter_is_accepted_but_the_model_is_not_told_of_it():
    @tool(names={"flag": "-f"})
    async def search(pattern: str, flag: Annotated[int | None, HIDDEN] = None) -> str:
        return f"{pattern} {flag}"

    assert list(search.spec.parameters["properties"]) == ["pattern"]
    assert refusal({}, search).endswith("It takes: pattern.")
    assert "nearest" not in refusal({"pattern": "x", "-ff": 1}, search)
    assert "expected `int" in refusal({"pattern": "x", "-f": "y"}, search)
    parsed = search.parse('{"pattern": "x", "-f": 3}')
    assert (await search.run(parsed, print)).content == (Text("x 3"),)


def test_a_tool_that_does_not_say_what_it_affects_counts_as_running_something():
    assert weather.effects({}) == (Effect("run", "weather"),)

    @tool(effects=read_only)
    async def looks() -> str:
        return ""

    assert looks.effects({}) == ()


async def plain(city) -> str:
    return ""


async def many(*cities: str) -> str:
    return ""


async def anything(**cities: str) -> str:
    return ""


async def placed(city: str, /) -> str:
    return ""


def sync(city: str) -> str:
    return ""


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (plain, "parameter 'city' has no type"),
        (many, r"tool 'many': \*cities: str cannot be given by name"),
        (anything, r"tool 'anything': \*\*cities: str cannot be given by name"),
        (placed, "tool 'placed': city: str cannot be given by name"),
        (sync, "no `async def` function"),
    ],
)
def test_what_cannot_be_a_tool_is_refused_where_it_is_declared(function, reason):
    with pytest.raises(TypeError, match=reason):
        tool(function)
