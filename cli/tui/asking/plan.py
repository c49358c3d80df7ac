"""How a plan becomes work: the answer of a turn in mode plan is read, edited and annotated line by
line, then accepted, sent back with notes, or left."""

from collections.abc import Awaitable, Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Input, OptionList, Static, TextArea
from textual.widgets.option_list import Option

from ....config.errors import KedgeError
from ...terminal import harmless
from ..desk.state import DeskState
from ..modal import Modal
from .deciding import Choice, PlanDecided, carried_over, decided


class PlanOffer(Static):
    """One line above the prompt, while the last answer is a plan that nobody decided on."""

    DEFAULT_CSS = "PlanOffer { height: 1; padding: 0 1; color: $text-accent; display: none; }"

    def __init__(self, key: str = "f3", *, id: str | None = None) -> None:
        """`key` opens the review."""
        super().__init__(id=id, markup=False)
        self._key = key
        self._dismissed = ""
        self.plan = ""
        """The plan on offer; empty if there is none."""

    def show(self, state: DeskState, answer: str) -> None:
        """Offer the last answer, if it is that of a finished turn in mode plan."""
        is_plan = state.mode == "plan" and not state.working and bool(answer.strip())
        plan = answer if is_plan and answer != self._dismissed else ""
        if plan == self.plan:
            return
        self.plan, self.display = plan, bool(plan)
        words = f"a plan: enter or {self._key} to edit and accept it, or say what is missing"
        self.update(Content(words))

    def dismiss(self) -> None:
        """It was decided on: do not offer this one again."""
        self._dismissed, self.plan, self.display = self.plan, "", False


class PlanScreen(Modal[PlanDecided | None]):
    """The plan as a document of lines. None: it was closed, and nothing is decided."""

    DEFAULT_CSS = """
    PlanScreen {
        layout: vertical; background: $background;
        #plan-head { height: 1; padding: 0 1; text-style: bold; }
        #plan-lines, #plan-text { height: 1fr; padding: 0 1; background: $background; }
        #plan-text { display: none; }
        #plan-note { display: none; margin: 0 1; background: $surface; }
        #plan-said { height: auto; padding: 0 1; color: $text-warning; }
        #plan-keys { height: auto; padding: 0 1; color: $text-muted;
                     border-top: solid $border-blurred; }
        &.-editing #plan-text { display: block; }
        &.-editing #plan-lines { display: none; }
        &.-noting #plan-note { display: block; }
    }
    """
    BINDINGS = [
        Binding("1", "decide('auto')", "accept, go on in mode auto"),
        Binding("2", "decide('ask')", "accept, go on in mode ask"),
        Binding("3", "decide('revise')", "send the notes back"),
        Binding("4", "decide('reject')", "reject"),
        Binding("n", "note", "a note on the line"),
        Binding("e", "edit", "edit in place"),
        Binding("ctrl+g", "edit_outside", "edit in the external editor", priority=True),
        Binding("escape", "back", "back", priority=True),
    ]

    def __init__(self, plan: str, edit_outside: Callable[[str], Awaitable[str]]) -> None:
        """`edit_outside` has a text edited in the external editor; it raises `KedgeError` where
        that failed."""
        super().__init__()
        self._written = harmless(plan).strip("\n")
        self._plan = self._written
        self._notes: dict[int, str] = {}
        self._edit_outside = edit_outside

    def compose(self) -> ComposeResult:
        """The document, or its editor; the line for a note; what one can do."""
        yield Static("a plan", id="plan-head", markup=False)
        yield OptionList(id="plan-lines", markup=False, compact=True)
        yield TextArea(id="plan-text", show_line_numbers=True, compact=True)
        yield Input(id="plan-note", compact=True)
        yield Static(id="plan-said", markup=False)
        yield Static(id="plan-keys", markup=False)

    def on_mount(self) -> None:
        """Begin to read."""
        self._read()

    def _read(self, at: int = 0) -> None:
        """Show the document, the cursor at a line."""
        self.remove_class("-editing", "-noting")
        lines = self.query_one("#plan-lines", OptionList)
        lines.clear_options()
        lines.add_options(
            Option(_shown(line, self._notes.get(place, "")))
            for place, line in enumerate(self._plan.splitlines())
        )
        lines.highlighted = min(at, max(0, lines.option_count - 1))
        lines.focus()
        self._tell(
            "1 accept, then auto · 2 accept, then ask · 3 send the notes back · 4 reject\n"
            "n or enter: a note on the line · e edit · ctrl+g external editor · esc later"
        )

    def _tell(self, keys: str, said: str = "") -> None:
        self.query_one("#plan-keys", Static).update(Content(keys))
        complaint = self.query_one("#plan-said", Static)
        complaint.update(Content(said))
        complaint.display = bool(said)

    @property
    def _place(self) -> int:
        """Of the line with the cursor."""
        return self.query_one("#plan-lines", OptionList).highlighted or 0

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Letters and numbers are typed while something is typed."""
        typing = self.has_class("-editing") or self.has_class("-noting")
        return action in ("back", "quit", "edit_outside") or not typing

    def action_decide(self, choice: Choice) -> None:
        """That is it; but a plan is only sent back with a reason."""
        edited = self._plan != self._written
        if choice == "revise" and not self._notes and not edited:
            self._tell("n a note on the line · e edit", "say what is to change first")
            return
        self.dismiss(decided(choice, self._plan, self._notes, edited=edited))

    def action_note(self) -> None:
        """Write a note on the line, or change the one that is there."""
        if not self._plan:
            return
        self.add_class("-noting")
        note = self.query_one("#plan-note", Input)
        note.placeholder = f"a note on line {self._place + 1}"
        note.value = self._notes.get(self._place, "")
        note.focus()
        self._tell("enter keeps the note, an empty one takes it away · esc leaves it as it was")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click, on a line."""
        event.stop()
        self.action_note()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The note is written."""
        event.stop()
        place, words = self._place, event.value.strip()
        self._notes.pop(place, None)
        if words:
            self._notes[place] = words
        self._read(place)

    def action_edit(self) -> None:
        """Edit in place."""
        self.add_class("-editing")
        area = self.query_one("#plan-text", TextArea)
        area.text = self._plan
        area.move_cursor((self._place, 0))
        area.focus()
        self._tell("esc back to reading, with what you changed · ctrl+g external editor")

    async def action_edit_outside(self) -> None:
        """Edit in the external editor."""
        editing = self.has_class("-editing")
        text = self.query_one("#plan-text", TextArea).text if editing else self._plan
        try:
            self._become(await self._edit_outside(text))
        except KedgeError as error:
            self._tell("e edit in place · esc back", error.in_words)

    def action_back(self) -> None:
        """From editing and noting to reading, and from there to the desk."""
        if self.has_class("-editing"):
            self._become(self.query_one("#plan-text", TextArea).text)
        elif self.has_class("-noting"):
            self._read(self._place)
        else:
            self.dismiss(None)

    def action_leave(self) -> None:
        """As back: nothing that was edited is lost."""
        self.action_back()

    def _become(self, text: str) -> None:
        """Take an edited plan."""
        place, text = self._place, harmless(text).strip("\n")
        self._notes = carried_over(self._notes, self._plan, text)
        self._plan = text
        self._read(place)


def _shown(line: str, note: str) -> Content:
    """A line of the document, a note on it below."""
    text = Content.styled(line or " ", "bold" if line.startswith("#") else "")
    if not note:
        return text
    return Content.assemble(text, "\n", (f"    ✎ {harmless(note)}", "$text-accent"))
