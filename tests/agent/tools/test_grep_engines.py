"""ripgrep and the Python program answer alike."""

import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kedge.agent.messages import Text
from kedge.agent.ports import Output
from kedge.agent.tools.file_types import RIPGREP_TYPES
from kedge.agent.tools.python_search import PythonSearch
from kedge.agent.tools.ripgrep import Ripgrep, find_ripgrep
from kedge.agent.tools.search import Search
from kedge.agent.tools.searcher import Engine
from kedge.agent.tools.workspace import Workspace
from kedge.sandbox.direct import DirectSandbox
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.paths import Roots

RG = find_ripgrep(os.environ, lambda program: False)
pytestmark = pytest.mark.skipif(not RG, reason="ripgrep is not installed")

TREE: dict[str, str | bytes] = {
    "README.md": "# Title\nuse foo here\n",
    "src/main.py": "import foo\n\ndef bar():\n    return foo(1)\n\n\n\ndef last():\n    foo\n",
    "src/deep/er/util.ts": "export const foo = {};\ninterface{}\n",
    "src/deep.er": "foo\n",
    "tests/test_main.py": "from main import bar  # Foo\n",
    "app/[id]/page.tsx": "foo page\n",
    ".github/ci.yml": "run: foo\n",
    ".git/config": "foo\n",
    "sub/.hg/store": "foo\n",
    ".gitignore": "*.log\n/build/\n",
    "build/out.py": "foo\n",
    "deep/build/kept.py": "foo kept\n",
    "noise.log": "foo\n",
    ".ignore": "!wanted.log\n",
    "wanted.log": "foo wanted\n",
    "image.png": b"\x89PNG\0foo\n",
    "late.bin": b"foo\n" + b"x\n" * 60_000 + b"\0",
    "crlf.txt": "foo\r\nend foo\r\n",
    "bom.txt": "\ufefffoo first\n",
    "sixteen.txt": "foo sixteen\nother\n".encode("utf-16"),
    "invalid.txt": b"foo \xff\xfe bar\n",
    "no newline": "foo at the end",
    "unicode.txt": "größe FOO\nÄ foo\n",
    "odd\nname.txt": "foo odd\n",
    "-dash.txt": "foo dash\n",
    "empty.txt": "",
    "blank.txt": "\n\nfoo\n\n",
    "spans.txt": "foo a\nb\nfoo\nb\nx\nfoo foo\nb\nfoo b\n",
    "long.txt": "foo" + "x" * 5000 + "\nshort\n",
}

