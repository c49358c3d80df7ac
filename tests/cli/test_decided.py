"""What is said of decisions, folded from a log."""

from kedge.agent.events import ActionProposed, Body, Decision, Event, SessionStarted
from kedge.agent.person import ModeChanged
from kedge.cli.decided import decisions


def facts(*bodies: Body) -> list[Event]:
    return [Event(seq, "s", ("main",), 1, "", body) for seq, body in enumerate(bodies, 1)]


def begun(mode: str, sandbox: str) -> SessionStarted:
    return SessionStarted("/w", None, "", "", None, "", sandbox, mode, "m", "", "", ())


def test_a_decision_is_said_to_be_by_the_mode_that_held_then() -> None:
    def decided(id: str) -> tuple[Body, Body]:
        return ActionProposed(id, "bash", {}, ()), Decision(id, "allow", "mode", "")

    log = facts(
        begun("plan", "namespaces read-only"),
        *decided("1"),
        ModeChanged("auto", "plan", "namespaces workspace-write"),
        *decided("2"),
        begun("ask", "off"),
        *decided("3"),
    )
    assert [(row.mode, row.sandbox) for row in decisions(log)] == [
        ("plan", "namespaces read-only"),
        ("auto", "namespaces workspace-write"),
        ("ask", "off"),
    ]
