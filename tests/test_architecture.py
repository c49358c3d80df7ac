"""The walls of the house: who may import whom, how long things may be, what may be silenced.

What each room and module is for: docs/architecture.md. Everything here reads source and runs none.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
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
SUPPRESSIONS = 9
"""How often a checker is overruled or an error of any kind is caught. It may only fall."""

Table = Mapping[str, tuple[str, ...]]


def _ladder(modules: tuple[str, ...], *ground: str) -> Table:
    """Each module may import the ground and the modules named before it."""
    return {name: (*ground, *modules[:rung]) for rung, name in enumerate(modules)}


_HALL = (
    *("agent.errors", "agent.messages", "agent.deltas", "agent.effects", "agent.checkpoint_facts"),
    *("agent.lineage", "agent.person", "agent.spending", "agent.events"),
    *("agent.formats", "agent.codec"),
    *("agent.ports", "agent.counting", "agent.bookmarks", "agent.stages"),
    *("agent.recollection", "agent.plainfile"),
)
_CORE = (
    *("agent.schema", "agent.breaker", "agent.guarded", "agent.gate", "agent.judge"),
    *("agent.bus", "agent.keeping", "agent.view", "agent.transcript", "agent.context"),
    *("agent.aftermath", "agent.background", "agent.changes", "agent.reopening"),
    *("agent.metering", "agent.reply", "agent.budget", "agent.aside"),
    *("agent.passages", "agent.register", "agent.compaction"),
    *("agent.compactor", "agent.conduct", "agent.repetition", "agent.endings"),
    *("agent.foreseeing", "agent.hearing"),
    *(
        "agent.actions",
        "agent.fittings",
        "agent.outcome",
        "agent.caller",
        "agent.loop",
        "agent.session",
    ),
)
_STATUS = ("config.errors", "config.exit_codes")
_MODELS = ("config.models", "config.providers", "config.secrets")
_RULES = (
    *("config.rules", "config.rule_settings", "config.programs"),
    *("config.command_pattern", "config.host_pattern", "config.path_pattern"),
)
_SECRETS = ("config.secret_finder", "config.secret_flow")
_OWN = ("config.private", "config.replacing")
"""How files of kedge's own are kept."""

