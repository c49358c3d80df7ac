"""`glob`: which files it finds, in which order, and what it says."""

import os
from pathlib import Path

import msgspec
import pytest

from kedge.agent.effects import Effect
from kedge.agent.errors import ToolError
from kedge.agent.messages import Text
from kedge.agent.ports import Output
from kedge.agent.tools.search import search_tools
from kedge.agent.tools.workspace import Workspace
from kedge.sandbox.direct import DirectSandbox
from kedge.sandbox.files import RootedFiles
from kedge.sandbox.paths import Roots


class Bench:
    """A workspace and `glob` in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        workspace = Workspace(RootedFiles(Roots.at(root)), root)
        _, self.tool = search_tools(workspace, DirectSandbox(), {})

    def write(self, *names: str) -> None:
        """Later is newer."""
        for index, name in enumerate(names):
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.utime(path, ns=(0, index * 1_000_000_000))

    def call(self, pattern: str, **arguments: object) -> str:
        return msgspec.json.encode({"pattern": pattern, **arguments}).decode()

    async def output(self, pattern: str, **arguments: object) -> Output:
        call = self.call(pattern, **arguments)
        return await self.tool.run(self.tool.parse(call), lambda text: None)

    async def __call__(self, pattern: str, **arguments: object) -> list[str]:
        (part,) = (await self.output(pattern, **arguments)).content
        assert isinstance(part, Text)
        return part.text.split("\n")


@pytest.fixture
def glob(tmp_path: Path) -> Bench:
    root = tmp_path / "work space"
    root.mkdir()
    return Bench(root.resolve())


async def test_files_come_newest_first_and_by_path_where_times_are_equal(glob: Bench) -> None:
    glob.write("old.py", "src/b.py", "src/a.py", "new.py", "new.ts")
    os.utime(glob.root / "src/a.py", ns=(0, 7))
    os.utime(glob.root / "src/b.py", ns=(0, 7))
    assert await glob("**/*.py") == ["new.py", "src/a.py", "src/b.py", "old.py"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.py", {"a.py", "src/b.py", "src/deep/c.py"}),
        ("src/*.py", {"src/b.py"}),
        ("./src/*.py", {"src/b.py"}),
        ("/*.py", {"a.py"}),
        ("src/**/*.{py,ts}", {"src/b.py", "src/deep/c.py", "src/d.ts"}),
        ("src/b.py", {"src/b.py"}),
        ("src", set[str]()),
        ("src/", {"src/b.py", "src/d.ts", "src/deep/c.py"}),
        ("src/deep/../*.ts", {"src/d.ts"}),
        (".github/**", {".github/ci.yml"}),
        ("**/*.yml", set[str]()),
        (".env", {".env"}),
    ],
)
async def test_patterns(glob: Bench, pattern: str, found: set[str]) -> None:
    glob.write("a.py", "src/b.py", "src/deep/c.py", "src/d.ts", ".github/ci.yml", ".env")
    listed = await glob(pattern)
    assert {line for line in listed if not line.startswith("No files")} == found


async def test_a_pattern_may_be_absolute_within_the_workspace(glob: Bench) -> None:
    glob.write("src/a.py", "b.py")
    assert await glob(f"{glob.root}/src/*.py") == ["src/a.py"]
    assert set(await glob(f"{glob.root}/**/*.py")) == {"src/a.py", "b.py"}


async def test_a_pattern_starts_at_the_path(glob: Bench) -> None:
    glob.write("src/lib/a.py", "lib/a.py")
    assert await glob("lib/*.py", path="src") == ["src/lib/a.py"]


async def test_a_pattern_that_leads_outside_is_refused(glob: Bench) -> None:
    (glob.root / "way out").symlink_to(glob.root.parent)
    for pattern in ("../*", "/etc/*", "way out/*", "src/../../*"):
        with pytest.raises(ToolError) as refused:
            glob.tool.effects(glob.tool.parse(glob.call(pattern)))
        assert refused.value.kind == "outside_workspace"
        with pytest.raises(ToolError):
            await glob(pattern)


async def test_ignored_files_are_left_out_also_where_the_pattern_names_their_directory(
    glob: Bench,
) -> None:
    (glob.root / ".git").mkdir()
    glob.write("node_modules/x/a.js", "src/a.js", "src/a.log", "src/node_modules/b.js")
    (glob.root / ".gitignore").write_text("node_modules/\n*.log\n")
    assert await glob("**/*.js") == ["src/a.js"]
    assert (await glob("node_modules/**/*.js"))[0].startswith("No files match")
    assert (await glob("src/*.log"))[0].startswith("No files match")
    assert await glob("*.js", path="node_modules") == ["node_modules/x/a.js"]


async def test_the_list_is_capped_and_says_so(glob: Bench) -> None:
    glob.write(*(f"d/{index:03}" for index in range(120)))
    output = await glob.output("d/*")
    listed = await glob("d/*")
    assert listed[:2] == ["d/119", "d/118"]
    assert listed[100:] == ["[the newest 100 of 120 files; narrow the pattern for others]"]
    assert output.truncated


async def test_no_match_is_no_error_and_says_what_was_searched(glob: Bench) -> None:
    glob.write("a.py")
    assert (await glob("nowhere/*.py"))[0].startswith("No files match 'nowhere/*.py' in .")


async def test_a_missing_path_is_not_found_and_similar_names_are_told(glob: Bench) -> None:
    glob.write("source/a.py")
    with pytest.raises(ToolError, match="Similar: source") as missing:
        await glob("*.py", path="sources")
    assert missing.value.kind == "not_found"


async def test_an_invalid_pattern_is_an_error(glob: Bench) -> None:
    with pytest.raises(ToolError, match="not closed"):
        await glob("*.{py")


async def test_it_reads_where_the_pattern_starts(glob: Bench) -> None:
    glob.write("src/a.py")
    for pattern, place in {"src/*": glob.root / "src", "*": glob.root}.items():
        effects = glob.tool.effects(glob.tool.parse(glob.call(pattern)))
        assert effects == (Effect("read", str(place)),)


async def test_names_that_are_not_unicode_are_shown_as_well_as_they_can_be(glob: Bench) -> None:
    (glob.root / os.fsdecode(b"a\xff.py")).touch()
    (shown,) = await glob("*.py")
    assert shown == "a\ufffd.py"
