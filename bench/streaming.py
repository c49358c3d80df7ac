"""A long answer: what 20,000 streamed tokens cost the processor."""

from collections.abc import Iterator
from functools import partial

from measure import BenchError
from rig import Rig, Subject, interleaved
from scenes import tokens
from table import SECONDS, Row, against

_COUNT = 20_000
_ROUNDS = 7


def cpu(rig: Rig) -> Iterator[Row]:
    """User and system time of a whole run, start-up included."""
    with rig.server(tokens(_COUNT)) as server, rig.workspace() as workspace:
        subjects = {
            "text": rig.kedge(server.url),
            "stream-json": rig.kedge(server.url, "--output-format", "stream-json"),
            "httpx2": rig.httpx2(server.url),
            "stdlib": rig.stdlib(server.url),
        }

        def spent(subject: Subject) -> float:
            return subject.run(workspace).cpu

        samples = interleaved(
            rig.rounds(_ROUNDS), {name: partial(spent, each) for name, each in subjects.items()}
        )
        if any(end.outcome != "served" for end in server.log.ends):
            raise BenchError("an answer was not read to its end")
    what = f"{_COUNT:,} tokens, CPU"
    floor = samples["httpx2"]
    yield against(f"{what}, text (floor: httpx2)", samples["text"], floor, SECONDS, at_most=1.5)
    yield against(f"{what}, stream-json (floor: httpx2)", samples["stream-json"], floor, SECONDS)
    stdlib = samples["stdlib"]
    yield against(f"{what}, text (floor: http.client)", samples["text"], stdlib, SECONDS)
