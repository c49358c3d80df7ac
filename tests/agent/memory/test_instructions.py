"""Instruction files: which are read, in which order, how much of them, and what is never read."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kedge.agent.memory.instructions import (
    MAX_BYTES,
    Instructions,
    Piece,
    Scope,
    fitted,
    imports,
)


@pytest.fixture
def write(tmp_path):
    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    (tmp_path / "home").mkdir()
    (tmp_path / "project/src/deep").mkdir(parents=True)
    return write


@pytest.fixture
def found(tmp_path):
    def found(trusted: bool = True, cwd: str = "project/src", hides=lambda path: False):
        root = tmp_path / "project"
        scope = Scope(tmp_path / "home", root, tmp_path / cwd, trusted)
        return Instructions(scope, hides)

    return found


def texts(instructions: Instructions) -> list[str]:
    return [piece.text for piece in instructions.merged().pieces]


def test_the_person_s_come_first_then_from_the_root_down(write, found):
    write({"project/src/AGENTS.md": "c", "project/AGENTS.md": "b", "home/AGENTS.md": "a"})
    assert texts(found()) == ["a", "b", "c"]


def test_the_person_s_own_may_be_a_link_and_bring_in_what_is_elsewhere(write, found, tmp_path):
    style = tmp_path / "dotfiles/style.md"
    write({"dotfiles/agents.md": f"mine\n@{style}", "dotfiles/style.md": "my style"})
    (tmp_path / "home/AGENTS.md").symlink_to(tmp_path / "dotfiles/agents.md")
    assert texts(found()) == [f"mine\n@{style}", "my style"]


def test_in_a_directory_only_the_strongest_name_counts(write, found):
    for name in ("GEMINI.md", "CLAUDE.md", "AGENTS.md", "AGENTS.override.md"):
        write({f"project/{name}": name})
        assert texts(found()) == [name]


def test_an_untrusted_folder_is_not_read_and_that_is_said(write, found):
    write({"project/AGENTS.md": "b", "home/AGENTS.md": "a", "project/.kedge/notes.md": "n"})
    merged = found(trusted=False).merged()
    assert [piece.text for piece in merged.pieces] == ["a"]
    assert "AGENTS.md, .kedge/notes.md: not read" in merged.notices[0]
    assert "kedge trust" in merged.notices[0]
    assert found(trusted=False).nearby([str(Path(merged.pieces[0].path).parent)]) == ""


def test_deeper_directories_are_read_once_when_something_there_is_touched(write, found, tmp_path):
    write({"project/src/deep/AGENTS.md": "low words", "project/AGENTS.md": "high words"})
    instructions = found()
    assert "low words" not in instructions.merged().text
    touched = [str(tmp_path / "project/src/deep/x.py")]
    first = instructions.nearby(touched)
    assert "low words" in first and "high words" not in first
    assert instructions.nearby(touched) == ""
    assert texts(instructions) == ["high words", "low words"], "a compaction gives it again"


def test_what_is_touched_outside_brings_nothing(write, found, tmp_path):
    write({"other/AGENTS.md": "foreign"})
    assert found().nearby([str(tmp_path / "other/x")]) == ""


def test_an_import_follows_the_file_that_names_it(write, found):
    write(
        {
            "project/AGENTS.md": "See @docs/style.md and ask @alice.\n```\n@docs/no.md\n```",
            "project/docs/style.md": "Style, see @./more.md",
            "project/docs/more.md": "More",
            "project/docs/no.md": "No",
        }
    )
    merged = found().merged()
    assert [piece.text for piece in merged.pieces][1:] == ["Style, see @./more.md", "More"]
    assert [str(piece.imported_by)[-8:] for piece in merged.pieces[1:]] == ["GENTS.md", "style.md"]


def test_imports_in_a_circle_end(write, found):
    write({"project/AGENTS.md": "a @b.md", "project/b.md": "b @c.md", "project/c.md": "c @b.md"})
    assert texts(found()) == ["a @b.md", "b @c.md", "c @b.md"]


def test_files_that_all_import_each_other_are_read_once(write, found):
    names = [f"f{number}.md" for number in range(60)]
    everything = " ".join(f"@{name}" for name in names)
    write({"project/src/AGENTS.md": everything})
    write({f"project/src/{name}": f"{name} {everything}" for name in names})
    merged = found().merged()
    assert len(merged.pieces) == 1 + len(names)


def test_what_is_imported_again_from_nearer_still_brings_its_own_imports(write, found):
    write({"project/src/AGENTS.md": "@1.md @5.md", "project/src/6.md": "the end"})
    write({f"project/src/{n}.md": f"{n} @{n + 1}.md" for n in range(1, 6)})
    assert "the end" in texts(found())


def test_a_word_too_long_for_a_file_name_is_no_import(write, found):
    write({"project/src/AGENTS.md": f"see @{'a' * 300}"})
    assert len(texts(found())) == 1


def test_imports_are_followed_five_deep(write, found):
    write({f"project/{n}.md": f"{n} @{n + 1}.md" for n in range(9)})
    write({"project/AGENTS.md": "@0.md"})
    merged = found().merged()
    assert [piece.text[0] for piece in merged.pieces] == ["@", "0", "1", "2", "3", "4"]
    assert "more than 5 deep" in merged.notices[0]


@pytest.mark.parametrize("line", ["@../secret.md", "@~/secret.md", "@link.md"])
def test_nothing_outside_the_project_is_read(write, found, tmp_path, monkeypatch, line):
    monkeypatch.setenv("HOME", str(tmp_path))
    write({"project/AGENTS.md": line, "secret.md": "secret"})
    (tmp_path / "project/link.md").symlink_to(tmp_path / "secret.md")
    merged = found().merged()
    assert "secret" not in [piece.text for piece in merged.pieces]
    assert "leads outside" in merged.notices[0]


def test_an_instruction_file_that_is_a_link_to_the_outside_is_not_read(write, found, tmp_path):
    write({"secret.md": "secret"})
    (tmp_path / "project/AGENTS.md").symlink_to(tmp_path / "secret.md")
    assert texts(found()) == []


def test_what_nobody_may_read_is_not_read(write, found):
    write({"project/AGENTS.md": "@.env", "project/.env": "KEY=1"})
    assert texts(found(hides=lambda path: path.name == ".env")) == ["@.env"]


def test_more_than_there_is_room_for_is_cut_and_that_is_said(write, found):
    write({"project/AGENTS.md": "a" * 30_000, "project/src/AGENTS.md": "é" * 3_000})
    merged = found().merged()
    assert sum(piece.size for piece in merged.pieces) <= MAX_BYTES
    assert "AGENTS.md: cut after 2768 bytes" in merged.notices[0]
    assert merged.notices[0] in merged.text


def test_the_same_files_give_the_same_text(write, found):
    write({"project/AGENTS.md": "a @b.md", "project/b.md": "b"})
    assert found().merged().text == found().merged().text


@given(st.lists(st.text(max_size=50), max_size=8), st.integers(0, 120))
def test_however_much_there_is_the_limit_holds_and_order_stays(written, limit):
    pieces = [Piece(Path(str(place)), text) for place, text in enumerate(written)]
    merged = fitted(pieces, limit=limit)
    assert sum(piece.size for piece in merged.pieces) <= limit
    names = [int(str(piece.path)) for piece in merged.pieces]
    assert names == sorted(names)
    whole = sum(piece.size for piece in pieces) <= limit
    assert whole == (merged.notices == ())


def test_addresses_and_code_are_no_imports():
    assert imports("mail me@example.org, `@x.md`, @scope/package, @y.md.") == [
        "scope/package",
        "y.md",
    ]


def test_files_of_deeper_directories_count_towards_the_limit_of_all(write, found, tmp_path):
    most = "x" * (MAX_BYTES - 10)
    write({"project/AGENTS.md": most, "project/src/deep/AGENTS.md": "y" * 100})
    instructions = found()
    assert instructions.merged().notices == ()
    nearby = instructions.nearby([str(tmp_path / "project/src/deep/a.py")])
    assert "y" * 10 in nearby and "y" * 11 not in nearby
    assert "cut after 10 bytes" in nearby
