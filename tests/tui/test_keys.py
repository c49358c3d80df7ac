"""The table of keys: packaged, remapped, and what is said of keys that do not work."""

import pytest

from kedge.cli.tui.keys import ACTIONS, UNBOUND, KeyTable, bindings, hardly_sent, key_name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Ctrl-P", "ctrl+p"),
        ("ctrl+shift+k", "ctrl+shift+k"),
        ("shift+ctrl+k", "ctrl+shift+k"),
        ("Alt+Return", "alt+enter"),
        ("option+Z", "alt+shift+z"),
        ("esc", "escape"),
        ("?", "question_mark"),
        ("ctrl+_", "ctrl+underscore"),
        ("ctrl+-", "ctrl+minus"),
        ("-", "minus"),
        ("cmd+z", "super+z"),
        ("F5", "f5"),
    ],
)
def test_keys_are_understood_as_people_write_them(said: str, name: str) -> None:
    assert key_name(said) == name


@pytest.mark.parametrize("said", ["", "ctrl+", "hyperspace+x", "ctrl+p,x"])
def test_what_is_no_key_is_refused(said: str) -> None:
    with pytest.raises(ValueError, match="is no key"):
        key_name(said)


def test_the_packaged_keys_are_in_nobody_s_way() -> None:
    table = KeyTable()
    assert table.conflicts == ()
    assert table.problems == ()


def test_every_action_has_a_name_of_its_own_and_help() -> None:
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)
    assert all(action.help for action in ACTIONS)


def test_the_packaged_keys_are_written_as_they_are_heard() -> None:
    for action in ACTIONS:
        assert tuple(key_name(key) for key in action.keys) == action.keys


def test_every_packaged_action_has_a_key_that_every_terminal_sends() -> None:
    kitty_only = {action.name for action in ACTIONS if all(hardly_sent(key) for key in action.keys)}
    assert kitty_only == set()


def test_a_person_s_keys_replace_the_packaged_ones() -> None:
    table = KeyTable({"editor": ["ctrl+x"], "cut": []})
    assert table.keys("editor") == ("ctrl+x",)
    assert table.action("composer", "ctrl+x") == "editor"
    assert table.action("composer", "ctrl+g") == ""
    assert table.keymap["editor"] == "ctrl+x"
    assert table.keymap["cut"] == UNBOUND


def test_two_actions_on_one_key_are_shown_and_the_first_gets_it() -> None:
    table = KeyTable({"redo": ["ctrl+g"]})
    (conflict,) = table.conflicts
    assert conflict.key == "ctrl+g"
    assert conflict.actions == ("editor", "redo")
    assert "editor gets it" in conflict.words
    assert table.keymap["editor"] == "ctrl+g"
    assert table.keymap["redo"] == UNBOUND


@pytest.mark.parametrize(
    ("bound", "actions", "where"),
    [
        ({"background": ["ctrl+r"]}, ("history-search", "background"), "in the prompt"),
        ({"todo": ["ctrl+g"]}, ("editor", "todo"), "in the prompt"),
        ({"redo": ["ctrl+t"]}, ("redo", "todo"), "in the prompt"),
        ({"expand": ["ctrl+n"]}, ("completion-next", "expand"), "while there are proposals"),
        ({"expand": ["o"]}, ("ask-open", "expand"), "while a question waits"),
    ],
)
def test_the_same_key_where_both_are_heard_is_a_conflict_and_what_has_the_focus_gets_it(
    bound: dict[str, list[str]], actions: tuple[str, ...], where: str
) -> None:
    table = KeyTable(bound)
    (conflict,) = table.conflicts
    assert conflict.actions == actions
    assert f"{where} {actions[0]} gets it" in conflict.words
    assert conflict.words in table.wrong


def test_the_same_key_where_never_both_are_heard_is_no_conflict() -> None:
    assert KeyTable({"ask-why": ["ctrl+r"]}).conflicts == ()


def test_what_cannot_be_obeyed_is_said_and_the_rest_holds() -> None:
    table = KeyTable({"frobnicate": ["x"], "quit": ["q"], "todo": ["ctrl+c", "whatever+x", "f9"]})
    assert len(table.problems) == 4
    assert table.keys("todo") == ("f9",)
    assert table.keys("quit") == ("ctrl+c",)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("ctrl+i", "most terminals send tab"),
        ("shift+enter", "Kitty"),
        ("ctrl+shift+p", "Kitty"),
        ("super+z", "Kitty"),
        ("ctrl+1", "Kitty"),
    ],
)
def test_keys_that_a_terminal_cannot_send_are_said_so(key: str, words: str) -> None:
    assert words in hardly_sent(key)


@pytest.mark.parametrize("key", ["ctrl+p", "alt+enter", "alt+b", "shift+tab", "f5", "ctrl+left"])
def test_keys_that_every_terminal_sends_have_no_note(key: str) -> None:
    assert hardly_sent(key) == ""


def test_the_help_screen_is_told_what_was_remapped() -> None:
    rows = {row.action.name: row for row in KeyTable({"newline": ["ctrl+enter"]}).rows}
    assert rows["newline"].remapped
    assert rows["newline"].keys == ("ctrl+enter",)
    assert "Kitty" in rows["newline"].notes[0]
    assert not rows["submit"].remapped


def test_bindings_carry_the_name_by_which_they_are_rebound() -> None:
    assert {binding.id for binding in bindings("composer")} == {
        action.name for action in ACTIONS if action.context == "composer"
    }
