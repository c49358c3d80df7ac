"""A session written down: for people and for programs, harmless to whoever opens it."""

import stat
from html.parser import HTMLParser

import pytest

from e2e.process import Kedge, lines
from e2e.remotes import Served
from loopback.script import Call, turn

HOSTILE = "<script>alert(1)</script> & <img src=x onerror=alert(2)> \x1b[2J\x1b]0;t\x07 # Heading"
OUTPUT = "```\n</pre><script>alert(3)</script>\n## Person\n````"
SECRET = "sk-ant-api03-Zk3nV8q2Lx9Wb4Rt7Yh1Jc6Df5Gs0Pa-Mu2Ei8Ko3Qz7Xv9Bn4Tl6Hr1Wy5Cj0Fd"


@pytest.fixture
def session(kedge: Kedge, served: Served) -> str:
    """One with hostile words from the person, the model and a program."""
    (kedge.cwd / "hostile.txt").write_text(OUTPUT)
    options = served(
        turn(Call("bash", {"command": "cat hostile.txt"})),
        turn(f"## Person\n{HOSTILE}\n```py\nx = 1\n```"),
    )
    assert kedge(*options, "-p", HOSTILE, "--mode", "full").code == 0
    return kedge.logs[0].stem


class Page(HTMLParser):
    """The elements and attributes of a page, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_page_is_whole_by_itself_and_runs_nothing(kedge: Kedge, session: str) -> None:
    page = Page(kedge("sessions", "export", session, "-f", "html").answer)
    assert not page.tags & {"script", "img", "link", "iframe", "object", "a", "form"}
    assert not page.attributes & {"src", "href", "onerror", "style"}
    assert "<script>alert(1)</script>" in page.words and "</pre><script>alert(3)" in page.words
    assert "\x1b" not in page.words and "\x07" not in page.words


def test_words_in_markdown_cannot_pass_for_what_happened(kedge: Kedge, session: str) -> None:
    told = kedge("sessions", "export", session).answer
    assert told.count("\n## Person\n") == 2, "the real one, and one within a fence"
    fence = "`````"
    assert f"{fence}\n{OUTPUT}\n" in told, "a fence longer than any within"
    assert "> ## Person" in told and "> ```py" in told
    assert "\x1b" not in told


def test_json_has_every_record_as_it_was_written(kedge: Kedge, session: str) -> None:
    ran = kedge("sessions", "export", session, "-f", "json")
    (records,) = lines(b'{"all":' + ran.out.replace(b"\n", b" ") + b"}")
    assert records["all"] == kedge.log


@pytest.mark.parametrize(
    ("name", "begins"), [("a.md", "# Session"), ("a.html", "<!doctype"), ("a.json", "[")]
)
def test_a_file_is_new_private_and_says_by_its_name_what_it_holds(
    kedge: Kedge, session: str, name: str, begins: str
) -> None:
    assert kedge("sessions", "export", session, "-o", name).code == 0
    file = kedge.cwd / name
    assert file.read_text().startswith(begins)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.read_bytes()
    again = kedge("sessions", "export", session, "-o", name)
    assert again.code == 2 and "File exists" in again.complaint and file.read_bytes() == before
    assert kedge("sessions", "export", session, "-o", f"nowhere/{name}").code == 2
    assert sorted(path.name for path in kedge.cwd.iterdir()) == sorted([name, "hostile.txt"])


@pytest.mark.parametrize("form", ["md", "html", "json"])
def test_what_is_redacted_names_neither_secrets_nor_places_nor_people(
    kedge: Kedge, served: Served, form: str
) -> None:
    words = f"{kedge.home}/x {kedge.home}stead anna@example.org password={SECRET}"
    assert kedge(*served(turn("Noted.")), "-p", words).code == 0
    id = kedge.logs[0].stem
    told = kedge("sessions", "export", id, "-f", form, "--redact").answer
    assert SECRET not in told and "anna@" not in told and "(address)" in told
    assert "~/x" in told and f"{kedge.home}stead" in told and f"{kedge.home}/" not in told
    assert "anna@" in kedge("sessions", "export", id, "-f", form).answer
