"""The breakers of a stored session can be seen and reset."""

import pytest

from kedge.agent.bus import Bus
from kedge.agent.events import BreakerChanged, SessionStarted
from kedge.agent.stores.jsonl import JsonlStore
from kedge.cli.commands.breakers import list_breakers, reset_breaker
from kedge.config.errors import UsageError


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("KEDGE_HOME", str(tmp_path))
    store = JsonlStore(tmp_path / "state" / "sessions")
    log = store.open("s")
    bus = Bus("s", log)
    bus.emit(SessionStarted("/w", None, "0", "c", None, "p", "none", "ask", "m", "", "", ()))
    bus.emit(BreakerChanged("reviewer hook", "open", "3 of the last 3 calls failed"))
    log.close()
    return store


def test_an_open_breaker_is_listed(store, capfd):
    list_breakers("s", "", as_json=False)
    assert capfd.readouterr().out == "reviewer hook  open  3 of the last 3 calls failed\n"


def test_a_reset_breaker_is_closed_and_the_log_is_whole(store, capfd):
    reset_breaker("reviewer hook", "s", "")
    capfd.readouterr()
    list_breakers("s", "", as_json=True)
    assert '"state":"closed"' in capfd.readouterr().out
    assert store.damage("s") is None


def test_a_breaker_that_is_not_there_is_named(store):
    with pytest.raises(UsageError, match="no breaker 'provider x'"):
        reset_breaker("provider x", "s", "")
