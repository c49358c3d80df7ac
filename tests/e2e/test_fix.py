"""A scripted bug fix through each wire: the same records and the same files."""

import re
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from e2e.process import Json, Kedge, Ran, lines
from e2e.remotes import ANSWER, DEMO, KEYS, REMOTES, demo_project, fixing
from loopback.script import WIRE_NAMES, WireName
from loopback.threaded import running_server
from loopback.wires.wire import is_array, is_object

_OF_ONE_RUN = frozenset(
    {
        *("ts", "prev", "seq", "session", "response_id", "signature", "wire", "config_version"),
        *("duration_ms", "api_ms", "estimated_tokens", "usage", "cost_usd"),
        *("model", "tools", "tool_versions", "system", "environment"),
    }
)
"""Ids, times, and what a provider counts or names in its own way."""


class Fixed(msgspec.Struct, frozen=True):
    """The fix as one wire had it."""

    kedge: Kedge
    ran: Ran

    @property
    def folder(self) -> Path:
        """Where the project was fixed."""
        return self.kedge.cwd / "basket"


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> dict[WireName, Fixed]:
    """The runs through all wires, with bytes cut at odd places."""
    return {wire: _fixed(wire, tmp_path_factory.mktemp(wire)) for wire in WIRE_NAMES}


def _fixed(wire: WireName, folder: Path) -> Fixed:
    kedge = Kedge(folder, folder / "home", KEYS)
    demo_project(folder / "basket")
    remote = REMOTES[wire]
    with running_server(fixing(remote), seed=7) as server:
        ran = kedge(
            *remote.options(server.url, "-C", "basket", "--mode", "full", "-p", "Fix it."),
            *("--verify", "python3 -m unittest", "--output-format", "stream-json"),
        )
    assert server.failures == []
    return Fixed(kedge, ran)


def comparable(one: Fixed) -> list[object]:
    """What must not depend on the wire: neighbouring deltas joined, the edit as its effect."""
    text = msgspec.json.encode(_joined(one.ran.records)).decode()
    text = re.sub(r"(\d+ tests in )[\d.]+s", r"\1 s", text.replace(str(one.kedge.cwd), "CWD"))
    return [_without_own(record) for record in msgspec.json.decode(text, type=list[Json])]


def _joined(records: list[Json]) -> list[Json]:
    joined: list[Json] = []
    for record in records:
        kind = str(record["kind"])
        if joined and kind.endswith(".delta") and joined[-1]["kind"] == kind:
            joined[-1] = {**joined[-1], "text": f"{joined[-1]['text']}{record['text']}"}
        else:
            joined.append(record)
    return joined


def _without_own(value: object) -> object:
    if is_array(value):
        return [_without_own(inner) for inner in value]
    if not is_object(value):
        return value
    dropped = set(_OF_ONE_RUN)
    if value.get("type") == "thinking":
        dropped.add("id")
    if value.get("id") == "call_5":
        dropped |= {"tool", "name", "arguments", "content"}
    if value.get("kind") == "checkpoint":
        dropped |= {"id"}  # it says which directory, and what byte-code lies in it
    return {key: _without_own(inner) for key, inner in value.items() if key not in dropped}


def test_the_records_of_the_three_wires_are_the_same(fixed: dict[WireName, Fixed]) -> None:
    anthropic, responses, chat = (comparable(fixed[wire]) for wire in WIRE_NAMES)
    assert responses == anthropic
    assert chat == anthropic


def test_the_files_are_the_same_and_only_the_bug_is_gone(fixed: dict[WireName, Fixed]) -> None:
    original = (DEMO / "basket.py").read_text()
    wanted = original.replace("subtotal > DISCOUNT_FROM", "subtotal >= DISCOUNT_FROM")
    for one in fixed.values():
        assert (one.folder / "basket.py").read_text() == wanted
        tracked = {path.name for path in one.folder.iterdir() if path.name != "__pycache__"}
        assert tracked == {"README.md", "basket.py", "test_basket.py"}


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_the_run_ends_well_with_evidence(fixed: dict[WireName, Fixed], wire: WireName) -> None:
    ran = fixed[wire].ran
    assert (ran.code, ran.complaint) == (0, "")
    result = ran.result
    assert (result["status"], result["exit_code"], result["text"]) == ("done", 0, ANSWER)
    evidence = msgspec.convert(result["evidence"], Json)
    assert evidence["unverified_claims"] == []
    assert [check["ok"] for check in msgspec.convert(evidence["checks"], list[Json])] == [True]
    (change,) = msgspec.convert(evidence["files_changed"], list[Json])
    assert change == {
        "path": "basket.py", "change": "modified", "added": 1, "removed": 1,
    }  # fmt: skip
    assert list(msgspec.convert(result["usage"], Json)) == [REMOTES[wire].model]


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_the_stream_is_numbered_without_gap_from_start_to_result(
    fixed: dict[WireName, Fixed], wire: WireName
) -> None:
    records = fixed[wire].ran.records
    assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
    assert records[0]["kind"] == "session.started"
    assert [record["kind"] for record in records].count("result") == 1
    assert records[-1]["kind"] == "result"


def test_every_record_fits_the_published_schema(fixed: dict[WireName, Fixed]) -> None:
    one = fixed["anthropic"]
    printed = one.kedge("schema", "events")
    schema = msgspec.json.decode(printed.out)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for wire in WIRE_NAMES:
        for record in fixed[wire].ran.records:
            validator.validate(record)


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_the_log_holds_the_facts_of_the_stream_chained(
    fixed: dict[WireName, Fixed], wire: WireName
) -> None:
    (log,) = fixed[wire].kedge.logs
    stored = log.read_bytes().splitlines()
    facts = [line for line in fixed[wire].ran.out.splitlines() if b'"prev":' in line]
    assert stored == facts
    assert lines(stored[0])[0]["prev"] == ""
    for before, after in pairwise(stored):
        assert lines(after)[0]["prev"] == sha256(before).hexdigest()
    assert log.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("wire", WIRE_NAMES)
def test_reads_run_side_by_side_and_every_bracket_closes(
    fixed: dict[WireName, Fixed], wire: WireName
) -> None:
    steps = [(r["kind"], r.get("id")) for r in fixed[wire].ran.records if "id" in r]
    started = [steps.index(("action.started", f"call_{number}")) for number in (1, 2, 3)]
    ended = [steps.index(("action.ended", f"call_{number}")) for number in (1, 2, 3)]
    assert max(started) < min(ended)
    assert ended == sorted(ended)
    for number in range(1, 7):
        kinds = [kind for kind, id in steps if id == f"call_{number}" and kind != "action.output"]
        assert kinds == ["action.proposed", "decision", "action.started", "action.ended"]


def test_the_key_is_in_no_record_and_no_log(fixed: dict[WireName, Fixed]) -> None:
    for one in fixed.values():
        everything = one.ran.out + one.kedge.logs[0].read_bytes()
        assert not any(key.encode() in everything for key in KEYS.values())
