"""Final checks: the person's command, and the schema of the answer."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from kedge.agent.checks.schema import SchemaCheck, validated
from kedge.agent.checks.verify import CommandCheck
from kedge.agent.events import CheckEnded
from kedge.agent.ports import CheckOutcome
from kedge.config.errors import UsageError
from kedge.sandbox.direct import DirectSandbox
from kedge.sandbox.environment import clean_environment

SCHEMA: dict[str, object] = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "names": {"type": "array", "items": {"$ref": "#/$defs/name"}},
    },
    "required": ["count"],
    "additionalProperties": False,
    "$defs": {"name": {"type": "string", "minLength": 1}},
}


@pytest.fixture
async def check(tmp_path: Path) -> AsyncIterator[Callable[..., CommandCheck]]:
    sandbox = DirectSandbox()
    env = clean_environment(os.environ)

    def make(command: str, timeout: float | None = 60) -> CommandCheck:
        return CommandCheck(command, sandbox, tmp_path, env, timeout)

    yield make
    await sandbox.close()


async def test_a_command_that_exits_with_0_is_a_good_check(check):
    outcome = await check("echo fine").run("done")
    record = outcome.record
    assert record == CheckEnded(
        "echo fine", True, 0, record.duration_ms, "exit code 0; it printed:\nfine\n"
    )


async def test_a_failing_command_tells_its_exit_code_and_output(check):
    record = (await check("echo broken >&2; exit 3").run("")).record
    assert (record.ok, record.exit_code) == (False, 3)
    assert record.output == "exit code 3; it printed:\nbroken\n"


async def test_a_silent_failure_says_that_nothing_was_printed(check):
    assert (await check("exit 1").run("")).record.output == "exit code 1; it printed nothing"


async def test_of_long_output_the_end_is_kept_and_the_cut_is_told(check):
    output = (await check("seq 10000; exit 1").run("")).record.output
    assert output.startswith("exit code 1; the last 4096 of 48894 characters that it printed:\n")
    assert output.endswith("9999\n10000\n")
    assert len(output) < 4_200


async def test_a_check_that_takes_too_long_is_failed_and_says_so(check):
    record = (await check("echo begun; sleep 60", timeout=1.2).run("")).record
    assert not record.ok
    assert record.output == "not finished after 1 s and killed; it printed:\nbegun\n"


async def test_a_check_that_ends_well_although_its_time_was_up_is_failed(check):
    record = (await check("trap 'exit 0' TERM; sleep 60 & wait", timeout=1).run("")).record
    assert not record.ok


async def test_a_check_that_was_killed_names_the_signal(check):
    record = (await check("kill -SEGV $$").run("")).record
    assert (record.ok, record.exit_code) == (False, None)
    assert record.output.startswith("killed by SIGSEGV; ")


async def test_cancelling_a_check_ends_its_command(check, tmp_path):
    running = asyncio.create_task(check("echo $$ >pid; sleep 60").run(""))
    pid = tmp_path / "pid"
    async with asyncio.timeout(60):
        while not (pid.exists() and pid.read_text()):  # noqa: ASYNC110  # a file has no event
            await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


async def test_a_directory_that_is_gone_is_a_failed_check(check, tmp_path):
    broken = check("true")
    tmp_path.rmdir()
    record = (await broken.run("")).record
    assert not record.ok and "no such directory" in record.output
    tmp_path.mkdir()


@pytest.mark.parametrize(
    "answer",
    [
        '{"count": 3}',
        '\n {"count": 3}\n',
        '```json\n{"count": 3}\n```',
        'Here it is:\n```\n{"count": 3}\n```\nDone.',
        'First\n```json\n{"count": 1}\n```\nno, rather\n  ```json\n  {\n"count": 3\n}\n  ```',
    ],
)
async def test_bare_json_or_the_last_fenced_block_is_the_answer(answer):
    outcome = await SchemaCheck(SCHEMA).run(answer)
    assert outcome == CheckOutcome(CheckEnded("output schema", True), {"count": 3})


async def test_a_fence_within_a_string_ends_no_block():
    answer = 'So:\n```json\n{"count": 1, "names": ["```"]}\n```'
    assert (await SchemaCheck(SCHEMA).run(answer)).structured == {"count": 1, "names": ["```"]}


@pytest.mark.parametrize(
    "answer", ["", "done", "{", "```json\n{\n```", '{"count": NaN}', "\ud800", "[" * 100_000]
)
async def test_an_answer_that_is_not_json_is_failed(answer):
    outcome = await SchemaCheck(SCHEMA).run(answer)
    assert not outcome.record.ok and outcome.structured is None
    assert outcome.record.output.startswith("the answer")


async def test_each_error_names_its_place():
    record = (await SchemaCheck(SCHEMA).run('{"count": "3", "names": ["a", ""]}')).record
    assert not record.ok
    assert "- $.count: '3' is not of type 'integer'" in record.output
    assert "- $.names[1]: " in record.output


async def test_at_most_ten_errors_are_told_each_of_them_short():
    names = ", ".join(["5"] * 20)
    output = (await SchemaCheck(SCHEMA).run(f'{{"count": 1, "names": [{names}]}}')).record.output
    assert output.count("- $.names") == 10 and output.endswith("\n- and more")
    long = f'{{"count": "{"x" * 10_000}"}}'
    assert len((await SchemaCheck(SCHEMA).run(long)).record.output) < 500


def test_a_valid_schema_is_given_back():
    assert validated(SCHEMA) == SCHEMA
    assert validated({"$schema": "http://json-schema.org/draft-07/schema#"})


@pytest.mark.parametrize(
    ("schema", "complaint"),
    [
        ([], "not a JSON object"),
        ("x", "not a JSON object"),
        ({"type": "text"}, r"no JSON Schema: \$\.type: 'text'"),
        ({"properties": {"a": {"minimum": "1"}}}, r"\$\.properties\.a\.minimum"),
        ({"pattern": "("}, "pattern"),
        ({"items": {"$ref": "#/$defs/lost"}}, r"refers to '#/\$defs/lost'"),
        ({"$ref": "#/allOf/x", "allOf": [True]}, "refers to"),
        ({"$ref": "https://example.com/schema.json"}, r"refers to 'https://example\.com"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_beforehand(schema, complaint):
    with pytest.raises(UsageError, match=complaint):
        validated(schema)


async def test_a_reference_within_a_part_of_its_own_name_is_found():
    schema = validated(
        {
            "$id": "https://example.com/a",
            "$ref": "b",
            "$defs": {"b": {"$id": "b", "$ref": "#/$defs/c", "$defs": {"c": {"type": "null"}}}},
        }
    )
    assert (await SchemaCheck(schema).run("null")).record.ok
    assert not (await SchemaCheck(schema).run("1")).record.ok


async def test_a_schema_that_only_refers_to_itself_fails_in_words():
    record = (await SchemaCheck(validated({"$ref": "#"})).run("1")).record
    assert not record.ok and "nested too deeply" in record.output


def test_the_model_is_shown_the_schema():
    assert '{"type":"null"}' in SchemaCheck({"type": "null"}).instruction


def test_jsonschema_is_not_imported_until_it_is_needed():
    code = (
        "import sys; from kedge.agent.checks import schema, verify; schema.SchemaCheck({});"
        "sys.exit('jsonschema' in sys.modules or 'referencing' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
