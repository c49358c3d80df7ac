"""`kedge sessions`: names, forks, exports, deletion, and the doctor."""

import json
import os
import random
import stat
import string
from html.parser import HTMLParser
from pathlib import Path

import pytest

from kedge.agent.bus import Bus
from kedge.agent.codec import encode
from kedge.agent.errors import StoreError
from kedge.agent.events import MessageAdded, SessionStarted, TurnStarted
from kedge.agent.messages import Text
from kedge.agent.stores.forking import fork
from kedge.agent.stores.jsonl import JsonlStore
from kedge.cli.catalogue import Catalogue
from kedge.cli.commands.export import export_session
from kedge.cli.commands.sessions import rename_session
from kedge.cli.commands.sessions_delete import delete_sessions
from kedge.cli.commands.sessions_doctor import examine
from kedge.cli.commands.sessions_list import list_sessions, search_sessions
from kedge.cli.saved import named
from kedge.cli.surroundings import surroundings
from kedge.config.errors import UsageError

Capture = pytest.CaptureFixture[str]
OPENING = SessionStarted(
    cwd="/w", git_head=None, kedge_version="0", config_version="c", experiment_arm=None,
    policy_hash="p", sandbox="none", mode="full", model="test/model", system="", environment="",
    tools=(),
)  # fmt: skip


@pytest.fixture
def state() -> Path:
    return Path(os.environ["KEDGE_HOME"]) / "state"


@pytest.fixture
def store(state: Path) -> JsonlStore:
    return JsonlStore(state / "sessions")


def talk(store: JsonlStore, session: str, prompt: str = "Mend the sail.", answer: str = "Yes."):
    log = store.open(session)
    bus = Bus(session, log)
    bus.emit(OPENING)
    bus.emit(TurnStarted((Text(prompt),)))
    bus.emit(MessageAdded("assistant", (Text(answer),)))
    log.close()


def name_of(session: str) -> str:
    return Catalogue(surroundings()).names().get(session, "")


def found_by_doctor(capture: Capture, *, fix: bool = False, prune: bool = False):
    capture.readouterr()
    code = examine(fix=fix, prune=prune, as_json=True)
    rows = [json.loads(line) for line in capture.readouterr().out.splitlines()]
    harm = [row for row in rows if row["kind"] not in ("stale", "trash")]
    assert code == (1 if any(not row["done"] for row in harm) else 0)
    return {row["kind"]: row for row in rows}


def test_a_name_stands_for_the_session_and_is_a_fact_in_its_log(store: JsonlStore) -> None:
    talk(store, "20260101-000000-aaaaaa")
    rename_session("2026", "the sail")
    names = Catalogue(surroundings()).names
    for said in ("the sail", "the", "20260101-000000-aaaaaa", "2026"):
        assert named(store, said, names) == "20260101-000000-aaaaaa"
    assert store.damage("20260101-000000-aaaaaa") is None
    rename_session("the sail", "")
    assert name_of("20260101-000000-aaaaaa") == ""


def test_a_name_is_not_given_twice_and_is_no_id(store: JsonlStore) -> None:
    talk(store, "a")
    talk(store, "b")
    rename_session("a", "sail")
    for name in ("sail", "2", "2026", "20260101", "20260101-0", "20260101-000000-aaaaaa", "x" * 61):
        with pytest.raises(UsageError):
            rename_session("b", name)
    rename_session("a", "sail")


def test_a_session_in_use_keeps_its_name(store: JsonlStore) -> None:
    talk(store, "a")
    log = store.open("a")
    with pytest.raises(StoreError, match="in use"):
        rename_session("a", "sail")
    log.close()