CASES: list[dict[str, object]] = [
    {"pattern": "foo"},
    {"pattern": "foo", "output_mode": "content"},
    {"pattern": "foo", "output_mode": "count"},
    {"pattern": "foo", "output_mode": "content", "context": 1},
    {"pattern": "foo", "output_mode": "content", "context": 30},
    {"pattern": "FOO", "-i": True, "output_mode": "content"},
    {"pattern": "ÄÖ|größe|ä", "-i": True, "output_mode": "content"},
    {"pattern": "foo$", "output_mode": "content"},
    {"pattern": "^foo", "output_mode": "content"},
    {"pattern": "^$", "output_mode": "count"},
    {"pattern": "", "output_mode": "count"},
    {"pattern": "foo", "path": "src"},
    {"pattern": "foo", "path": "src/main.py", "output_mode": "content"},
    {"pattern": "foo", "path": "noise.log"},
    {"pattern": "foo", "path": "build"},
    {"pattern": "foo", "path": ".git"},
    {"pattern": "foo", "glob": "*.py"},
    {"pattern": "foo", "glob": "*.{py,ts}"},
    {"pattern": "foo", "glob": "!*.py"},
    {"pattern": "foo", "glob": "src/**"},
    {"pattern": "foo", "glob": "src/**/*.ts"},
    {"pattern": "foo", "glob": "/src/*.py"},
    {"pattern": "foo", "glob": "deep/**", "path": "src"},
    {"pattern": "foo", "glob": "**/er/*"},
    {"pattern": "foo", "glob": "*.log"},
    {"pattern": "foo", "glob": "app/[id]/*.tsx"},
    {"pattern": "foo", "glob": "main.[!x]y"},
    {"pattern": "foo", "glob": "{src,tests}/*.py"},
    {"pattern": "foo", "glob": "src/"},
    {"pattern": "foo", "type": "py"},
    {"pattern": "foo", "type": "typescript", "glob": "src/**"},
    {"pattern": "foo", "type": "tsx"},
    {"pattern": "foo.*?b", "multiline": True, "output_mode": "content", "path": "spans.txt"},
    {"pattern": "foo.*?b", "multiline": True, "output_mode": "count", "path": "spans.txt"},
    {"pattern": "foo\\nb", "multiline": True, "output_mode": "content", "context": 1},
    {"pattern": "foo\\s", "multiline": True, "output_mode": "count", "path": "spans.txt"},
    {"pattern": "(?i)FOO", "output_mode": "count"},
    {"pattern": "\\Afoo", "output_mode": "count"},
    {"pattern": "\\bfoo\\b|\\<bar\\>", "output_mode": "count"},
    {"pattern": "[[:alpha:]]{3} [a-z&]", "output_mode": "count"},
    {"pattern": "(?<word>\\w+)\\(\\d+\\)", "output_mode": "content"},
    {"pattern": "\\x66o\\u{6f}", "output_mode": "count"},
    {"pattern": "interface\\{\\}", "output_mode": "content"},
    {"pattern": "fo++|(?:b|a)**z", "output_mode": "count"},
    {"pattern": "[^a-z]foo", "output_mode": "content"},
    {"pattern": "[]a]b|}|]", "output_mode": "count"},
    {"pattern": "nowhere to be found"},
    {"pattern": "foo", "head_limit": 3},
    {"pattern": "foo", "head_limit": 3, "offset": 2, "output_mode": "count"},
    {"pattern": "foo", "head_limit": 3, "offset": 2, "output_mode": "content"},
    {"pattern": "foo", "head_limit": 0, "output_mode": "content", "context": 3},
    {"pattern": "foo", "offset": 1000},
]


def write(root: Path) -> None:
    """The tree; later in the dict is newer."""
    for index, (name, content) in enumerate(TREE.items()):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, ns=(0, index * 1_000_000_000))


async def answer(search: Search, case: dict[str, object]) -> Output:
    grep, _ = search.tools()
    arguments = grep.parse(msgspec.json.encode(case).decode())
    return await grep.run(arguments, lambda text: None)


def said(output: Output) -> str:
    """The text, without ripgrep's remarks on binary files, which the Python program lacks."""
    (part,) = output.content
    assert isinstance(part, Text)
    lines = part.text.split("\n")
    return "\n".join(line for line in lines if "stopped searching binary file" not in line)


@pytest.fixture
async def sandbox() -> AsyncIterator[DirectSandbox]:
    sandbox = DirectSandbox()
    yield sandbox
    await sandbox.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: msgspec.json.encode(case).decode())
async def test_both_engines_give_the_same_result(
    case: dict[str, object], tmp_path: Path, sandbox: DirectSandbox
) -> None:
    write(tmp_path)
    roots = Roots.at(tmp_path)
    workspace = Workspace(RootedFiles(roots), roots.workspace)
    engines: tuple[Engine, ...] = (Ripgrep(RG), PythonSearch())
    outputs = [
        await answer(Search(workspace, sandbox, os.environ, engines=lambda e=engine: (e,)), case)
        for engine in engines
    ]
    assert said(outputs[1]) == said(outputs[0])
    assert outputs[1].truncated == outputs[0].truncated


def test_the_file_types_are_those_of_ripgrep() -> None:
    listed = subprocess.run([RG, "--type-list"], capture_output=True, text=True, check=True).stdout
    known = dict(line.split(": ", 1) for line in listed.splitlines())
    differing = {
        name: globs
        for name, globs in RIPGREP_TYPES.items()
        if not set(known.get(name, "").split(", ")) >= set(globs.split())
    }
    assert differing == {}