MAY_IMPORT: Table = {
    "config": ("config",),
    "sandbox": ("sandbox", *_STATUS, *_OWN, "config.sandbox"),
    **_ladder(_HALL, *_STATUS),
    **_ladder(_CORE, *_HALL, *_STATUS, "config.settings", "config.guards"),
    "agent.checks": ("agent.checks", *_HALL, *_STATUS, "sandbox"),
    "agent.commands": ("agent.commands", *_HALL, "config.sections"),
    "agent.memory": ("agent.memory", *_HALL),
    "agent.providers": ("agent.providers", *_HALL, *_STATUS, *_MODELS, "config.settings"),
    "agent.reviewers": (
        *("agent.reviewers", *_HALL, *_STATUS, "sandbox"),
        *("config.hooks", "config.hook_programs", "config.reviewer"),
    ),
    "agent.screens": ("agent.screens", *_HALL, *_SECRETS),
    "agent.stores": ("agent.stores", *_HALL, *_OWN),
    "agent.tools": ("agent.tools", *_HALL, *_OWN, "config.settings", "sandbox"),
    "agent.validators": (
        *("agent.validators", *_HALL, *_RULES, *_SECRETS),
        *("config.settings", "config.guards"),
    ),
    "cli": ("cli", *_HALL, "agent.session", "agent.schema", "config"),
    "cli.catalogue": ("cli", *_HALL, "agent.memory", "agent.stores", "config"),
    "cli.chapters": ("cli", *_HALL, "agent.stores"),
    "cli.keeping": ("agent", "cli", "config", "sandbox"),
    "cli.storage": ("cli", *_HALL, "config.private", "sandbox.scratch"),
    "cli.knowledge": ("agent", "cli", "config"),
    "cli.saved": ("cli", *_HALL, "agent.bus", "agent.session", "agent.stores", "config"),
    "cli.commands.compact": ("agent", "cli", "config"),
    "cli.commands.export": ("cli", *_HALL, "config", "sandbox.environment"),
    "cli.commands.memory": ("agent", "cli", "config", "sandbox"),
    "cli.commands.sessions": ("cli", *_HALL, "agent.bus", "config"),
    "cli.commands.sessions_list": ("cli", *_HALL, "agent.stores", "config"),
    "cli.commands.sessions_delete": ("cli", *_HALL, "agent.stores", "config"),
    "cli.commands.sessions_doctor": (
        *("cli", *_HALL, "agent.bus", "agent.session", "agent.stores", "config"),
    ),
    "cli.commands.rewind": ("agent", "cli", "config", "sandbox.errors"),
    "cli.commands.undo": ("cli", *_HALL, "config"),
    "cli.going_back": ("cli", *_HALL, "agent.bus", "config", "sandbox"),
    "cli.compose": ("agent", "cli", "config", "sandbox"),
    "cli.judges": ("agent", "cli", "config", "sandbox"),
    "cli.judging": ("agent", "cli", "config", "sandbox"),
    "cli.preserving": ("cli", *_HALL, "config", "sandbox"),
    "cli.reviewing": ("agent", "cli", "config", "sandbox"),
    "cli.trials": ("agent", "cli", "config", "sandbox"),
    "cli.main": ("cli", *_HALL, "config", "sandbox.launching"),
    "cli.models": ("agent", "cli", "config"),
    "cli.commands.audit": ("cli", *_HALL, "agent.reviewers.agreement", "config"),
    "cli.commands.breakers": ("cli", *_HALL, "agent.breaker", "agent.bus", "config"),
    "cli.commands.hooks": ("cli", *_HALL, "agent.reviewers", "config", "sandbox"),
    "cli.commands.rules": ("agent", "cli", "config", "sandbox"),
    "cli.commands.trash": ("cli", "config", "sandbox"),
    "cli.commands.sandbox": ("cli", "config", "sandbox"),
    "cli.confine": ("cli", "config", "sandbox"),
    "cli.sandbox_run": ("cli", "config", "sandbox"),
    "cli.embed": ("agent", "cli", "config", "sandbox"),
    "cli.tui": ("agent", "cli", "config", "sandbox"),
    "cli.tui.added": _HALL,
    "cli.tui.view": (
        *("cli.counts", "cli.money", "cli.refused", "cli.terminal", "cli.titles", "cli.tui.added"),
        "cli.tui.view",
        *(*_HALL, *_STATUS),
    ),
    "cli.walls": ("cli", "config", "sandbox"),
    "cli.toolbox": ("agent", "cli", "config", "sandbox"),
    "cli.commands.tool_exec": ("agent", "cli", "config", "sandbox"),
    "cli.images": (*_HALL, "agent.tools.textfile", "config"),
    "cli.output_file": ("cli", *_HALL, "config", "sandbox"),
    "kedge": ("agent.session", "agent.tools.function", "cli.embed", "config.version"),
    "kedge.__main__": ("cli.main",),
}
"""By module or folder (the longest name that fits counts): what it may import of ours, at any depth
and for any reason. What has no line may import nothing."""

TERMINAL: Table = {
    "view": (),
    "vim": (),
    "desk": (),
    "status": ("desk",),
    "pages": ("desk",),
    "terminal": ("desk",),
    "transcript": ("terminal", "view"),
    "asking": ("desk", "view"),
    "screens": ("asking", "desk", "pages", "view"),
    "composer": ("screens", "terminal", "vim"),
    "slash": ("composer", "desk", "pages", "screens", "view"),
    "plain": ("asking", "composer", "desk", "pages", "slash", "terminal"),
}
"""By folder of `cli.tui`: the others there that it may import, all of which stand before it. What
stands beside the folders is for all of them."""


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
    paths = [path for path in paths if not path.is_relative_to(root / "cli/demo")]
    paths += (root / "src/kedge").glob("*.py")
    files = {path.relative_to(root): path for path in sorted(paths)}
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
    return name == place or name.startswith(f"{place}.")


def detours(modules: list[Module], place: str, table: Table) -> list[str]:
    """The imports from one folder of a place into another that the table does not allow."""
    found: list[str] = []
    for module in modules:
        folder = _folder(module.name, place)
        for line, target, _ in module.imports:
            other = _folder(target, place)
            if folder in table and other in table and other not in (folder, *table[folder]):
                found.append(f"{module.file}:{line} may not import {target}")
    return found