def test_without_an_index_everything_is_found_and_a_person_is_told(
    store: JsonlStore, state: Path, capfd: Capture
) -> None:
    talk(store, "a")
    (state / "sessions.db").write_bytes(b"nonsense" * 1000)
    list_sessions("", everywhere=True, as_json=True)
    search_sessions("sail", 5, "", everywhere=True, as_json=True)
    said = capfd.readouterr()
    assert [json.loads(line).get("prompt", "") for line in said.out.splitlines()][0] != ""
    assert len(said.out.splitlines()) == 2
    assert said.err.count("cannot be used") == 2 and "doctor" in said.err


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_html_runs_and_loads_nothing(store: JsonlStore, capfd: pytest.CaptureFixture[str]) -> None:
    evil = '</pre><script>alert(1)</script><img src=x onerror="y"><a href="javascript:z">'
    talk(store, "a", evil, evil)
    export_session("a", "html", "", redact=False)
    text = capfd.readouterr().out
    page = _Page()
    page.feed(text)
    assert not page.tags & {"script", "img", "a", "link", "iframe", "object"}
    assert page.attributes <= {"lang", "charset", "http-equiv", "content", "name"}
    assert "&lt;script&gt;alert(1)" in text


def test_markdown_holds_a_programs_words_in_a_longer_fence(
    store: JsonlStore, capfd: pytest.CaptureFixture[str]
) -> None:
    talk(store, "a", "Mend the sail.", "With ```` in it.")
    export_session("a", "md", "", redact=False)
    text = capfd.readouterr().out
    assert text.index("Mend the sail.") < text.index("With ```` in it.")


def test_json_holds_every_record_as_it_is(
    store: JsonlStore, capfd: pytest.CaptureFixture[str]
) -> None:
    talk(store, "a")
    export_session("a", "json", "", redact=False)
    records = json.loads(capfd.readouterr().out)
    assert records == [json.loads(line) for line in store.lines("a")]


