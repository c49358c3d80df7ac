"""Runs in which a scripted model calls tools, and what the log says of it."""

from e2e.process import Json, Kedge, Ran, lines
from e2e.remotes import REMOTES
from loopback.fixtures import ThreadedLoopback
from loopback.script import Call, Turn, turn
from loopback.threaded import RunningServer


def bash(command: str, id: str = "", **more: object) -> Call:
    """A command line."""
    return Call("bash", {"command": command, **more}, id)


def write(path: object, content: str = "x\n", id: str = "") -> Call:
    """A new file."""
    return Call("write", {"file_path": str(path), "content": content}, id)


def turns(*calls: Call | Turn) -> list[Turn]:
    """One answer for each call, and a last word."""
    return [*(turn(one) if isinstance(one, Call) else one for one in calls), turn("Ok.")]


class Model:
    """A scripted model, and kedge run with it."""

    def __init__(self, kedge: Kedge, loopback: ThreadedLoopback) -> None:
        self.kedge = kedge
        self._loopback = loopback
        self.remote = REMOTES["anthropic"]
        self.server: RunningServer
        """The last one."""

    def options(self, *calls: Call | Turn, allow_unused: bool = False) -> tuple[str, ...]:
        """Options of a run against a server that says this."""
        self.server = self._loopback(turns(*calls), allow_unused=allow_unused)
        return self.remote.options(self.server.url)

    def run(self, *calls: Call | Turn, options: tuple[str, ...] = ()) -> Ran:
        """One prompt, these calls one after another, the end."""
        return self.kedge(*self.options(*calls), "-p", "Go.", *options)

    def stopped(self, *calls: Call | Turn, options: tuple[str, ...] = ()) -> Ran:
        """The same, where the run ends before all is said."""
        return self.kedge(*self.options(*calls, allow_unused=True), "-p", "Go.", *options)

    @property
    def sent(self) -> bytes:
        """All that the last server was sent."""
        return b"\n".join(request.body for request in self.server.requests)

    @property
    def records(self) -> list[Json]:
        """The facts of the session that was written last."""
        newest = max(self.kedge.logs, key=lambda log: log.stat().st_mtime_ns)
        return lines(newest.read_bytes())

    def of(self, kind: str) -> list[Json]:
        """The facts of this kind."""
        return [record for record in self.records if record["kind"] == kind]

    @property
    def decisions(self) -> list[tuple[object, object]]:
        """Outcome and voice of every decision, in order."""
        return [(one["outcome"], one["by"]) for one in self.of("decision")]
