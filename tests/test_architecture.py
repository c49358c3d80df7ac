"""The walls of the house: who may import whom, how long things may be, what may be silenced.

What each room and module is for: docs/architecture.md. Everything here reads source and runs none.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("agent", "cli", "config", "sandbox")

FILE_LINES = 400
CLASS_LINES = 300
FUNCTION_LINES = 60
LOOP_LINES = 300
SUPPRESSIONS = 8
"""How often a checker is overruled or an error of any kind is caught. It may only fall."""

Table = Mapping[str, tuple[str, ...]]


def _ladder(modules: tuple[str, ...], *ground: str) -> dict[str, tuple[str, ...]]:
    """Each module may import the ground and the modules named before it."""
    return {name: (*ground, *modules[:rung]) for rung, name in enumerate(modules)}


_HALL = (
    "agent.errors",
    "agent.messages",
    "agent.deltas",
    "agent.events",
    "agent.codec",
    "agent.ports",
)
_CORE = (
    "agent.schema",
    "agent.gate",
    "agent.bus",
    "agent.transcript",
    "agent.context",
    "agent.actions",
    "agent.outcome",
    "agent.loop",
    "agent.session",
)
_STATUS = ("config.errors", "config.exit_codes")

MAY_IMPORT: Table = {
    "config": ("config",),
    "sandbox": ("sandbox", *_STATUS),
    **_ladder(_HALL, *_STATUS),
    **_ladder(_CORE, *_HALL, *_STATUS, "config.settings"),
    "agent.checks": ("agent.checks", *_HALL, *_STATUS, "sandbox"),
    "agent.memory": ("agent.memory",),
    "agent.providers": (
        "agent.providers",
        *_HALL,
        "config.errors",
        "config.models",
        "config.providers",
        "config.secrets",
        "config.settings",
    ),
    "agent.stores": ("agent.stores", *_HALL),
    "agent.tools": ("agent.tools", *_HALL, "config.settings", "sandbox"),
    "agent.validators": ("agent.validators", *_HALL, "config.settings"),
    "cli": ("cli", *_HALL, "agent.session", "agent.schema", "config"),
    "cli.compose": ("agent", "cli", "config", "sandbox"),
    "cli.embed": ("agent", "cli", "config", "sandbox"),
    "cli.toolbox": ("agent", "cli", "config", "sandbox"),
    "kedge": ("agent.session", "agent.tools.function", "cli.embed", "config.version"),
    "kedge.__main__": ("cli.main",),
}
"""By module or folder (the longest name that fits counts): what it may import of ours, at any depth
and for any reason. What has no line may import nothing."""


class Import(NamedTuple):
    """One module's mention of another."""

    line: int
    target: str
    relative: bool


class Module(NamedTuple):
    """A file of ours. Names leave out `kedge.`, but for what stands in `src/kedge` itself."""

    name: str
    file: str
    """Relative to the root, with slashes."""
    text: str
    tree: ast.Module
    imports: tuple[Import, ...]


def read_house(root: Path) -> list[Module]:
    """All modules of the rooms and of `src/kedge`."""
    paths = [path for room in ROOMS for path in (root / room).rglob("*.py")]
    paths += (root / "src/kedge").glob("*.py")
    files = {path.relative_to(root): path for path in sorted(paths) if "demo" not in path.parts}
    names = frozenset(map(_name, files))
    modules: list[Module] = []
    for file, path in files.items():
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text)
        package = _name(file) if file.name == "__init__.py" else _name(file).rpartition(".")[0]
        imports = tuple(_imports(tree, package, names))
        modules.append(Module(_name(file), file.as_posix(), text, tree, imports))
    return modules


