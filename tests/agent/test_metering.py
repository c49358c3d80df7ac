"""What a model call uses is what its provider says, and where it says nothing, about so much."""

import pytest

from kedge.agent.deltas import CallDelta, Finished, Metered, Restarted, TextDelta, ThinkingDelta
from kedge.agent.messages import Usage
from kedge.agent.metering import Meter, Used


@pytest.mark.parametrize(
    ("deltas", "used"),
    [
        ([], None),
        ([Metered(), Restarted(2, 0.0, "x")], None),
        ([Metered()], Used(Usage(70), estimated=True)),
        ([TextDelta("eightish")], Used(Usage(70, output_tokens=2), estimated=True)),
        (
            [Metered(Usage(50, 40)), ThinkingDelta("eightish"), CallDelta("read", 8)],
            Used(Usage(50, 40, output_tokens=4), estimated=True),
        ),
        (
            [Metered(Usage(50)), TextDelta("four"), Metered(Usage(50, output_tokens=9))],
            Used(Usage(50, output_tokens=9), estimated=True),
        ),
        (
            [Metered(Usage(50)), TextDelta("four"), Finished("end", Usage(51, output_tokens=9))],
            Used(Usage(51, output_tokens=9), estimated=False),
        ),
        (
            [TextDelta("four"), Finished("end", Usage())],
            Used(Usage(70, output_tokens=1), estimated=True),
        ),
        (
            [Metered(Usage(50)), Restarted(2, 0.0, "x"), TextDelta("four")],
            Used(Usage(70, output_tokens=1), estimated=True),
        ),
    ],
    ids=[
        "nothing happened",
        "it failed at once and is tried again",
        "taken up without a word",
        "words",
        "reasoning and arguments count as output",
        "reported output is heeded",
        "whole",
        "a server that never reports",
        "each attempt by itself",
    ],
)
def test_a_call_uses(deltas, used):
    meter = Meter(70)
    for delta in deltas:
        meter.add(delta)
    assert meter.used == used
