"""`kedge why` and `kedge audit` on the logs of real runs."""

import csv
import io
from pathlib import Path

import pytest

from e2e.gated import Model, bash, write
from e2e.process import Json, Kedge, lines
from loopback.script import Call, turn


@pytest.fixture
def worked(model: Model) -> list[Json]:
    """A run in which much was decided; its decisions."""
    (model.kedge.cwd / "a.txt").write_text("one\n")
    model.run(
        Call("read", {"file_path": "a.txt"}),
        bash("ls && rm -rf /"),
        bash("ls && make install"),
        bash("make test"),
        bash("make clean"),
        write("made.txt"),
        Call("bash", "{"),
        Call("nobody", {}),
        bash("echo \x1b[31mred; curl https://example.com"),
        options=("--allow", "bash(make test)", "--deny", "bash(make clean)"),
    )
    return model.of("decision")


def test_every_decision_is_explained_in_words(kedge: Kedge, worked: list[Json]) -> None:
    ran = kedge("why")
    assert ran.code == 0 and "\x1b" not in ran.answer
    sections = ran.answer.strip().split("\n\n")
    assert len(sections) == len(worked) == 9
    for section, decision in zip(sections, worked, strict=True):
        assert section.startswith(f"{decision['seq']}  ")
        said = "allowed by" if decision["outcome"] == "allow" else "not allowed by"
        assert f"  {said} {decision['by']}: " in section
        assert "mode ask, sandbox workspace-write" in section and "the action ended: " in section
    read, root, install, test, clean, made, broken, nobody, red = sections
    assert "mode ask allows it" in read
    assert "hard-gates" in root.lower() or "hard" in root.lower()
    assert "`make install`" in install and "--allow" in install
    assert "the rule: " in test and "--allow" in test
    assert "the rule: " in clean and "--deny" in clean
    assert f"write {kedge.cwd}/made.txt" in made
    assert "by schema" in broken and "There is no tool 'nobody'" in nobody
    assert "connect to example.com" in red


def test_one_decision_is_found_by_its_number_or_that_of_its_action(
    kedge: Kedge, worked: list[Json]
) -> None:
    (log,) = kedge.logs
    seq = worked[3]["seq"]
    ran = kedge("why", log.stem, str(seq))
    assert ran.answer.startswith(f"{seq}  ") and ran.answer.strip().count("\n\n") == 0
    assert kedge("why", log.stem[:15], str(int(str(seq)) - 1)).answer == ran.answer
    (row,) = kedge("why", log.stem, str(seq), "--json").records
    assert (row["seq"], row["outcome"], row["status"]) == (seq, "allow", "ok")
    missing = kedge("why", log.stem, "1")
    assert missing.code == 2 and "is no decision" in missing.complaint
    assert kedge("why", "nonsense").code != 0


def test_a_log_that_is_whole_verifies(kedge: Kedge, worked: list[Json]) -> None:
    ran = kedge("audit", "verify")
    assert ran.code == 0 and ran.answer.endswith("whole\n")


def damaged(log: Path, records: list[bytes]) -> list[tuple[str, bytes]]:
    """Every way to tamper with a log, a little at a time."""
    whole = b"".join(records)
    last = len(records) - 1
    ways = [(f"removed {n}", b"".join([*records[:n], *records[n + 1 :]])) for n in range(last + 1)]
    ways += [
        (f"swapped {n}", b"".join([*records[:n], records[n + 1], records[n], *records[n + 2 :]]))
        for n in range(last)
    ]
    changed = [record.replace(b"a", b"b", 1) for record in records]
    ways += [
        (f"changed {n}", b"".join([*records[:n], changed[n], *records[n + 1 :]]))
        for n in range(last + 1)
    ]
    ways += [
        ("doubled", b"".join([*records[:5], records[4], *records[5:]])),
        ("torn", whole[:-20]),
        ("no newline at the end", whole[:-1]),
        ("end cut", b"".join(records[:-3])),
        ("emptied", b""),
        ("a line of nonsense", whole + b"nonsense\n"),
        ("an empty line", whole + b"\n"),
        ("a byte that is no text", whole.replace(b"make", b"m\xffke", 1)),
    ]  # fmt: skip
    return ways


def test_whatever_was_done_to_a_log_is_detected(kedge: Kedge, worked: list[Json]) -> None:
    from kedge.agent.stores.jsonl import JsonlStore

    (log,) = kedge.logs
    whole = log.read_bytes()
    store = JsonlStore(log.parent)
    unnoticed: list[str] = []
    for way, data in damaged(log, whole.splitlines(keepends=True)):
        log.write_bytes(data)
        if not store.damage(log.stem):
            unnoticed.append(way)
    assert unnoticed == []
    ran = kedge("audit", "verify")
    assert ran.code == 1 and "1 damaged" in ran.complaint
    log.write_bytes(whole)
    assert kedge("audit", "verify").code == 0


def test_a_log_that_is_gone_is_missed(kedge: Kedge, worked: list[Json]) -> None:
    (log,) = kedge.logs
    log.unlink()
    assert kedge("audit", "verify", log.stem).code != 0


def test_a_query_narrows(kedge: Kedge, worked: list[Json]) -> None:
    def found(*options: str) -> list[Json]:
        return kedge("audit", "query", "--json", *options).records

    assert len(found()) == 9
    assert [one["outcome"] for one in found("--outcome", "allow")] == ["allow", "allow"]
    assert {one["tool"] for one in found("--tool", "bash")} == {"bash"}
    assert [one["by"] for one in found("--by", "schema")] == ["schema"] * 2
    assert len(found("--by", "rules")) == 2
    assert len(found("--since", "1h")) == 9 and found("--since", "2999-01-01") == []
    assert kedge("audit", "query", "--since", "soon").code == 2
    plain = kedge("audit", "query", "--outcome", "deny").answer
    assert plain.count("\n") == 7 and "\x1b" not in plain


def test_an_export_is_whole(kedge: Kedge, worked: list[Json]) -> None:
    rows = lines(kedge("audit", "export").out)
    assert [row["reason"] for row in rows] == [one["reason"] for one in worked]
    table = list(csv.DictReader(io.StringIO(kedge("audit", "export", "--format", "csv").answer)))
    assert [row["outcome"] for row in table] == [one["outcome"] for one in worked]


def test_two_sessions_are_listed_in_their_order(model: Model, worked: list[Json]) -> None:
    model.run(turn(bash("ls", "a"), bash("pwd", "b")), options=("--mode", "auto"))
    rows = model.kedge("audit", "query", "--json").records
    assert len(rows) == 11
    assert [row["ts"] for row in rows] == sorted(str(row["ts"]) for row in rows)
