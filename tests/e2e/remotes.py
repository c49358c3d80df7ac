"""The three wires as a user reaches them, and a conversation that fixes the demo project."""

from pathlib import Path
from shutil import copytree
from typing import Protocol

from msgspec import Struct

from loopback.script import Call, Expect, Json, Thinking, Turn, WireName, turn

DEMO = Path(__file__).parents[2] / "cli" / "demo" / "project"
_RED = "test_the_discount_begins_at_exactly_100"
_TEST = "python3 -m unittest"
ANSWER = "Fixed: the discount now begins at exactly 100.00.\nOne failure before, none after. ✓"


class Served(Protocol):
    """Options of a run against a server with these turns."""

    def __call__(self, *turns: Turn) -> tuple[str, ...]: ...


class Remote(Struct, frozen=True):
    """A provider on one wire."""

    wire: WireName
    model: str
    key: str
    """The variable of its key."""
    patches: bool
    """Whether its model edits with `apply_patch`."""

    def options(self, url: str, *more: str) -> tuple[str, ...]:
        """Options of a one-shot run against a server."""
        provider = self.model.partition("/")[0]
        base = url if self.wire == "anthropic" else f"{url}/v1"
        return ("-m", self.model, "--set", f"providers.{provider}.base_url={base}", *more)


REMOTES: dict[WireName, Remote] = {
    "anthropic": Remote("anthropic", "anthropic/claude-sonnet-5-5", "ANTHROPIC_API_KEY", False),
    "responses": Remote("responses", "openai/gpt-6.1-sol", "OPENAI_API_KEY", True),
    "chat": Remote("chat", "deepseek/deepseek-v4-pro", "DEEPSEEK_API_KEY", False),
}
KEYS = {remote.key: f"sk-{remote.wire}-secret" for remote in REMOTES.values()}


def demo_project(folder: Path) -> Path:
    """A copy of the bundled project with its bug."""
    return Path(copytree(DEMO, folder))


def fixing(remote: Remote) -> list[Turn]:
    """Reads side by side, a red test run, the edit, a green one, the answer."""
    if remote.patches:
        patch = (
            "*** Begin Patch\n*** Update File: basket.py\n@@ def total(self):\n"
            "-        if subtotal > DISCOUNT_FROM:\n"
            "+        if subtotal >= DISCOUNT_FROM:\n*** End Patch"
        )
        change = Call("apply_patch", {"patch": patch}, "call_5")
    else:
        arguments: Json = {
            "file_path": "basket.py",
            "old_string": "        if subtotal > DISCOUNT_FROM:",
            "new_string": "        if subtotal >= DISCOUNT_FROM:",
        }
        change = Call("edit", arguments, "call_5")
    return [
        turn(
            Thinking("Where is the discount decided?"),
            "I'll read the code, its tests and where the discount is decided.",
            Call("read", {"file_path": "basket.py"}, "call_1"),
            Call("read", {"file_path": "test_basket.py"}, "call_2"),
            Call("grep", {"pattern": "DISCOUNT", "output_mode": "content"}, "call_3"),
        ),
        turn(Call("bash", {"command": _TEST}, "call_4"), expect=Expect(last_contains=_RED)),
        turn("One failure.", change, expect=Expect(last_contains="10000 != 9000")),
        turn(Call("bash", {"command": _TEST}, "call_6"), expect=Expect(last_contains=">=")),
        turn(ANSWER, expect=Expect(last_contains="OK")),
    ]
