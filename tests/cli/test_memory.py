"""`kedge memory`: what is read here, from where, at what cost; and trusting a folder for it."""

import json

import pytest

from kedge.cli.commands.memory import show_memory, trust_instructions
from kedge.cli.surroundings import surroundings


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.setenv("KEDGE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "AGENTS.md").write_text("Use tabs. See @more.md")
    (folder / "more.md").write_text("More.")
    return folder


def test_an_untrusted_folder_s_files_are_named_and_not_read(project, capsys):
    show_memory(str(project), as_json=False)
    printed = capsys.readouterr()
    assert "AGENTS.md: not read" in printed.err and "Use tabs" not in printed.out


def test_trust_is_asked_for_and_then_holds_however_the_files_change(project, capsys):
    where = surroundings(str(project))
    assert trust_instructions(where, lambda: False) == 1
    assert trust_instructions(where, lambda: True) == 0
    (project / "AGENTS.md").write_text("Use spaces.")
    capsys.readouterr()
    show_memory(str(project), as_json=False)
    printed = capsys.readouterr()
    assert "Use spaces." in printed.out and printed.err == ""


def test_each_file_is_shown_with_its_origin_and_cost(project, capsys):
    trust_instructions(surroundings(str(project)), lambda: True)
    capsys.readouterr()
    show_memory(str(project), as_json=True)
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["file"], first["bytes"]) == (str(project / "AGENTS.md"), 22)
    assert second["imported_by"] == first["file"] and second["tokens"] == 1


def test_a_folder_that_has_instructions_only_further_down_can_be_trusted_too(project, capsys):
    (project / "AGENTS.md").unlink()
    for folder in ("packages/a", "node_modules/b", ".hidden"):
        (project / folder).mkdir(parents=True)
        (project / folder / "AGENTS.md").write_text("Use tabs.")
    assert trust_instructions(surroundings(str(project)), lambda: True) == 0
    printed = capsys.readouterr().out
    assert "packages/a/AGENTS.md: read when a tool is there" in printed
    assert "is trusted" in printed and "node_modules" not in printed and ".hidden" not in printed


def test_where_there_is_nothing_nothing_needs_trust(project, capsys):
    (project / "AGENTS.md").unlink()
    assert trust_instructions(surroundings(str(project)), lambda: False) == 0
    assert "Nothing here needs trust" in capsys.readouterr().out


def test_what_the_person_says_everywhere_is_read_from_a_folder_that_tools_do_not_see(
    project, tmp_path, capsys
):
    own = tmp_path / "home/config"
    own.mkdir(parents=True)
    (own / "AGENTS.md").write_text("Be brief. See @style.md")
    (own / "style.md").write_text("No adjectives.")
    (own / "notes.md").write_text("- I live in Bern (2026-01-02)")
    show_memory(str(project), as_json=False)
    printed = capsys.readouterr()
    for words in ("Be brief.", "No adjectives.", "I live in Bern"):
        assert words in printed.out, printed.err
