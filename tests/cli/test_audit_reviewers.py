"""How often a reviewer was overruled is computed from the records."""

import msgspec
import pytest

from kedge.agent.bus import Bus
from kedge.agent.events import ActionProposed, Considered, Decision
from kedge.agent.stores.jsonl import JsonlStore
from kedge.cli.commands.audit import reviewers


@pytest.fixture
def judged(tmp_path, monkeypatch):
    """A session in which a person overruled the reviewer once and agreed with it once."""
    monkeypatch.setenv("KEDGE_HOME", str(tmp_path))
    log = JsonlStore(tmp_path / "state" / "sessions").open("s")
    bus = Bus("s", log)
    for id, outcome in (("1", "deny"), ("2", "allow")):
        bus.emit(ActionProposed(id, "bash", {"command": id}, ()))
        heard = (Considered("model m", "allow", "fine"),)
        bus.emit(Decision(id, outcome, "person", "said so", considered=heard, asked=True))
    log.close()


def test_the_share_of_overruled_verdicts_is_told(judged, capfd):
    reviewers((), as_json=False)
    assert capfd.readouterr().out.startswith("model m  50% overruled  (2 verdicts, 0 not heard")


def test_the_numbers_can_be_had_as_data(judged, capfd):
    reviewers(("s",), as_json=True)
    row = msgspec.json.decode(capfd.readouterr().out)
    assert (row["name"], row["overruled"], row["error_rate"]) == ("model m", 1, 0.5)
