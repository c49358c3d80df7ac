"""What gets installed: the whole of kedge, nothing beside it, and the same as what stands here."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import kedge
from kedge.config.version import VERSION

ROOT = Path(__file__).parents[1]
ROOMS = ("agent", "cli", "config", "sandbox")

_BUILD = "import setuptools.build_meta as b, sys; print(b.build_{}(sys.argv[1]))"
_NO_SOURCE = (".*", "__pycache__", "*.egg-info", "build", "dist", "venv")


class _Project(msgspec.Struct, rename="kebab"):
    version: str
    dependencies: list[str]
    optional_dependencies: dict[str, list[str]]
    scripts: dict[str, str]


class _Setuptools(msgspec.Struct):
    packages: list[str]


class _Tool(msgspec.Struct):
    setuptools: _Setuptools


class PyProject(msgspec.Struct):
    """What is read of pyproject.toml here."""

    project: _Project
    tool: _Tool


@pytest.fixture(scope="module")
def pyproject() -> PyProject:
    return msgspec.convert(tomllib.loads((ROOT / "pyproject.toml").read_text()), PyProject)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """The wheel of the sdist of a copy of this tree: what a stranger gets who builds kedge.

    A copy, so that nothing that an earlier build left behind gets in.
    """
    copy = tmp_path_factory.mktemp("build") / "kedge"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*_NO_SOURCE))
    with tarfile.open(_built("sdist", copy)) as sdist:
        sdist.extractall(copy.parent, filter="data")
    return zipfile.Path(_built("wheel", copy.parent / f"kedge-{VERSION}"))


@pytest.fixture(scope="module")
def contents(wheel: zipfile.Path) -> dict[str, bytes]:
    """What the wheel puts into site-packages, without its own description."""
    archive = wheel.root
    return {
        name: archive.read(name)
        for name in archive.namelist()
        if not (name.endswith("/") or ".dist-info/" in name)
    }


def _built(kind: str, source: Path) -> Path:
    command = [sys.executable, "-c", _BUILD.format(kind), str(source.parent)]
    run = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return source.parent / run.stdout.splitlines()[-1]


def _modules() -> Iterator[Path]:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            if not path.is_relative_to(ROOT / "cli/demo"):
                yield path.relative_to(ROOT)


def _data() -> Iterator[Path]:
    yield from (Path("agent/events.schema.json"), Path("cli/tui/app.tcss"))
    for folder in ("cli/demo", "config/defaults"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path.relative_to(ROOT)


def _imported() -> set[str]:
    """The top-level modules that are imported anywhere, in whatever way."""
    names: set[str] = set()
    for file in _modules():
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=aliases):
                    names |= {alias.name.partition(".")[0] for alias in aliases}
                case ast.ImportFrom(module=str(module), level=0):
                    names.add(module.partition(".")[0])
                case ast.Call(ast.Name("import_module"), [ast.Constant(str(module))]):
                    names.add(module.partition(".")[0])
                case _:
                    pass
    return names


_DISTRIBUTIONS = {"markdown_it": "markdown-it-py"}
"""Modules that are installed under another name."""


def test_the_packages_that_are_installed_are_those_on_disk(pyproject: PyProject) -> None:
    folders = {".".join(file.parent.parts) for file in _modules()}
    packages = ["kedge", *sorted(f"kedge.{folder}" for folder in folders)]
    assert pyproject.tool.setuptools.packages == packages


def test_the_wheel_holds_the_package_with_its_data_and_nothing_else(
    contents: dict[str, bytes],
) -> None:
    own = {"kedge/__init__.py", "kedge/__main__.py", "kedge/py.typed"}
    rooms = {f"kedge/{file.as_posix()}" for file in (*_modules(), *_data())}
    assert contents.keys() ^ (own | rooms) == set()


def test_the_wheel_carries_its_licence(wheel: zipfile.Path) -> None:
    info = wheel / f"kedge-{VERSION}.dist-info"
    assert "License-Expression: Apache-2.0\n" in (info / "METADATA").read_text()
    assert (info / "licenses" / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_what_is_tested_is_what_the_wheel_holds(contents: dict[str, bytes]) -> None:
    installed = Path(kedge.__file__).parent
    if installed == ROOT / "src/kedge":
        pytest.skip("kedge is installed in editable mode: this tree itself is tested")
    there = {
        path.relative_to(installed.parent).as_posix(): path.read_bytes()
        for path in installed.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    names = contents.keys() | there.keys()
    assert {name for name in names if contents.get(name) != there.get(name)} == set()


def test_the_version_is_the_same_everywhere(pyproject: PyProject) -> None:
    assert pyproject.project.version == VERSION == kedge.__version__


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(
    pyproject: PyProject,
) -> None:
    extras = dict(pyproject.project.optional_dependencies)
    del extras["all"], extras["search"]  # other extras; a program
    declared = {
        re.split(r"[\[<>=;]", requirement)[0]
        for requirements in (pyproject.project.dependencies, *extras.values())
        for requirement in requirements
    }
    # `_typeshed` is part of every type checker, and imported by nothing else.
    foreign = _imported() - sys.stdlib_module_names - {"_typeshed"}
    assert {_DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in foreign} == declared


def test_src_holds_the_package_s_own_files_and_the_links_to_the_rooms() -> None:
    place = ROOT / "src/kedge"
    if not any((place / room).is_symlink() for room in ROOMS):
        pytest.skip("this checkout has no symbolic links")
    assert {room: os.readlink(place / room) for room in ROOMS} == {
        room: f"../../{room}" for room in ROOMS
    }
    others = {path.name for path in place.iterdir()} - {*ROOMS, "__pycache__"}
    assert others == {"__init__.py", "__main__.py", "py.typed"}


@pytest.fixture
def namesakes(tmp_path: Path) -> Path:
    """A project whose own packages are called as our rooms are."""
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("raise ImportError('not this one')\n")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        [str(Path(sysconfig.get_path("scripts"), "kedge"))],
        [sys.executable, "-m", "kedge"],
    ],
    ids=["script", "module"],
)
@pytest.mark.parametrize(
    ("arguments", "said"), [(["--version"], f"kedge {VERSION}\n"), (["schema", "events"], "{")]
)
def test_it_runs_inside_a_project_with_packages_of_the_same_names(
    namesakes: Path, command: list[str], arguments: list[str], said: str
) -> None:
    run = subprocess.run([*command, *arguments], cwd=namesakes, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith(said)


def test_every_name_of_the_python_api_is_there() -> None:
    assert {name for name in kedge.__all__ if getattr(kedge, name, None) is None} == set()