def _name(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(part for part in parts if part not in ("src", "__init__"))


def _imports(tree: ast.Module, package: str, names: frozenset[str]) -> Iterator[Import]:
    for node in ast.walk(tree):
        match node:
            case ast.Import():
                for alias in node.names:
                    yield from _ours(node.lineno, alias.name, relative=False)
            case ast.ImportFrom(level=level):
                above = package.split(".")[: len(package.split(".")) - level + 1] if level else []
                origin = ".".join([*above, *([node.module] if node.module else [])])
                for alias in node.names:
                    whole = f"{origin}.{alias.name}" if origin else alias.name
                    target = whole if whole.removeprefix("kedge.") in names else origin
                    yield from _ours(node.lineno, target, relative=level > 0)
            case _:
                pass


def _ours(line: int, target: str, *, relative: bool) -> Iterator[Import]:
    bare = target.removeprefix("kedge.")
    if bare.partition(".")[0] in (*ROOMS, "kedge"):
        yield Import(line, bare, relative)


def trespasses(modules: list[Module], table: Table) -> list[str]:
    """The imports that the table does not allow, and those that are not relative."""
    found: list[str] = []
    for module in modules:
        rows = [row for row in table if _within(module.name, row)]
        allowed = table[max(rows, key=len)] if rows else ()
        for line, target, relative in module.imports:
            if not relative:
                found.append(f"{module.file}:{line} imports {target} by its absolute name")
            if not any(_within(target, name) for name in allowed):
                found.append(f"{module.file}:{line} may not import {target}")
    return found


def _within(name: str, place: str) -> bool:
    return name == place or (place != "kedge" and name.startswith(f"{place}."))


def a_cycle(modules: list[Module]) -> list[str]:
    """Modules each of which imports the one before, the first again at the end; or nothing."""
    graph = {module.name: {found.target for found in module.imports} for module in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def oversized(modules: list[Module]) -> list[str]:
    """Files, classes and functions longer than the walls allow."""
    found: list[str] = []
    for module in modules:
        lines = module.text.count("\n")
        wall = LOOP_LINES if module.name == "agent.loop" else FILE_LINES
        if lines > wall:
            found.append(f"{module.file} has {lines} lines, {wall} are allowed")
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                wall = CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES
                if lines > wall:
                    found.append(f"{module.file}:{node.lineno} {node.name} has {lines} lines")
    return found


_SUPPRESSION = re.compile(
    r"#\s*(type: ignore|noqa|pyright: ignore)(?P<rule>(\[|: )[\w, -]+\]?)?(?P<reason>\s+#\s*\w.+)?"
    r"|except(\s+(Base)?Exception\b.*?|\s*):(?P<why>\s+#\s*\w.+)?$"
)


def suppressions(modules: list[Module]) -> list[str]:
    """Where a checker is overruled or an error of any kind is caught."""
    return [place for place, _ in _suppressions(modules)]


def unexplained(modules: list[Module]) -> list[str]:
    """Suppressions whose line does not say which rule is broken, and why."""
    return [place for place, explained in _suppressions(modules) if not explained]


def _suppressions(modules: list[Module]) -> Iterator[tuple[str, bool]]:
    for module in modules:
        for number, line in enumerate(module.text.splitlines(), 1):
            for match in _SUPPRESSION.finditer(line):
                explained = bool(match["why"] or (match["rule"] and match["reason"]))
                yield f"{module.file}:{number} {line.strip()}", explained


def undocumented(modules: list[Module]) -> list[str]:
    """Modules, public classes and functions, and public methods of public classes that have no
    docstring. A method that restates one of its protocol or base class needs none."""
    found: list[str] = []
    for module in modules:
        if not ast.get_docstring(module.tree):
            found.append(f"{module.file} has no docstring")
        found += (f"{module.file}:{line} {name}" for line, name in _silent(module.tree.body, ""))
    return found


def _silent(body: list[ast.stmt], owner: str) -> Iterator[tuple[int, str]]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield node.lineno, f"{owner}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from _silent(node.body, f"{node.name}.")


@pytest.fixture(scope="module")
def house() -> list[Module]:
    return read_house(ROOT)
