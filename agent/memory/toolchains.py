"""Which toolchains a directory is for, and how its tests are run: read from its files, run by
nobody."""

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final, cast

from msgspec import Struct

from ..plainfile import plain_bytes

MAX_BYTES: Final = 200_000
"""Files above are not looked into."""

_MARKS: Final = {
    "pyproject.toml": "Python", "setup.py": "Python", "setup.cfg": "Python",
    "requirements.txt": "Python", "uv.lock": "uv", "poetry.lock": "Poetry", "Pipfile": "Pipenv",
    "package.json": "Node", "pnpm-lock.yaml": "pnpm", "yarn.lock": "Yarn", "bun.lock": "Bun",
    "bun.lockb": "Bun", "tsconfig.json": "TypeScript", "deno.json": "Deno", "Cargo.toml": "Rust",
    "go.mod": "Go", "pom.xml": "Maven", "build.gradle": "Gradle", "build.gradle.kts": "Gradle",
    "Gemfile": "Ruby", "composer.json": "PHP", "mix.exs": "Elixir", "CMakeLists.txt": "CMake",
    "Makefile": "make", "justfile": "just", "Dockerfile": "Docker", "Package.swift": "Swift",
}  # fmt: skip
_TARGET: Final = re.compile(r"^(test|tests|check|lint|ci)\s*:(?!=)", re.MULTILINE)

Hides = Callable[[Path], bool]


class Toolchains(Struct, frozen=True):
    """What was found."""

    names: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    """Commands, the most likely first."""


def toolchains(cwd: Path, present: Collection[str], hides: Hides = lambda p: False) -> Toolchains:
    """Those of a directory with these entries."""
    names = dict.fromkeys(name for mark, name in _MARKS.items() if mark in present)

    def text(name: str) -> str:
        return _read(cwd / name) if name in present and not hides(cwd / name) else ""

    tests: list[str] = []
    for find in (_make, _node, _python):
        tests += find(text, present)
    tests += (command for mark, command in _USUAL.items() if mark in present)
    return Toolchains(tuple(names), tuple(dict.fromkeys(tests)))


_USUAL: Final = {
    "Cargo.toml": "cargo test",
    "go.mod": "go test ./...",
    "pom.xml": "mvn test",
    "build.gradle": "gradle test",
    "build.gradle.kts": "gradle test",
    "mix.exs": "mix test",
    "Package.swift": "swift test",
}

_Text = Callable[[str], str]


def _make(text: _Text, present: Collection[str]) -> list[str]:
    found: list[str] = []
    for file, runner in (("Makefile", "make"), ("justfile", "just")):
        found += (f"{runner} {target}" for target in _TARGET.findall(text(file)))
    return found


def _node(text: _Text, present: Collection[str]) -> list[str]:
    if "package.json" not in present:
        return []
    import json  # only projects that have one pay for it

    try:
        package: object = json.loads(text("package.json") or "{}")
    except (ValueError, RecursionError):
        return []
    scripts = _table(_table(package).get("scripts"))
    runner = next(
        (name for lock, name in _RUNNERS.items() if lock in present),
        "npm",
    )
    return [f"{runner} run {name}" for name in ("test", "lint", "check") if name in scripts]


_RUNNERS: Final = {
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}


def _python(text: _Text, present: Collection[str]) -> list[str]:
    configured = re.search(r"^\s*\[tool\.pytest\b", text("pyproject.toml"), re.MULTILINE)
    if configured or {"pytest.ini", "conftest.py"} & {*present}:
        return ["pytest"]
    if "tox.ini" in present:
        return ["tox"]
    python = {"pyproject.toml", "setup.py", "requirements.txt"} & {*present}
    return ["pytest"] if python and {"tests", "test"} & {*present} else []


def _table(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _read(path: Path) -> str:
    data = plain_bytes(path, MAX_BYTES + 1) or b""
    return data.decode("utf-8", "replace") if len(data) <= MAX_BYTES else ""
