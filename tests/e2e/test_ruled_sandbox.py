"""What rules forbid holds for programs and searches as well, not only for what names a path."""

import sys

import pytest

from e2e.process import COMMAND, Kedge
from e2e.test_tool_exec import executed

ON = ("sandbox", "run", "--")
RULES = """[rules]
deny = ["read(diary.txt)", "read(*.pem)", "read(/notes/private)", "edit(locked/)", "edit(/one)",
        "read(.env.example)", "bash(shutdown *)"]
allow = ["read"]
"""
READERS = {
    "cat": ("cat", "diary.txt"),
    "deeper": ("cat", "sub/diary.txt"),
    "pattern": ("cat", "sub/key.pem"),
    "anchored": ("cat", "notes/private/a"),
    "grep": ("grep", "-r", "SECRET", "."),
    "shell": ("sh", "-c", "cat < diary.txt"),
    "python": (sys.executable, "-c", "print(open('diary.txt').read())"),
    "hard link": ("sh", "-c", "ln diary.txt x && cat x"),
    "renamed": ("sh", "-c", "mv diary.txt x && cat x"),
    "called free": ("cat", ".env.example"),
}


@pytest.fixture(autouse=True)
def ruled(kedge: Kedge) -> None:
    """A workspace with secrets, and a person's rules about them."""
    (kedge.home / "config").mkdir(parents=True)
    (kedge.home / "config" / "config.toml").write_text(RULES)
    for name in ("diary.txt", "sub/diary.txt", "sub/key.pem", "notes/private/a", ".env.example"):
        (kedge.cwd / name).parent.mkdir(parents=True, exist_ok=True)
        (kedge.cwd / name).write_text("SECRET\n")
    (kedge.cwd / "private").write_text("SECRET elsewhere\n")
    (kedge.cwd / "locked").mkdir()
    for name in ("one", "locked/a"):
        (kedge.cwd / name).write_text("as it was\n")


@pytest.mark.parametrize("words", READERS.values(), ids=READERS)
def test_no_program_reads_what_a_rule_denies(kedge: Kedge, words: tuple[str, ...]) -> None:
    assert "SECRET\n" not in kedge(*ON, *words).answer


@pytest.mark.parametrize("words", READERS.values(), ids=READERS)
def test_nor_does_it_on_the_second_rung(kedge: Kedge, words: tuple[str, ...]) -> None:
    # Within a sandbox there are no further namespaces: what runs there is on the second rung. The
    # outer one knows nothing of the rules, and lets the inner one see them.
    rules = kedge.cwd / "inner" / "config" / "config.toml"
    rules.parent.mkdir(parents=True)
    rules.write_text(RULES)
    inner = (*ON, "env", f"KEDGE_HOME={kedge.cwd}/inner", *COMMAND)
    outer = {"KEDGE_HOME": str(kedge.home / "outer")}
    control = kedge(*inner, *ON, "cat", "private", env=outer)
    assert (control.answer, "landlock only" in control.complaint) == ("SECRET elsewhere\n", True)
    assert "SECRET\n" not in kedge(*inner, *ON, *words, env=outer).answer


def test_what_no_rule_denies_is_read(kedge: Kedge) -> None:
    assert kedge(*ON, "cat", "private").answer == "SECRET elsewhere\n"


@pytest.mark.parametrize("name", ["one", "locked/a"])
def test_no_program_changes_what_a_rule_keeps(kedge: Kedge, name: str) -> None:
    kedge(*ON, "sh", "-c", f"echo x >> {name}; rm -f {name}; mv {name} gone")
    assert (kedge.cwd / name).read_text() == "as it was\n"
    assert kedge(*ON, "cat", name).answer == "as it was\n"


@pytest.mark.parametrize("level", ["workspace-write", "read-only", "off"])
def test_searches_pass_over_what_a_rule_denies(kedge: Kedge, level: str) -> None:
    kedge.env["KEDGE_SANDBOX_LEVEL"] = level
    ran = executed(
        kedge,
        ("grep", {"pattern": "SECRET", "output_mode": "content"}),
        ("glob", {"pattern": "**/*"}),
        ("grep", {"pattern": "SECRET", "path": "notes"}),
        ("read", {"file_path": "sub/diary.txt"}),
    )
    said = "\n".join(str(answer["text"]) for answer in ran.records)
    assert "SECRET elsewhere" in said
    assert "SECRET\n" not in said
    assert not any(name in str(ran.records[1]["text"]) for name in ("diary.txt", "key.pem"))
    assert ran.records[3]["ok"] is False


def test_the_policy_names_the_rule_and_its_place(kedge: Kedge) -> None:
    shown = kedge("sandbox", "policy").answer.splitlines()
    file = kedge.home / "config" / "config.toml"
    rows = [" ".join(line.split()) for line in shown if "# deny " in line]
    assert rows == [
        f"never_read diary.txt # deny read(diary.txt) ({file}:2)",
        f"never_read *.pem # deny read(*.pem) ({file}:2)",
        f"never_read {kedge.cwd}/notes/private # deny read(/notes/private) ({file}:2)",
        f"never_read .env.example # deny read(.env.example) ({file}:3)",
        f"never_write locked # deny edit(locked/) ({file}:2)",
        f"never_write {kedge.cwd}/one # deny edit(/one) ({file}:2)",
    ]
    assert not any(line.split()[:2] == ["free", ".env.example"] for line in shown)


def test_who_denies_nothing_does_not_load_the_grammar(kedge: Kedge) -> None:
    shown = (sys.executable, "-X", "importtime", "-m", "kedge")
    assert "kedge.config.rules" in kedge(*ON, "true", command=shown).complaint
    (kedge.home / "config" / "config.toml").write_text('[rules]\nallow = ["read"]\n')
    assert "kedge.config.rules\n" not in kedge(*ON, "true", command=shown).complaint


def test_a_deny_rule_that_means_nothing_is_told(kedge: Kedge) -> None:
    (kedge.home / "config" / "config.toml").write_text('[rules]\ndeny = ["read({a,b})"]\n')
    ran = kedge(*ON, "true")
    assert (ran.code, "can never match" in ran.complaint) == (3, True)
