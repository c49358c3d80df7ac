"""Events for the tests of the transcript: what happens in a session, without one."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from kedge.agent.effects import Effect, FileChange
from kedge.agent.events import (
    ActionEnded,
    ActionProposed,
    ActionStarted,
    ActionStatus,
    Body,
    Decision,
    Event,
    Evidence,
    MessageAdded,
    Result,
    SessionStarted,
    TurnEnded,
    TurnStarted,
)
from kedge.agent.messages import Part, Text, ToolCall

DIFF = """--- a.py
+++ a.py
@@ -10,4 +10,5 @@ class A:
     def total(self):
-        return self.subtotal + 1
+        return self.subtotal + 2
+        # afterwards
     # the end
"""


class Happening:
    """Numbers and dates events as a session does."""

    def __init__(self) -> None:
        self.seq = 0
        self.turn = 0
        self._now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self, body: Body, *, path: Sequence[str] = ("main",), after: float = 0) -> Event:
        """The next event, so many seconds after the one before."""
        self.seq += 1
        self._now += timedelta(seconds=after)
        ts = self._now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        return Event(self.seq, "s1", tuple(path), self.turn, ts, body)

    def prompt(self, words: str) -> Event:
        """A person says something."""
        self.turn += 1
        return self(TurnStarted((Text(words),)))

    def message(self, *parts: Part) -> Event:
        """The model's message is whole."""
        return self(MessageAdded("assistant", parts))

    def proposed(self, id: str, tool: str = "bash", **arguments: object) -> Event:
        """An action is asked for."""
        given = arguments or {"command": "make test"}
        return self(ActionProposed(id, tool, given, (Effect("run", "make test"),)))

    def ended(
        self, id: str, status: ActionStatus = "ok", content: str = "", exit_code: int | None = None
    ) -> Event:
        """An action is over."""
        told = (Text(content),)
        return self(ActionEnded(id, "bash", status, told, duration_ms=1200, exit_code=exit_code))

    def turn_of_work(self, answer: str = "It is **fixed** now.") -> Iterator[Event]:
        """A prompt, a command, an edit, an answer."""
        run, edit = f"run_{self.turn}", f"edit_{self.turn}"
        yield self.prompt(f"Fix bug {self.turn}")
        calls = (ToolCall(run, "bash", "{}"), ToolCall(edit, "edit", "{}"))
        yield self.message(Text("I'll look."), *calls)
        yield self.proposed(run)
        yield self.proposed(edit, "edit", file_path="/w/a.py")
        for id, tool in ((run, "bash"), (edit, "edit")):
            yield self(Decision(id, "allow", "rules", "it is allowed"))
            yield self(ActionStarted(id, tool))
        yield self.ended(run, content="1 failed", exit_code=1)
        change = FileChange("/w/a.py", "modified", 2, 1, diff=DIFF)
        yield self(ActionEnded(edit, "edit", "ok", (Text("edited"),), changes=(change,)))
        yield self.message(Text(answer))
        yield self(TurnEnded("done"))
        yield self.result(FileChange("a.py", "modified", 2, 1))

    def result(self, *changes: FileChange, unverified: Sequence[str] = ()) -> Event:
        """The run is over."""
        evidence = Evidence((), changes, tuple(unverified))
        ended = Result(
            status="done",
            exit_code=0,
            text="",
            structured=None,
            evidence=evidence,
            usage={},
            cost_usd=0.0123,
            turns=2,
            duration_ms=4200,
            api_ms=2000,
            denials=(),
            config_version="1",
            model="m",
            sandbox="off",
            mode="auto",
        )
        return self(ended)

    def started(self, resumed_after: int | None = None) -> Event:
        """A process opened the session."""
        begun = SessionStarted(
            cwd="/w",
            git_head=None,
            kedge_version="0.1",
            config_version="1",
            experiment_arm=None,
            policy_hash="",
            sandbox="off",
            mode="auto",
            model="m",
            system="",
            environment="",
            tools=(),
            resumed_after=resumed_after,
        )
        return self(begun)
