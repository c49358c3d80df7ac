"""The test double of all model providers: a loopback HTTP server that plays a script.

In a test with a running loop::

    async with LoopbackServer([turn("hello")]) as server:
        ...  # point a client at server.url

around blocking code or subprocesses::

    with running_server([turn("hello")]) as server:
        ...

(`threaded.py`) and as a process of its own (`serve.py`, `process.py`). All keep `requests`, `ends`
(how each answer ended) and `failures` (what a request did wrong by the script or by the
provider's rules).
"""

import asyncio
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self, TypedDict, Unpack

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from .connection import HEAD_LIMIT, Connection, Head, Outcome
from .counting import Counts, counting, is_counting
from .faults import Plan, json_plan, plan
from .playback import Mismatch, Playback
from .routes import Route, models, not_found, route, speaks_anthropic, unauthorized
from .script import AnyScript, Fault, Json, Script, WireName
from .wires.wire import Ask

CERTIFICATE = Path(__file__).parent / "self_signed.pem"
"""Certificate and key for 127.0.0.1, ::1 and localhost, valid until 2126, trusted by nobody."""


class Request(Struct, frozen=True):
    """A request as it arrived."""

    serial: int
    """0 for the server's first."""
    method: str
    path: str
    query: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    wire: WireName | None
    """None when the path is no wire's."""
    at: float
    """Seconds on `time.monotonic()` when the head had arrived; the same clock in all processes of
    a Linux machine."""

    @property
    def json(self) -> Json:
        """The decoded body.

        Raises: msgspec.DecodeError; msgspec.ValidationError when it is not an object.
        """
        return msgspec.json.decode(self.body, type=Json)


class End(Struct, frozen=True):
    """How the answer to a request ended."""

    serial: int
    outcome: Outcome
    at: float
    """Seconds on `time.monotonic()`, after the last byte was handed to the kernel."""


Observer = Callable[[Request | End], None]


class Options(TypedDict, total=False):
    """What a server may be told beside its script."""

    seed: int | None
    """Stands in for the `seed` of a `Script`."""
    crlf: bool
    """Stands in for the `crlf` of a `Script`."""
    auth: bool
    """False lets in requests without a key, as local servers do."""
    lenient: bool
    """Serves histories that the provider would refuse with 400."""
    tls: bool
    """Speaks TLS with `CERTIFICATE`."""
    port: int
    counts: Counts
    """What the endpoints that count say; by default a quarter of the bytes."""
    observer: Observer
    """Called with each request and each end, in the server's thread."""


class LoopbackServer:
    """Serves one script on a free port of 127.0.0.1 while its `async with` lasts."""

    def __init__(self, script: AnyScript, **options: Unpack[Options]) -> None:
        given = script if isinstance(script, Script) else Script(())
        self.playback = Playback(script)
        self.requests: list[Request] = []
        self.ends: list[End] = []
        self.failures: list[str] = []
        self.stalled = 0
        """How many answers have reached their stall."""
        self._seed = options.get("seed", given.seed)
        self._crlf = options.get("crlf", given.crlf)
        self._auth = options.get("auth", True)
        self._lenient = options.get("lenient", False)
        self._tls = options.get("tls", False)
        self._port = options.get("port", 0)
        self._counts = options.get("counts")
        self._observer = options.get("observer")
        self._release = asyncio.Event()
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Scheme, address and port, without a slash at the end."""
        assert self._listener is not None, "the server is not running"
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"

    @property
    def unused(self) -> int:
        """Turns of the script that no request has reached."""
        return self.playback.unused

    def release(self) -> None:
        """Ends all stalls, present and future. Only in the server's thread."""
        self._release.set()

    async def wait_for(self, claim: Callable[[], bool], seconds: float = 60.0) -> None:
        """Returns once the claim about the server holds; it is tried after every change.

        Raises: TimeoutError after `seconds`.
        """
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(claim)

    async def __aenter__(self) -> Self:
        context = None
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
        self._listener = await asyncio.start_server(
            self._connected, "127.0.0.1", self._port, limit=HEAD_LIMIT, ssl=context, backlog=256
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            connection = Connection(reader, writer)
            while (head := await connection.head()) is not None:
                if not await self._exchange(connection, head):
                    break
        except (ConnectionError, EOFError):
            pass  # The client was killed while it sent.
        except (ValueError, asyncio.LimitOverrunError) as error:
            self.failures.append(f"broken request: {error}")
        except asyncio.CancelledError:
            # Stopping is the only canceller, and asyncio would report it as an error of the server.
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, connection: Connection, head: Head) -> bool:
        """One request and its answer; whether the connection may carry another."""
        at = time.monotonic()
        body = await connection.body(head)
        found = route(head.method, head.path)
        name = found.name if found else None
        serial = len(self.requests)
        request = Request(serial, head.method, head.path, head.query, head.headers, body, name, at)
        self.requests.append(request)
        await self._tell(request)
        outcome: Outcome = "server_stopped"
        try:
            answer = self._answer(request, found)
            rng = None if self._seed is None else Random(f"{self._seed}:{serial}")
            outcome = await connection.play(answer, rng, self._stalls, self._release)
        finally:
            end = End(serial, outcome, time.monotonic())
            self.ends.append(end)
            await self._tell(end)
        return outcome == "served" and head.headers.get("connection", "").lower() != "close"

    def _answer(self, request: Request, found: Route | None) -> Plan:
        ask = Ask({}, request.path, request.headers, request.serial)
        if self._auth and (denied := unauthorized(ask)):
            answer = denied
        elif found:
            answer = self._answer_wire(request, found, ask)
        elif request.method == "POST" and is_counting(request.path):
            said = len(request.body) // 4 if self._counts is None else self._counts
            answer = counting(ask, request.body, said)
        else:
            listed = models(ask) if request.method == "GET" else None
            answer = listed or not_found(ask, request.method)
        key = "request-id" if speaks_anthropic(ask) else "x-request-id"
        return replace(answer, headers={key: ask.id("req_"), **answer.headers})

    def _answer_wire(self, request: Request, found: Route, ask: Ask) -> Plan:
        try:
            ask = replace(ask, json=request.json)
        except msgspec.DecodeError as error:
            return self._failed(found, ask, f"request {request.serial} is no JSON object: {error}")
        if not self._lenient and (wrong := found.wire.complaint(ask)):
            self.failures.append(f"request {request.serial}: {wrong}")
            return json_plan(400, found.wire.error(Fault("status", status=400, message=wrong), ask))
        try:
            turn = self.playback.next(found.wire, found.name, ask)
            return plan(found.wire, turn, ask, self._crlf)
        except (Mismatch, ValueError) as error:
            return self._failed(found, ask, f"request {request.serial}, {error}")

    def _failed(self, found: Route, ask: Ask, message: str) -> Plan:
        self.failures.append(message)
        fault = Fault("status", status=500, message=f"loopback script: {message}")
        return json_plan(500, found.wire.error(fault, ask), {"x-should-retry": "false"})

    async def _stalls(self) -> None:
        self.stalled += 1
        await self._notify()

    async def _tell(self, news: Request | End) -> None:
        if self._observer is not None:
            self._observer(news)
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()
