"""`grep` with either engine: what it finds, in which order, and what the model is told."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kedge.agent.effects import Effect
from kedge.agent.errors import ToolError
from kedge.agent.messages import Text
from kedge.agent.ports import Output
from kedge.agent.tools.function import FunctionTool
from kedge.agent.tools.python_search import PythonSearch
from kedge.agent.tools.ripgrep import Ripgrep, find_ripgrep
from kedge.agent.tools.search import Search, search_tools
from kedge.agent.tools.searcher import Engine, Query
from kedge.agent.tools.workspace import Workspace
from kedge.sandbox.direct import DirectSandbox
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.paths import Roots

RG = find_ripgrep(os.environ, lambda program: False)
needs_ripgrep = pytest.mark.skipif(not RG, reason="ripgrep is not installed")
ENGINES = [pytest.param("ripgrep", marks=needs_ripgrep), "python"]


class Bench:
    """A workspace, and `grep` in it with one engine."""

    def __init__(self, root: Path, sandbox: DirectSandbox, engine: str) -> None:
        self.root = root
        self.sandbox = sandbox
        self.workspace = Workspace(RootedFiles(Roots.at(root)), root)
        self.tool = self.with_engine(Ripgrep(RG) if engine == "ripgrep" else PythonSearch())

    def with_engine(self, *engines: Engine, seconds: float = 20) -> FunctionTool:
        search = Search(
            self.workspace, self.sandbox, os.environ, engines=lambda: engines, seconds=seconds
        )
        return search.tools()[0]

    def write(self, files: dict[str, str | bytes]) -> None:
        for index, (name, content) in enumerate(files.items()):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
            # Later in the dict is newer.
            os.utime(path, ns=(0, index * 1_000_000_000))

    async def output(self, pattern: str, **arguments: object) -> Output:
        call = msgspec.json.encode({"pattern": pattern, **arguments}).decode()
        return await self.tool.run(self.tool.parse(call), lambda text: None)

    async def __call__(self, pattern: str, **arguments: object) -> str:
        return said(await self.output(pattern, **arguments))

    async def lines(self, pattern: str, **arguments: object) -> list[str]:
        found = (await self(pattern, **arguments)).split("\n")
        return [] if found[0].startswith("No matches") else found


def said(output: Output) -> str:
    (part,) = output.content
    assert isinstance(part, Text)
    return part.text


@pytest.fixture
async def sandbox() -> AsyncIterator[DirectSandbox]:
    sandbox = DirectSandbox()
    yield sandbox
    await sandbox.close()


@pytest.fixture(params=ENGINES)
async def grep(request: pytest.FixtureRequest, tmp_path: Path, sandbox: DirectSandbox) -> Bench:
    root = tmp_path / "work space"
    root.mkdir()
    return Bench(root.resolve(), sandbox, str(request.param))


INVALID = [
    "interface{}", "a{", "(foo", "foo)", "*a", "(?=x)", "(?<!x)y", r"(a)\1", "[[]", "[z-a]",
    "[a", r"[\d-z]", r"\Z", r"\q", r"[\b]", r"foo\nbar", "{3}", "(?i",
]  # fmt: skip


@pytest.mark.parametrize("pattern", INVALID)
async def test_an_invalid_pattern_is_an_error_that_says_what_is_wrong_with_it(
    grep: Bench, pattern: str
) -> None:
    grep.write({"a.txt": "foo\n"})
    with pytest.raises(ToolError) as refused:
        await grep(pattern)
    assert repr(pattern) in str(refused.value)
    assert "regex" in str(refused.value)
    assert "is not a valid regular expression" in str(refused.value)


async def test_a_pattern_across_lines_points_to_the_multiline_argument(grep: Bench) -> None:
    grep.write({"a.txt": "foo\nbar\n"})
    with pytest.raises(ToolError, match="Set multiline"):
        await grep(r"foo\nbar")


async def test_files_come_newest_first_and_by_path_where_times_are_equal(grep: Bench) -> None:
    grep.write({"old": "x", "b": "x", "a": "x", "new": "x"})
    os.utime(grep.root / "a", ns=(0, 7))
    os.utime(grep.root / "b", ns=(0, 7))
    assert await grep.lines("x") == ["new", "a", "b", "old"]


async def test_lines_come_by_path_in_the_order_of_a_directory_listing(grep: Bench) -> None:
    grep.write({"b/z": "x\nx\n", "b.c": "x\n", "b/a/q": "x\n", "a": "x\n"})
    found = await grep.lines("x", output_mode="content")
    assert found == ["a:1:x", "b/a/q:1:x", "b/z:1:x", "b/z:2:x", "b.c:1:x"]


async def test_context_is_told_from_matches_and_gaps_are_marked(grep: Bench) -> None:
    grep.write({"a": "1\n2 x\n3\n4\n5\n6 x\n7\n"})
    found = await grep.lines("x", output_mode="content", context=1)
    assert found == ["a-1-1", "a:2:2 x", "a-3-3", "--", "a-5-5", "a:6:6 x", "a-7-7"]


async def test_a_count_ends_with_the_sums(grep: Bench) -> None:
    grep.write({"b": "x\nx x\n", "a": "x\n"})
    assert await grep.lines("x", output_mode="count") == ["a:1", "b:2", "[3 matches in 2 files]"]


async def test_a_page_says_how_to_get_the_next_one(grep: Bench) -> None:
    grep.write({f"f{index}": "x\n" for index in range(5)})
    first = await grep.output("x", head_limit=2)
    assert said(first).split("\n") == [
        "f4",
        "f3",
        "[files, newest first: 1-2 of 5; go on with offset=2]",
    ]
    assert first.truncated
    last = await grep.output("x", head_limit=2, offset=4)
    assert said(last).split("\n") == ["f0", "[files, newest first: 5-5 of 5]"]
    assert not last.truncated


async def test_pages_of_lines_join_without_gap_or_overlap_however_many_there_are(
    grep: Bench,
) -> None:
    grep.write({f"d{index % 3}/f{index}": "x\n" * 2000 for index in range(7)})
    pages = [
        await grep.lines("x", output_mode="content", offset=offset, head_limit=200)
        for offset in range(0, 1000, 200)
    ]
    together = [line for page in pages for line in page if not line.startswith("[")]
    numbered = [f"d0/f0:{number}:x" for number in range(1, 1001)]
    assert together == numbered
    assert pages[0][-1] == "[lines 1-200; go on with offset=200]"


async def test_a_result_is_bounded_in_bytes_and_says_where_it_was_cut(grep: Bench) -> None:
    grep.write({"a": ("x" * 450 + "\n") * 200})
    output = await grep.output("x", output_mode="content")
    *rows, note = said(output).split("\n")
    assert len(said(output).encode()) < 31_000
    assert note == f"[lines 1-{len(rows)} of 200; go on with offset={len(rows)}]"
    assert output.truncated


async def test_a_long_line_is_cut_visibly(grep: Bench) -> None:
    grep.write({"a": "x" * 100_000 + "\n"})
    (line,) = await grep.lines("x", output_mode="content")
    assert line == "a:1:" + "x" * 500 + " … [long line cut]"


async def test_no_match_is_no_error_and_says_what_was_searched(grep: Bench) -> None:
    grep.write({"src/a.py": "x\n"})
    found = await grep("nothing", path="src", glob="*.py", type="py")
    assert found.startswith("No matches for 'nothing' in src, glob '*.py', type 'py'")


async def test_a_missing_place_is_not_found_and_similar_names_are_told(grep: Bench) -> None:
    grep.write({"source/main.py": "x\n"})
    with pytest.raises(ToolError, match=r"Similar: source/main\.py") as missing:
        await grep("x", path="source/mian.py")
    assert missing.value.kind == "not_found"
    with pytest.raises(ToolError, match="Similar: source"):
        await grep("x", path="sorce/main.py")


async def test_a_place_outside_is_refused_before_anything_is_read(grep: Bench) -> None:
    (grep.root / "way out").symlink_to(grep.root.parent)
    for path in ("..", "/", "way out"):
        with pytest.raises(ToolError) as refused:
            grep.tool.effects(grep.tool.parse(f'{{"pattern": "x", "path": "{path}"}}'))
        assert refused.value.kind == "outside_workspace"


async def test_links_are_not_followed(grep: Bench) -> None:
    (grep.root.parent / "secret").write_text("x\n")
    (grep.root / "link").symlink_to(grep.root.parent / "secret")
    (grep.root / "links").symlink_to(grep.root.parent)
    grep.write({"a": "x\n"})
    assert await grep.lines("x") == ["a"]


async def test_a_binary_file_that_is_named_is_refused(grep: Bench) -> None:
    grep.write({"a.bin": b"x\0x"})
    with pytest.raises(ToolError) as refused:
        await grep("x", path="a.bin")
    assert refused.value.kind == "binary"


async def test_it_reads_the_place_searched(grep: Bench) -> None:
    grep.write({"src/a": "x"})
    effects = grep.tool.effects(grep.tool.parse('{"pattern": "x", "path": "src"}'))
    assert effects == (Effect("read", str(grep.root / "src")),)
    everywhere = grep.tool.effects(grep.tool.parse('{"pattern": "x"}'))
    assert everywhere == (Effect("read", str(grep.root)),)


async def test_outside_of_a_repository_the_ignore_files_above_the_workspace_do_not_count(
    grep: Bench,
) -> None:
    (grep.root.parent / ".gitignore").write_text("*\n")
    grep.write({"a": "x", "b": "x", ".gitignore": "b\n"})
    assert await grep.lines("x") == ["a"]


async def test_in_a_repository_the_ignore_files_above_the_place_searched_count(
    grep: Bench,
) -> None:
    (grep.root.parent / ".gitignore").write_text("*\n")
    (grep.root / ".git/info").mkdir(parents=True)
    (grep.root / ".git/info/exclude").write_text("excluded\n")
    names = ("src/a", "src/ignored", "src/only", "src/excluded", "src/build/x")
    grep.write(dict.fromkeys(names, "x"))
    grep.write({".gitignore": "ignored\n/src/build\n", "src/.gitignore": "only\n"})
    assert await grep.lines("x", path="src") == ["src/a"]


async def test_an_unknown_type_is_an_error(grep: Bench) -> None:
    grep.write({"a": "x"})
    with pytest.raises(ToolError, match="Unknown type 'klingon'.*`glob`.*python"):
        await grep("x", type="klingon")


@pytest.mark.parametrize("flag", ["-A", "-B", "-C"])
async def test_the_flags_of_grep_for_context_are_understood(grep: Bench, flag: str) -> None:
    grep.write({"a": "1\n2\n3 x\n4\n5\n"})
    arguments = {"output_mode": "content", flag: 1, "-n": True}
    assert await grep.lines("x", **arguments) == ["a-2-2", "a:3:3 x", "a-4-4"]


async def test_the_model_is_not_told_of_the_flags_that_are_only_understood(grep: Bench) -> None:
    told = grep.tool.spec.parameters["properties"]
    assert isinstance(told, dict)
    assert "-i" in told
    assert not {"-A", "-B", "-C", "-n", "after", "line_numbers"} & set(told)


async def test_an_invalid_glob_is_an_error(grep: Bench) -> None:
    grep.write({"a": "x"})
    with pytest.raises(ToolError, match="not closed"):
        await grep("x", glob="*.{py")


async def test_a_search_that_takes_too_long_says_that_it_is_only_a_part(grep: Bench) -> None:
    grep.write({"a": "x\n"})
    grep.tool = grep.with_engine(Script("printf './a\\0'; sleep 60"), seconds=0.2)
    found = await grep.lines("x")
    assert found[0] == "a"
    assert found[1].startswith("[stopped after 0.2 s: this is only a part")


async def test_a_backtracking_pattern_is_stopped_too(grep: Bench) -> None:
    grep.write({"a": "a" * 60 + "!\n"})
    grep.tool = grep.with_engine(PythonSearch(), seconds=0.5)
    assert "stopped after 0.5 s" in await grep("(a|aa)+$")


async def test_a_cancelled_search_leaves_no_process(grep: Bench) -> None:
    pipe = grep.root / "pid"
    os.mkfifo(pipe)
    grep.tool = grep.with_engine(Script('echo $$ > "$0/pid"; exec sleep 60', str(grep.root)))
    running = asyncio.create_task(grep.output("x"))
    pid = int(await asyncio.to_thread(pipe.read_text))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_where_no_thread_can_be_started_it_searches_with_one(grep: Bench) -> None:
    grep.write({"a": "x\n"})
    grep.tool = grep.with_engine(OneThread())
    assert await grep.lines("x") == ["a"]
    assert await grep.lines("x", output_mode="content") == ["a:1:x"]


async def test_a_program_that_cannot_be_started_is_replaced_by_the_next(grep: Bench) -> None:
    grep.write({"a": "x\n"})
    grep.tool = grep.with_engine(Ripgrep("/nowhere/rg"), PythonSearch())
    assert await grep.lines("x") == ["a"]


async def test_a_program_that_breaks_down_is_an_error(grep: Bench) -> None:
    grep.write({"a": "x\n"})
    grep.tool = grep.with_engine(Script("echo out of order; exit 3"))
    with pytest.raises(ToolError, match="exit code 3.*out of order"):
        await grep("x")


def test_ripgrep_is_never_taken_from_the_workspace(tmp_path: Path) -> None:
    for folder in ("work", "bin"):
        (tmp_path / folder).mkdir()
        program = tmp_path / folder / "rg"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    workspace = tmp_path / "work"
    (tmp_path / "link").mkdir()
    (tmp_path / "link/rg").symlink_to(workspace / "rg")
    env = {"PATH": f".::{workspace}:{tmp_path}/link:{tmp_path}/bin"}

    def forbidden(program: str) -> bool:
        return Path(program).is_relative_to(workspace) or program.startswith(sys.prefix)

    assert find_ripgrep(env, forbidden) == str(tmp_path / "bin/rg")


async def test_the_tools_find_an_engine_by_themselves(
    tmp_path: Path, sandbox: DirectSandbox
) -> None:
    (tmp_path / "a.txt").write_text("x\n")
    roots = Roots.at(tmp_path)
    workspace = Workspace(RootedFiles(roots), roots.workspace)
    grep, glob = search_tools(workspace, sandbox, dict(os.environ))
    assert said(await grep.run(grep.parse('{"pattern": "x"}'), lambda text: None)) == "a.txt"
    assert said(await glob.run(glob.parse('{"pattern": "*"}'), lambda text: None)) == "a.txt"


class Script:
    """An engine that runs a shell script."""

    def __init__(self, text: str, *arguments: str) -> None:
        self._argv = ("/bin/sh", "-c", text, *arguments)

    def command(self, query: Query, *, ordered: bool) -> tuple[str, ...]:
        return self._argv


class OneThread:
    """An engine that cannot start threads, as ripgrep words it."""

    def command(self, query: Query, *, ordered: bool) -> tuple[str, ...]:
        if ordered:
            return PythonSearch().command(query, ordered=True)
        trouble = "rg: Resource temporarily unavailable (os error 11)"
        return ("/bin/sh", "-c", f"echo '{trouble}' >&2; exit 2")
