"""Start-up: `--version`, `--help`, and `-p` until its first request is on the wire."""

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from measure import median, run
from rig import Rig, Subject, interleaved, of_run
from scenes import large_repository, one_answer
from table import MS, Row, against

from loopback.process import ServerProcess

_ROUNDS = 31
_LATER_IN_LARGE_SECONDS = 0.050


def version(rig: Rig) -> Iterator[Row]:
    """`--version` and `--help` against a Python that does nothing."""

    def timed(*command: str) -> Callable[[], float]:
        return lambda: run(command, Path("/"), rig.env).seconds

    samples = interleaved(
        rig.rounds(_ROUNDS),
        {
            "python": timed(sys.executable, "-c", "pass"),
            "version": timed(rig.kedge_program, "--version"),
            "help": timed(rig.kedge_program, "--help"),
        },
    )
    floor = samples["python"]
    yield against("--version (floor: python -c pass)", samples["version"], floor, MS, at_most=2)
    yield against("--help (floor: python -c pass)", samples["help"], floor, MS)


def first_request(rig: Rig) -> Iterator[Row]:
    """From the start of the process to the arrival of the first request, without and with TLS."""
    what = "-p to first request"
    with rig.server(one_answer()) as server, rig.workspace() as place:
        subjects = (rig.kedge(server.url), rig.httpx2(server.url), rig.stdlib(server.url))
        samples = interleaved(
            rig.rounds(_ROUNDS), {each.name: _delay(server, each, place) for each in subjects}
        )
    kedge, httpx2, stdlib = samples.values()
    yield against(f"{what} (floor: httpx2)", kedge, httpx2, MS, at_most=1.3)
    yield against(f"{what} (floor: http.client)", kedge, stdlib, MS)

    trusted = rig.trusting_loopback()
    with rig.server(one_answer(), "--tls") as server, rig.workspace() as place:
        secure = [
            each.with_env(SSL_CERT_FILE=trusted)
            for each in (rig.kedge(server.url), rig.httpx2(server.url))
        ]
        samples = interleaved(
            rig.rounds(_ROUNDS), {each.name: _delay(server, each, place) for each in secure}
        )
    kedge, httpx2 = samples.values()
    yield against(f"{what} over TLS (floor: httpx2)", kedge, httpx2, MS, at_most=1.3)


def large(rig: Rig) -> Iterator[Row]:
    """How much later the first request is where there are 60,000 files."""
    with (
        rig.server(one_answer()) as server,
        rig.workspace() as small,
        rig.folder() as folder,
    ):
        kedge = rig.kedge(server.url)
        places = {"small": small, "large": large_repository(folder / "large", rig.env)}
        samples = interleaved(
            rig.rounds(_ROUNDS),
            {name: _delay(server, kedge, place) for name, place in places.items()},
        )
    later = median(samples["large"]) - median(samples["small"])
    yield Row(
        "first request in 60,000 files (floor: in 14)",
        MS.show(median(samples["large"])),
        MS.show(median(samples["small"])),
        f"{later * 1000:+.1f} ms",
        f"≤ +{MS.show(_LATER_IN_LARGE_SECONDS)}",
        later <= _LATER_IN_LARGE_SECONDS,
    )


def _delay(server: ServerProcess, subject: Subject, place: Path) -> Callable[[], float]:
    """Takes one sample: seconds from the start of the process to its first request."""
    return partial(_first, server, subject, place)


def _first(server: ServerProcess, subject: Subject, place: Path) -> float:
    finished = subject.run(place)
    return of_run(server.log, finished).requests[0].at - finished.began
