"""The composer, as a person uses it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from tui.composer_app import ComposerApp, desktop_at

from kedge.agent.messages import Image, Text
from kedge.cli.tui.composer.completion import Completion
from kedge.cli.tui.keys import KeyTable
from kedge.cli.tui.terminal.pasting import Hearing
from kedge.config.errors import UsageError

_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a494441"
    "54789c636000000002000148afa4710000000049454e44ae426082"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src/parser.py").write_text("one\ntwo\nthree\n")
    (root / "src/my notes.md").write_text("notes")
    (root / ".env").write_text("KEY=secret")
    (root / "shot.png").write_bytes(_PNG)
    return root.resolve()


@asynccontextmanager
async def running(
    root: Path, *, vim: bool = False, keys: KeyTable | None = None
) -> AsyncIterator[tuple[ComposerApp, Pilot[None]]]:
    app = ComposerApp(desktop_at(root, vim=vim, keys=keys))
    async with app.run_test(size=(80, 24)) as pilot:
        yield app, pilot


async def paste(app: ComposerApp, pilot: Pilot[None], text: str) -> None:
    app.post_message(events.Paste(text))
    await pilot.pause()
    await pilot.pause()


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await pilot.pause(0.01)


async def proposed(app: ComposerApp, pilot: Pilot[None]) -> list[str]:
    await pilot.pause()
    completion = app.query_one(Completion)
    await completion.settled()
    await pilot.pause()
    return [str(option.prompt) for option in completion.options] if completion.shown else []


async def test_enter_sends_and_alt_enter_sends_for_later(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"do it", "enter", *"then that", "alt+enter")
        assert [how for _, how in app.sent] == ["now", "later"]
        assert app.words == ["do it", "then that"]
        assert app.composer.text == ""


async def test_keys_that_arrive_at_once_are_obeyed_in_their_order(root: Path) -> None:
    async with running(root) as (app, pilot):
        for key in ["a", "b", "backspace", "c", "ctrl+j", "d", "enter", "e", "enter"]:
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: len(app.sent) == 2)
        assert app.words == ["ac\nd", "e"]


async def test_nothing_is_not_sent(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("enter", "space", "enter")
        assert app.sent == []


@pytest.mark.parametrize("keys", [["ctrl+j"], ["shift+enter"], ["backslash", "enter"]])
async def test_a_new_line_is_put_in_by(root: Path, keys: list[str]) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("a", *keys, "b", "enter")
        assert app.words == ["a\nb"]


async def test_the_composer_grows_with_its_text_up_to_two_fifths_of_the_screen(root: Path) -> None:
    async with running(root) as (app, pilot):
        assert app.composer.size.height == 1
        await pilot.press("a", "ctrl+j", "b", "ctrl+j", "c")
        assert app.composer.size.height == 3
        await pilot.press(*["ctrl+j"] * 30)
        assert app.composer.size.height == int(24 * 0.4)


async def test_a_long_paste_is_collapsed_and_sent_in_full(root: Path) -> None:
    long = "\n".join(f"line {number}" for number in range(42))
    async with running(root) as (app, pilot):
        await pilot.press(*"see ")
        await paste(app, pilot, long)
        assert app.composer.text == "see [Pasted text #1, 42 lines]"
        assert app.composer.text_with_pastes == f"see {long}"
        await pilot.press("enter")
        assert app.words == [f"see {long}"]


async def test_a_short_paste_is_put_in_without_what_a_terminal_would_obey(root: Path) -> None:
    async with running(root) as (app, pilot):
        await paste(app, pilot, "a\r\nb\x1b[31m!")
        assert app.composer.text == "a\nb!"


async def test_a_placeholder_is_one_unit(root: Path) -> None:
    async with running(root) as (app, pilot):
        await paste(app, pilot, "x" * 2_000)
        placeholder = app.composer.text
        await pilot.press("a", "left", "left")
        assert app.composer.offset_of_cursor == 0
        await pilot.press("right")
        assert app.composer.offset_of_cursor == len(placeholder)
        await pilot.press("backspace")
        assert app.composer.text == "a"
        await pilot.press("ctrl+underscore")
        assert app.composer.text == placeholder + "a"
        await pilot.press("enter")
        assert app.words == ["x" * 2_000 + "a"]


async def test_a_placeholder_that_was_typed_is_only_text(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"[Pasted text #1, 3 lines]", "backspace")
        assert app.composer.text == "[Pasted text #1, 3 lines"


async def test_the_path_of_a_picture_that_is_pasted_becomes_the_picture(root: Path) -> None:
    async with running(root) as (app, pilot):
        await paste(app, pilot, f"'{root}/shot.png' ")
        await until(pilot, lambda: app.composer.text != "")
        assert app.composer.text == "[Image #1 shot.png] "
        await pilot.press(*"what is it", "enter")
        assert app.words == ["[Image #1 shot.png] what is it"]
        assert [picture.media_type for picture in app.pictures] == ["image/png"]


async def test_a_picture_from_a_clipboard_that_is_not_there_is_said_so(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("ctrl+v")
        await until(pilot, lambda: app.said != [])
        assert app.said[0][0] == "trouble"
        assert "clipboard" in app.said[0][1]


async def test_a_mentioned_file_goes_along(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"explain @src/parser.py:2-3 please", "enter")
        await until(pilot, lambda: app.sent != [])
        words, file = (part.text for part in app.sent[0][0] if isinstance(part, Text))
        assert words == "explain @src/parser.py:2-3 please"
        assert file == (
            '<attached path="src/parser.py" of="3" lines="2-3">\ntwo\nthree\n</attached>'
        )


async def test_a_prompt_whose_files_cannot_be_read_comes_back_and_the_next_one_goes(
    root: Path,
) -> None:
    def refuses(path: Path) -> bool:
        # Not for who only proposes.
        if threading.current_thread() is not threading.main_thread():
            raise UsageError("what is hidden is not known", hint="see /config")
        return False

    async with running(root) as (app, pilot):
        app.desktop.index.hides = refuses
        app.composer.put("read @src/parser.py")
        app.composer.action_submit()
        await until(pilot, lambda: app.said != [])
        assert app.said == [("trouble", "what is hidden is not known (see /config)")]
        assert app.composer.text == "read @src/parser.py"
        app.composer.put("read nothing")
        app.composer.action_submit()
        await until(pilot, lambda: app.words == ["read nothing"])


async def test_what_is_sent_after_a_mention_arrives_after_it(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"see @src/parser.py", "escape", "enter", *"and go", "enter")
        await until(pilot, lambda: len(app.sent) == 2)
        assert app.words == ["see @src/parser.py", "and go"]


async def test_files_are_proposed_behind_an_at_sign_and_taken_with_tab(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"see @prs")
        assert await proposed(app, pilot) == ["src/parser.py"]
        await pilot.press("tab")
        assert app.composer.text == "see @src/parser.py "
        assert await proposed(app, pilot) == []


async def test_a_path_with_spaces_is_quoted(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"@my n")
        await pilot.press(*["backspace"] * 2)
        await proposed(app, pilot)
        await pilot.press("enter")
        assert app.composer.text == '@"src/my notes.md" '
        assert app.sent == []


async def test_a_directory_that_is_taken_is_looked_into(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"@src")
        assert (await proposed(app, pilot))[0] == "src/"
        await pilot.press("tab")
        assert app.composer.text == "@src/"
        assert "src/parser.py" in await proposed(app, pilot)


async def test_hidden_files_are_not_proposed(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"@env")
        assert await proposed(app, pilot) == []


async def test_escape_closes_the_proposals_until_another_word_and_interrupts_nothing(
    root: Path,
) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"@par")
        await proposed(app, pilot)
        await pilot.press("escape", "s")
        assert await proposed(app, pilot) == []
        assert app.interrupts == 0
        await pilot.press("escape")
        assert app.interrupts == 1
        await pilot.press(*" @par")
        assert await proposed(app, pilot) == ["src/parser.py"]


async def test_commands_are_proposed_with_help_and_run_with_enter(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("slash")
        assert len(await proposed(app, pilot)) == 4
        await pilot.press(*"hel")
        (row,) = await proposed(app, pilot)
        assert "what can be done" in row
        await pilot.press("enter")
        assert app.said == [("slash", "help", "")]


async def test_a_command_that_needs_words_waits_for_them(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"/ren")
        await proposed(app, pilot)
        await pilot.press("enter")
        assert app.composer.text == "/rename "
        await pilot.press(*"my session", "enter")
        assert app.said == [("slash", "rename", "my session")]


async def test_arguments_of_commands_are_proposed(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"/model s")
        assert await proposed(app, pilot) == ["sonnet"]
        await pilot.press("tab", "enter")
        assert app.said == [("slash", "model", "sonnet")]


async def test_a_path_at_the_beginning_is_no_command(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"/etc/hosts is odd", "enter")
        assert app.said == []
        assert app.words == ["/etc/hosts is odd"]


async def test_an_exclamation_mark_means_the_shell_and_escape_the_model(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("exclamation_mark", *"ls")
        assert app.composer.mode == "shell"
        assert app.composer.text == "ls"
        await pilot.press("escape")
        assert app.composer.mode == "prompt"
        assert app.interrupts == 0
        await pilot.press(*["backspace"] * 2, "exclamation_mark", *"pwd", "enter")
        assert app.said == [("shell", "pwd")]
        assert app.composer.mode == "prompt"


async def test_a_hash_means_a_note_and_backspace_the_model(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("number_sign", "backspace", *"x", "backspace")
        assert app.composer.mode == "prompt"
        await pilot.press("number_sign", *"use tabs", "enter")
        assert app.said == [("note", "use tabs")]


async def test_the_shell_mode_completes_paths(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"!cat src/par")
        assert await proposed(app, pilot) == ["src/parser.py"]
        await pilot.press("tab")
        assert app.composer.text == "cat src/parser.py "


async def test_up_and_down_go_through_what_was_sent_and_keep_the_draft(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"one", "enter", "exclamation_mark", *"two", "enter", *"dra")
        await pilot.press("up")
        assert (app.composer.mode, app.composer.text) == ("shell", "two")
        await pilot.press("up")
        assert (app.composer.mode, app.composer.text) == ("prompt", "one")
        await pilot.press("up", "down", "down")
        assert (app.composer.mode, app.composer.text) == ("prompt", "dra")


async def test_up_moves_within_a_text_first(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"old", "enter", *"a", "ctrl+j", "b", "up")
        assert app.composer.text == "a\nb"
        await pilot.press("up")
        assert app.composer.text == "old"


async def test_a_long_paste_comes_back_from_the_history_collapsed(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"see ")
        await paste(app, pilot, "x" * 3_000)
        await pilot.press("enter", "up")
        assert app.composer.text == "see [Pasted text #1, 1 line]"
        await pilot.press("enter")
        assert app.words == [f"see {'x' * 3_000}"] * 2


async def test_the_history_is_there_in_the_next_session(root: Path) -> None:
    async with running(root) as (_, pilot):
        await pilot.press(*"remember me", "enter", "space", *"secret", "enter")
    async with running(root) as (app, pilot):
        await pilot.press("up")
        assert app.composer.text == "remember me"
        await pilot.press("up")
        assert app.composer.text == "remember me"


async def test_the_history_can_be_searched(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"fix the parser", "enter", *"write docs", "enter")
        await pilot.press("ctrl+r", *"pars")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert app.composer.text == "fix the parser"
        await pilot.press("ctrl+r", "escape")
        await pilot.pause()
        assert app.composer.text == "fix the parser"
        assert app.interrupts == 0


async def test_ctrl_c_s_emptying_leaves_the_words_in_the_history(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"half a thought")
        assert app.composer.drop()
        assert not app.composer.drop()
        await pilot.press("up")
        assert app.composer.text == "half a thought"


async def test_what_is_cut_in_a_row_is_put_in_together(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"one two three", "ctrl+w", "ctrl+w", "ctrl+y")
        assert app.composer.text == "one two three"
        await pilot.press("ctrl+a", "ctrl+k")
        assert app.composer.text == ""
        await pilot.press("ctrl+y")
        assert app.composer.text == "one two three"
        await pilot.press("alt+y")
        assert app.composer.text == "two three"


async def test_undo_and_redo(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"abc", "ctrl+u", "ctrl+underscore")
        assert app.composer.text == "abc"
        await pilot.press("alt+r")
        assert app.composer.text == ""


async def test_ctrl_d_deletes_and_is_the_application_s_when_there_is_nothing(root: Path) -> None:
    left: list[str] = []

    class Leaving(ComposerApp):
        BINDINGS = [("ctrl+d", "leave")]

        def action_leave(self) -> None:
            left.append("left")

    app = Leaving(desktop_at(root))
    async with app.run_test() as pilot:
        await pilot.press("a", "b", "ctrl+a", "ctrl+d")
        assert (app.composer.text, left) == ("b", [])
        await pilot.press("ctrl+d", "ctrl+d")
        assert (app.composer.text, left) == ("", ["left"])


async def test_keys_are_remapped(root: Path) -> None:
    keys = KeyTable({"submit": ["ctrl+s"], "newline": ["enter"], "kill-to-end": []})
    async with running(root, keys=keys) as (app, pilot):
        await pilot.press("a", "enter", "b", "ctrl+a", "ctrl+k", "ctrl+s")
        assert app.words == ["a\nb"]


async def test_the_keys_of_vi(root: Path) -> None:
    async with running(root, vim=True) as (app, pilot):
        await pilot.press(*"hello world", "escape", "b", "d", "w", "u", "0", "c", "w", *"bye")
        assert app.composer.text == "bye world"
        assert app.interrupts == 0
        await pilot.press("escape", "escape")
        assert app.interrupts == 1
        await pilot.press("v", "e", "d", "enter")
        assert app.words == ["by"]


async def test_vi_goes_through_the_history_from_the_first_line(root: Path) -> None:
    async with running(root, vim=True) as (app, pilot):
        await pilot.press(*"one", "enter", *"two", "escape", "k")
        assert app.composer.text == "one"
        # It is still the normal mode.
        await pilot.press("x")
        assert app.composer.text == "on"


async def test_an_emoji_of_several_characters_is_typed_whole(root: Path) -> None:
    async with running(root) as (app, pilot):
        family = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
        for message in Hearing().hear(family.encode()):
            app.post_message(message)
        await pilot.pause()
        assert app.composer.text == family


async def test_a_prompt_that_is_taken_back_has_its_pictures(root: Path) -> None:
    async with running(root) as (app, pilot):
        await paste(app, pilot, str(root / "shot.png"))
        await until(pilot, lambda: app.composer.text != "")
        await pilot.press(*"look", "enter")
        app.composer.put_back(app.sent[0][0])
        assert app.composer.text == "[Image #1 shot.png] look"
        await pilot.press("enter")
        assert len(app.pictures) == 2


async def test_prompts_that_come_back_together_keep_their_own_pictures(root: Path) -> None:
    async with running(root) as (app, pilot):
        pictures = [Image("image/png", data) for data in ("QQ==", "Qg==", "Qw==")]
        first = (Text("[Image #1 a.png] and [Image #2]"), *pictures[:2])
        along = Text('<attached path="a.py" of="1">\nx\n</attached>')
        app.composer.put_back(first, (Text("[Image #1]"), pictures[2]), (Text("and this"), along))
        said = "[Image #1 a.png] and [Image #2]\n\n[Image #3]\n\nand this"
        assert app.composer.text == said
        await pilot.press("enter")
        await until(pilot, lambda: app.sent != [])
        assert app.pictures == pictures


async def test_an_editor_without_a_terminal_leaves_the_words(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press(*"words", "ctrl+g")
        await until(pilot, lambda: app.said != [])
        assert app.said[0][0] == "trouble"
        assert app.composer.text == "words"


async def test_lines_that_filled_the_prompt_can_be_undone(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.resize_terminal(20, 6)
        await paste(app, pilot, "line\n" * 14)
        assert app.composer.show_vertical_scrollbar
        await pilot.press("ctrl+underscore")
        assert app.composer.text == ""


@pytest.mark.parametrize("key", ["ctrl+u", "ctrl+a", "ctrl+k", "ctrl+w"])
async def test_a_character_right_behind_a_key_of_readline_is_kept(root: Path, key: str) -> None:
    async with running(root) as (app, pilot):
        for _ in range(5):
            for one in ["a", "b", key, "1"]:
                app.post_message(events.Key(one, one if len(one) == 1 else None))
            await until(pilot, lambda: "1" in app.composer.text)
            app.composer.empty()


async def test_tab_completes_any_word_of_a_command_of_one_s_own(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("exclamation_mark", *"cat pars")
        assert await proposed(app, pilot) == []
        await pilot.press("tab")
        assert app.composer.text == "cat src/parser.py "
        await pilot.press("enter")
        assert app.said == [("shell", "cat src/parser.py")]


async def test_a_path_with_spaces_is_quoted_for_the_shell(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("exclamation_mark", *"cat note", "tab")
        assert app.composer.text == "cat 'src/my notes.md' "


async def test_proposals_for_what_was_typed_before_are_never_run(root: Path) -> None:
    async with running(root) as (app, pilot):
        await pilot.press("slash", "m")
        assert await proposed(app, pilot)
        for key in [*"issing", "enter"]:
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: bool(app.said))
        assert app.said == [("slash", "missing", "")]