@pytest.mark.parametrize("form", ["md", "json", "html"])
def test_redaction_takes_out_secrets_and_the_home(
    store: JsonlStore, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    secret = "".join(random.Random(7).choices(string.ascii_letters, k=40))
    monkeypatch.setenv("HARBOUR_TOKEN", secret)
    talk(store, "a", f"use {secret} in /home/ada/x")
    export_session("a", form, "", redact=True)
    text = capfd.readouterr().out
    assert secret not in text and "/home/ada" not in text and "~/x" in text
    export_session("a", form, "", redact=False)
    assert secret in capfd.readouterr().out


def test_an_export_is_a_new_file_for_its_owner(store: JsonlStore, tmp_path: Path) -> None:
    talk(store, "a")
    file = tmp_path / "a.md"
    export_session("a", "md", str(file), redact=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="cannot write"):
        export_session("a", "md", str(file), redact=False)


def test_deleting_takes_log_and_outputs_and_leaves_what_a_fork_refers_to(
    store: JsonlStore, state: Path
) -> None:
    for id in ("a", "b"):
        talk(store, id)
        (state / "outputs" / id).mkdir(parents=True)
        (state / "trash" / id).mkdir(parents=True)
    fork(store, "a", "c", "t")
    assert delete_sessions(("a", "b"), yes=True) == 0
    assert store.sessions() == ("c",)
    assert [path.name for path in (state / "outputs").iterdir()] == ["a"]
    assert len(list((state / "trash").iterdir())) == 2
    assert [row.id for row in Catalogue(surroundings()).summaries()] == ["c"]


def test_nothing_is_deleted_when_one_of_them_is_not_there(store: JsonlStore) -> None:
    talk(store, "a")
    with pytest.raises(UsageError, match="no session 'nope'"):
        delete_sessions(("a", "nope"), yes=True)
    assert store.sessions() == ("a",)


def test_where_all_is_well_nothing_is_found(store: JsonlStore, capsys: Capture) -> None:
    talk(store, "a")
    Catalogue(surroundings()).summaries()
    assert found_by_doctor(capsys, fix=True, prune=True) == {}


def test_a_torn_line_is_found_and_removed(store: JsonlStore, capsys: Capture) -> None:
    talk(store, "a")
    whole = store.path("a").read_bytes()
    store.path("a").write_bytes(whole + b'{"v":1,"se')
    assert "torn" in found_by_doctor(capsys)
    assert store.path("a").read_bytes() != whole, "looking changes nothing"
    assert found_by_doctor(capsys, fix=True)["torn"]["done"]
    assert store.path("a").read_bytes() == whole


def test_what_is_before_a_broken_chain_is_saved(store: JsonlStore, capsys: Capture) -> None:
    talk(store, "a")
    changed = store.path("a").read_bytes().replace(b"Mend the sail.", b"Sell the ship.")
    store.path("a").write_bytes(changed)
    assert found_by_doctor(capsys, fix=True)["chain"]["done"]
    (saved,) = set(store.sessions()) - {"a"}
    assert store.damage(saved) is None
    assert store.path("a").read_bytes() == changed


def test_a_later_format_is_reported_and_left(store: JsonlStore, capsys: Capture) -> None:
    talk(store, "a")
    later = store.path("a").read_bytes().replace(b'"v":1', b'"v":7')
    store.path("a").write_bytes(later)
    found = found_by_doctor(capsys, fix=True, prune=True)["format"]
    assert "update" in found["meaning"] and not found["done"]
    assert store.path("a").read_bytes() == later


def test_what_is_before_a_damaged_record_is_saved_once(store: JsonlStore, capsys: Capture) -> None:
    talk(store, "a")
    damaged = store.path("a").read_bytes() + b"\xff\xfe\n"
    store.path("a").write_bytes(damaged)
    for _ in range(2):
        assert found_by_doctor(capsys, fix=True)["record"]["done"]
        assert store.path("a").read_bytes() == damaged
        (saved,) = [id for id in store.sessions() if id != "a"]
        assert [encode(event) for event in store.read(saved)][:3] == [*store.lines("a")][:3]
        assert store.damage(saved) is None


def test_what_others_could_read_is_closed_to_them(store: JsonlStore, capsys: Capture) -> None:
    talk(store, "a")
    store.path("a").chmod(0o644)
    assert found_by_doctor(capsys, fix=True)["permissions"]["done"] == "mode 600"
    assert stat.S_IMODE(store.path("a").stat().st_mode) == 0o600


def test_what_belongs_to_nothing_is_deleted_only_when_asked(
    store: JsonlStore, state: Path, capsys: Capture
) -> None:
    talk(store, "a")
    head = state / "sessions" / "gone.head"
    head.write_text("x")
    head.chmod(0o600)
    outputs = state / "outputs" / "gone"
    outputs.mkdir(parents=True)
    assert not found_by_doctor(capsys, fix=True)["orphan"]["done"]
    assert head.exists() and outputs.exists()
    assert found_by_doctor(capsys, prune=True)["orphan"]["done"] == "deleted"
    assert not head.exists() and not outputs.exists()


def test_files_that_a_deleted_session_left_in_the_trash_are_never_pruned(
    store: JsonlStore, state: Path, capsys: Capture
) -> None:
    talk(store, "a")
    (state / "trash" / "gone" / "kept").mkdir(parents=True)
    assert not found_by_doctor(capsys, fix=True, prune=True)["trash"]["done"]
    assert (state / "trash" / "gone" / "kept").exists()


@pytest.mark.parametrize("damage", [b"nonsense" * 1000, None])
def test_the_index_is_made_to_say_what_the_logs_say(
    store: JsonlStore, state: Path, capsys: Capture, damage: bytes | None
) -> None:
    talk(store, "a")
    Catalogue(surroundings()).summaries()
    talk(store, "b")
    kind = "stale"
    if damage:
        (state / "sessions.db").write_bytes(damage)
        kind = "index"
    assert kind in found_by_doctor(capsys, fix=True)
    assert found_by_doctor(capsys) == {}