def _folder(name: str, place: str) -> str:
    return name[len(place) + 1 :].partition(".")[0] if _within(name, place) else ""


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
    r"#\s*(type: ignore|noqa|pyright: ignore)"
    r"(?P<rule>\[[\w, -]+\]|: \w+(, \w+)*)?(?P<reason>\s+#\s*\w.+)?"
    r"|(except(\b[^:#]*\b(Base)?Exception\b[^:]*|\s*)|suppress\((Base)?Exception\)):(?P<why>\s+#\s*\w.+)?$"
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
    """Modules, and the public classes and functions in them, that have no docstring."""
    found: list[str] = []
    for module in modules:
        if not ast.get_docstring(module.tree):
            found.append(f"{module.file} has no docstring")
        for node in module.tree.body:
            match node:
                case ast.FunctionDef(decorator_list=[ast.Name(id="overload")]):
                    pass
                case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                    if not (node.name.startswith("_") or ast.get_docstring(node)):
                        found.append(f"{module.file}:{node.lineno} {node.name} has no docstring")
                case _:
                    pass
    return found


Tree = Callable[[dict[str, str]], list[Module]]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Writes files and reads them as a house."""

    def write(files: dict[str, str]) -> list[Module]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return read_house(tmp_path)

    return write


@pytest.fixture(scope="module")
def house() -> list[Module]:
    return read_house(ROOT)


def test_modules_import_only_what_their_line_in_the_table_allows(house: list[Module]) -> None:
    assert not (found := trespasses(house, MAY_IMPORT)), "\n".join(found)


def test_every_line_of_the_table_names_what_exists(house: list[Module]) -> None:
    places = {*MAY_IMPORT, *(place for allowed in MAY_IMPORT.values() for place in allowed)}
    assert places <= {module.name for module in house}


def test_folders_of_the_terminal_import_only_what_their_table_allows(house: list[Module]) -> None:
    assert not (found := detours(house, "cli.tui", TERMINAL)), "\n".join(found)


def test_the_table_of_the_terminal_has_all_its_folders_and_no_circle() -> None:
    folders = list(TERMINAL)
    assert set(folders) == {path.parent.name for path in (ROOT / "cli/tui").glob("*/__init__.py")}
    for place, allowed in enumerate(TERMINAL.values()):
        assert set(allowed) <= set(folders[:place])


def test_no_modules_import_each_other_in_a_circle(house: list[Module]) -> None:
    assert not (found := a_cycle(house)), "\n".join(found)


def test_files_classes_and_functions_are_short(house: list[Module]) -> None:
    assert not (found := oversized(house)), "\n".join(found)


def test_checkers_are_overruled_no_more_often_than_now(house: list[Module]) -> None:
    assert len(found := suppressions(house)) <= SUPPRESSIONS, "\n".join(found)


def test_every_suppression_says_why(house: list[Module]) -> None:
    assert not (found := unexplained(house)), "\n".join(found)


def test_modules_and_what_they_offer_have_docstrings(house: list[Module]) -> None:
    assert not (found := undocumented(house)), "\n".join(found)


@pytest.mark.parametrize(
    ("file", "text", "target"),
    [
        ("config/settings.py", "from ..agent import loop", "agent.loop"),
        ("sandbox/direct.py", "def f():\n    from ..agent.ports import Tool", "agent.ports"),
        ("agent/loop.py", "from .tools.shell import Shell", "agent.tools.shell"),
        ("agent/messages.py", "from .ports import Tool", "agent.ports"),
        ("agent/gate.py", "from . import loop", "agent.loop"),
        ("agent/tools/shell.py", "from ..loop import Agent", "agent.loop"),
        (
            "agent/stores/jsonl.py",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..tools import shell",
            "agent.tools.shell",
        ),
        ("agent/brand_new.py", "from .messages import Text", "agent.messages"),
        ("agent/brand_new/part.py", "from ..messages import Text", "agent.messages"),
        ("cli/render.py", "from ..agent.tools.shell import Shell", "agent.tools.shell"),
        ("src/kedge/__init__.py", "from .cli import render", "cli.render"),
    ],
)
def test_an_import_across_the_house_is_found(tree: Tree, file: str, text: str, target: str) -> None:
    empty = dict.fromkeys(
        ("agent/loop.py", "agent/ports.py", "agent/tools/shell.py", "cli/render.py"), ""
    )
    line = text.count("\n") + 1
    found = trespasses(tree(empty | {file: text}), MAY_IMPORT)
    assert found == [f"{file}:{line} may not import {target}"]


@pytest.mark.parametrize("text", ["import kedge.config.errors", "from config import errors"])
def test_an_import_by_the_absolute_name_is_found(tree: Tree, text: str) -> None:
    found = trespasses(tree({"config/errors.py": "", "config/layers.py": text}), MAY_IMPORT)
    assert found == ["config/layers.py:1 imports config.errors by its absolute name"]


def test_an_import_from_folder_to_folder_of_the_terminal_is_found(tree: Tree) -> None:
    text = "from ..pages.page import Page\nfrom ..keys import ACTIONS\nfrom ..desk import state"
    empty = dict.fromkeys(("cli/tui/pages/page.py", "cli/tui/keys.py", "cli/tui/desk/state.py"), "")
    found = detours(tree(empty | {"cli/tui/status/line.py": text}), "cli.tui", TERMINAL)
    assert found == ["cli/tui/status/line.py:1 may not import cli.tui.pages.page"]


def test_what_the_table_allows_is_no_trespass(tree: Tree) -> None:
    house = tree(
        {
            "agent/messages.py": "import json",
            "agent/ports.py": "from . import messages\nfrom .messages import Text",
            "agent/tools/shell.py": "from ...sandbox import ports\nfrom ..ports import Tool",
            "sandbox/ports.py": "from ..config.errors import KedgeError",
        }
    )
    assert trespasses(house, MAY_IMPORT) == []


def test_a_circle_of_imports_inside_functions_is_found(tree: Tree) -> None:
    house = tree(
        {
            "config/a.py": "from .b import x",
            "config/b.py": "def f():\n    from . import c",
            "config/c.py": "if TYPE_CHECKING:\n    from .a import x",
        }
    )
    assert sorted(set(a_cycle(house))) == ["config.a", "config.b", "config.c"]


def test_what_is_too_long_is_found(tree: Tree) -> None:
    house = tree(
        {
            "agent/loop.py": "\n" * (LOOP_LINES + 1),
            "agent/bus.py": "\n" * (FILE_LINES + 1),
            "agent/gate.py": "class Gate:\n    async def review(self):\n" + "        f()\n" * 300,
            "agent/ports.py": "\n" * FILE_LINES,
        }
    )
    assert oversized(house) == [
        "agent/bus.py has 401 lines, 400 are allowed",
        "agent/gate.py:1 Gate has 302 lines",
        "agent/gate.py:2 review has 301 lines",
        "agent/loop.py has 301 lines, 300 are allowed",
    ]


_GUARDED = "try:\n    pass\n{}\n    pass"


@pytest.mark.parametrize(
    "code",
    [
        "x = 1  # type: ignore",
        "x = 1  # type: ignore[arg-type]",
        "x = 1  # type: ignore  # a reason, but for every rule",
        "x = 1  # noqa: E501, F401",
        "x = 1  # pyright: ignore[reportAny]",
        _GUARDED.format("except Exception as error:"),
        _GUARDED.format("except BaseException:"),
        _GUARDED.format("except:"),
        _GUARDED.format("except (OSError, Exception) as error:"),
        "with suppress(Exception):\n    pass",
    ],
)
def test_a_suppression_without_a_rule_or_a_reason_is_found(tree: Tree, code: str) -> None:
    house = tree({"agent/bus.py": code})
    assert len(suppressions(house)) == 1
    assert unexplained(house) == suppressions(house)


@pytest.mark.parametrize(
    "code",
    [
        "x = 1  # type: ignore[arg-type]  # the stubs are wrong: link",
        "x = 1  # noqa: E501, F401  # the reason",
        "x = 1  # pyright: ignore[reportAny]  # the reason",
        _GUARDED.format("except Exception as error:  # border: the reason"),
    ],
)
def test_a_suppression_with_a_reason_counts_but_is_explained(tree: Tree, code: str) -> None:
    house = tree({"agent/bus.py": code})
    assert len(suppressions(house)) == 1
    assert unexplained(house) == []


def test_an_exception_of_a_kind_is_no_suppression(tree: Tree) -> None:
    code = _GUARDED.format("except (OSError, ExceptionGroup) as error:")
    assert suppressions(tree({"agent/bus.py": code})) == []


def test_what_has_no_docstring_is_found(tree: Tree) -> None:
    house = tree(
        {
            "agent/bus.py": "class Bus:\n    pass\n\ndef now():\n    pass\n\ndef _own():\n    pass",
            "agent/loop.py": '"""The loop."""\n\nclass Agent:\n    """Turns."""',
        }
    )
    assert undocumented(house) == [
        "agent/bus.py has no docstring",
        "agent/bus.py:1 Bus has no docstring",
        "agent/bus.py:4 now has no docstring",
    ]
