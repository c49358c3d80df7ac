"""An async function with annotated parameters is a tool.

    @tool
    async def weather(city: str, days: Annotated[int, Meta(ge=1, le=7)] = 1) -> str:
        "Forecast for a city."

Name, description (the docstring) and a flat JSON Schema (the parameters, in their order) come from
the function. Parameters may be annotated with whatever msgspec converts: `str`, `int`, `float`,
`bool`, `Literal[…]`, `X | None`, `list[…]`, structs; `msgspec.Meta` adds limits and descriptions,
`schema.HIDDEN` marks an optional one that is accepted without being in the schema, for what models
say unasked. Arguments are validated strictly: nothing is coerced, unknown names are refused.

A tool that does not say what it affects counts as running something, so it is judged as one that
may change anything.
"""

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import get_type_hints, overload

import msgspec
from msgspec import structs

from ..effects import Effect
from ..errors import ToolError
from ..events import ToolSpec
from ..ports import Arguments, Emit, Output
from .schema import HIDDEN, allowed_values, flat_schema

ToolFunction = Callable[..., Awaitable[str | Output]]
Effects = Callable[[Arguments], tuple[Effect, ...]]
Plan = Callable[..., object]

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class FunctionTool:
    """A function as a `Tool`."""

    def __init__(
        self,
        function: ToolFunction,
        *,
        name: str = "",
        description: str = "",
        effects: Effects | None = None,
        names: Mapping[str, str] | None = None,
        plan: Plan | None = None,
    ) -> None:
        """Declare a tool.

        Args:
            function: coroutine function; a parameter named `emit`, if it has one, is not shown to
                the model and receives the `Emit` of the running call.
            name: defaults to the function's.
            description: defaults to the docstring.
            effects: what a call would do; see the module's docstring for the default.
            names: parameter name -> name in the schema, where the two must differ.
            plan: with the parameters of the function, does all of it but what changes anything;
                raises what the function would raise.

        Raises:
            TypeError: it is no coroutine function, or a parameter cannot be given by name or has no
                annotation that a schema can be made of.
        """
        if not inspect.iscoroutinefunction(function):
            raise TypeError(f"tool {name or function!r} is no `async def` function")
        self._function = function
        self._name = name or function.__name__
        self._effects = effects
        self._plan = plan
        self._takes_emit = False
        self._hidden: set[str] = set()
        self._arguments = self._declare(dict(names or {}))
        self._decoder = msgspec.json.Decoder(self._arguments)
        fields = structs.fields(self._arguments)
        self._shown = {field.name: field.encode_name for field in fields}
        self._spec: ToolSpec | None = None
        self._description = description or inspect.getdoc(function) or ""

    def _declare(self, names: dict[str, str]) -> type[msgspec.Struct]:
        hints = get_type_hints(self._function, include_extras=True)
        fields: list[tuple[str, object] | tuple[str, object, object]] = []
        for parameter in inspect.signature(self._function).parameters.values():
            if parameter.kind not in _NAMED:
                raise TypeError(f"tool {self._name!r}: {parameter} cannot be given by name")
            if parameter.name == "emit":
                self._takes_emit = True
            elif parameter.name not in hints:
                raise TypeError(f"tool {self._name!r}: parameter {parameter.name!r} has no type")
            elif parameter.default is inspect.Parameter.empty:
                fields.append((parameter.name, hints[parameter.name]))
            else:
                fields.append((parameter.name, hints[parameter.name], parameter.default))
                if HIDDEN in getattr(hints[parameter.name], "__metadata__", ()):
                    self._hidden.add(names.get(parameter.name, parameter.name))
        return msgspec.defstruct(
            self._name,
            fields,
            rename=names or None,
            forbid_unknown_fields=True,
            kw_only=True,
        )

    @property
    def name(self) -> str:
        """What the model calls it."""
        return self._name

    @property
    def spec(self) -> ToolSpec:
        """Name, description and schema as the model is told them."""
        if self._spec is None:
            schema = flat_schema(self._arguments, self._hidden)
            self._spec = ToolSpec(self._name, self._description, schema)
        return self._spec

    def described(self, description: str) -> "FunctionTool":
        """The same tool with another text for the model."""
        other = FunctionTool.__new__(FunctionTool)
        other.__dict__.update(self.__dict__)
        other._description = description
        other._spec = None
        return other

    def parse(self, arguments: str) -> Arguments:
        """Validate what the model wrote; see `Tool.parse`."""
        try:
            parsed = self._decoder.decode(arguments or "{}")
        except msgspec.ValidationError as error:
            raise ToolError("other", self._misfit(error)) from error
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise ToolError(
                "other",
                f"The arguments of {self._name} are not valid JSON ({error}). Nothing was done. "
                "Send the call again with one complete JSON object.",
            ) from error
        return {shown: getattr(parsed, name) for name, shown in self._shown.items()}

    def _misfit(self, error: msgspec.ValidationError) -> str:
        wanted = ", ".join(
            field.encode_name + ("" if field.required else " (optional)")
            for field in structs.fields(self._arguments)
            if field.encode_name not in self._hidden
        )
        what, _, where = str(error).partition(" - at `$.")
        place = f"{where.rstrip('`')}: " if where else ""
        return (
            f"Invalid arguments for {self._name}: {place}{what[:1].lower()}{what[1:]}"
            f"{self._hint(what, where.rstrip('`'))}. Nothing was done. It takes: {wanted}."
        )

    def _hint(self, what: str, where: str) -> str:
        """What would have been right, where that can be told: the nearest name, or the values."""
        if what.startswith("Invalid enum value"):
            values = allowed_values(self.spec.parameters, where)
            return f"; allowed: {', '.join(map(repr, values))}" if values else ""
        unknown = re.fullmatch(r"Object contains unknown field `(.*)`", what, re.DOTALL)
        if unknown is None or where:
            return ""
        from difflib import get_close_matches  # only a mistake pays for it

        known = [name for name in self._shown.values() if name not in self._hidden]
        near = get_close_matches(unknown[1], known, 1, 0.5)
        return f"; the nearest is `{near[0]}`" if near else ""

    def effects(self, arguments: Arguments) -> tuple[Effect, ...]:
        """See `Tool.effects`."""
        if self._effects is None:
            return (Effect("run", self._name),)
        return self._effects(arguments)

    def require_possible(self, arguments: Arguments) -> None:
        """See `Foresees.require_possible`."""
        if self._plan is not None:
            self._plan(**self._given(arguments))

    def _given(self, arguments: Arguments) -> dict[str, object]:
        return {name: arguments[shown] for name, shown in self._shown.items()}

    async def run(self, arguments: Arguments, emit: Emit) -> Output:
        """Call the function; words that it returns become an `Output`."""
        given = self._given(arguments)
        if self._takes_emit:
            given["emit"] = emit
        result: object = await self._function(**given)
        match result:
            case str():
                return Output.of(result)
            case Output():
                return result
            case _:
                kind = type(result).__name__
                raise TypeError(f"{self._name} returned {kind}, not str or Output")


@overload
def tool(function: ToolFunction, /) -> FunctionTool: ...
@overload
def tool(
    *,
    name: str = "",
    description: str = "",
    effects: Effects | None = None,
    names: Mapping[str, str] | None = None,
) -> Callable[[ToolFunction], FunctionTool]: ...
def tool(
    function: ToolFunction | None = None,
    /,
    *,
    name: str = "",
    description: str = "",
    effects: Effects | None = None,
    names: Mapping[str, str] | None = None,
) -> FunctionTool | Callable[[ToolFunction], FunctionTool]:
    """Declare a tool: `@tool`, or `@tool(effects=…)`; arguments as `FunctionTool`'s."""

    def declare(function: ToolFunction) -> FunctionTool:
        return FunctionTool(
            function, name=name, description=description, effects=effects, names=names
        )

    return declare if function is None else declare(function)


def read_only(arguments: Arguments) -> tuple[Effect, ...]:
    """Effects of a tool that only computes or looks something up."""
    return ()
