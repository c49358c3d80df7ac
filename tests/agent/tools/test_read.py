"""`read`: pages of numbered text, images, PDF, and what it refuses."""

import asyncio
import json
import os
import socket
import sys
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kedge.agent.errors import ToolError
from kedge.agent.messages import Image
from kedge.agent.ports import Output
from kedge.agent.tools.disk import MOST_BYTES
from kedge.agent.tools.function import FunctionTool
from kedge.config.settings import ReadSettings

Call = Callable[..., Output]
Told = Callable[..., str]
Refused = Callable[..., ToolError]

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


@pytest.fixture
def read_settings() -> ReadSettings:
    return ReadSettings(max_lines=100, max_bytes=2_000, max_line_chars=60)


def numbered_file(work: Path, lines: int) -> None:
    (work / "long.txt").write_text("".join(f"line {n}\n" for n in range(1, lines + 1)))


def test_lines_are_numbered_and_a_whole_file_needs_no_remark(work: Path, told: Told):
    (work / "a.py").write_text("def f():\n\treturn 1\n")
    assert told("read", file_path="a.py") == "     1\tdef f():\n     2\t\treturn 1"


@given(lines=st.lists(st.text("ab \té€😀\x0b\u2028", max_size=8), min_size=1, max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_shows_every_line_as_it_is(work: Path, told: Told, lines: list[str]):
    (work / "any.txt").write_text("".join(f"{line}\n" for line in lines), newline="")
    expected = "\n".join(f"{n:>6}\t{line}" for n, line in enumerate(lines, 1))
    assert told("read", file_path="any.txt") == expected


def test_more_lines_than_the_cap_are_told_with_the_offset_to_go_on_with(
    work: Path, call: Call, told: Told
):
    numbered_file(work, 250)
    first = told("read", file_path="long.txt")
    assert first.endswith("   100\tline 100\nShowing lines 1-100 of 250; continue with offset=101.")
    last = told("read", file_path="long.txt", offset=201)
    assert last.startswith("   201\tline 201\n")
    assert last.endswith("   250\tline 250\nShowing lines 201-250 of 250.")
    assert call("read", file_path="long.txt").truncated
    assert not call("read", file_path="long.txt", offset=201).truncated


def test_bytes_are_capped_too_and_pages_join_without_a_gap(work: Path, told: Told):
    (work / "wide.txt").write_text("".join(f"{n:>3} {'é' * 40}\n" for n in range(90)))
    seen: list[str] = []
    offset = 1
    while True:
        *rows, footer = told("read", file_path="wide.txt", offset=offset).split("\n")
        assert len("\n".join(rows).encode()) <= 2_000
        seen += [row.split("\t")[1] for row in rows]
        if "continue with offset=" not in footer:
            break
        offset = int(footer.rpartition("=")[2].rstrip("."))
    assert seen == (work / "wide.txt").read_text().splitlines()


def test_a_limit_that_was_asked_for_is_no_truncation(work: Path, call: Call, told: Told):
    numbered_file(work, 250)
    assert told("read", file_path="long.txt", offset=7, limit=2) == (
        "     7\tline 7\n     8\tline 8\nShowing lines 7-8 of 250; continue with offset=9."
    )
    assert not call("read", file_path="long.txt", offset=7, limit=2).truncated
    assert call("read", file_path="long.txt", limit=5_000).truncated


def test_a_negative_offset_reads_the_tail(work: Path, told: Told):
    numbered_file(work, 250)
    assert told("read", file_path="long.txt", offset=-2) == (
        "   249\tline 249\n   250\tline 250\nShowing lines 249-250 of 250."
    )
    assert told("read", file_path="long.txt", offset=-9_999, limit=1).startswith("     1\tline 1\n")


def test_an_offset_past_the_end_is_answered_with_the_line_count(work: Path, told: Told):
    numbered_file(work, 250)
    assert told("read", file_path="long.txt", offset=251) == (
        "Line 251 is past the end: 'long.txt' has 250 lines."
    )


def test_an_empty_file_is_named(work: Path, told: Told):
    (work / "nothing").touch()
    assert told("read", file_path="nothing") == "'nothing' is empty."


def test_long_lines_are_cut_visibly(work: Path, told: Told):
    (work / "long.json").write_text("x" * 100 + "\ny\n")
    assert told("read", file_path="long.json") == (
        f"     1\t{'x' * 60} [+40 characters]\n     2\ty"
    )


def test_one_line_is_shown_even_if_it_exceeds_the_cap(work: Path, told: Told):
    (work / "wide.txt").write_text("😀" * 60 + "\n" + "é" * 4_000)
    assert "😀" * 60 in told("read", file_path="wide.txt")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "cp1252"])
def test_other_encodings_are_read_and_named(work: Path, told: Told, encoding: str):
    (work / "old.txt").write_bytes("Straße, café\nzwei\n".encode(encoding))
    text = told("read", file_path="old.txt")
    assert text.startswith("     1\tStraße, café\n     2\tzwei\nEncoding: ")
    assert encoding in text


@pytest.mark.parametrize(
    ("data", "ends"),
    [(b"a\r\nb\r\n", "CRLF"), (b"a\rb\r", "CR"), (b"a\r\nb\n", "mixed (CRLF, LF)")],
)
def test_unusual_line_ends_are_named(work: Path, told: Told, data: bytes, ends: str):
    (work / "dos.txt").write_bytes(data)
    assert told("read", file_path="dos.txt") == (
        f"     1\ta\n     2\tb\nLine ends: {ends}; they are kept when you edit."
    )


@pytest.mark.parametrize("data", [b"\x7fELF\x02\x01\x01\0\0", b"text\0more", b"PK\x03\x04\xff\xfe"])
def test_binary_files_are_refused(work: Path, refused: Refused, data: bytes):
    (work / "tool.txt").write_bytes(data)
    error = refused("read", file_path="tool.txt")
    assert (error.kind, "'tool.txt' is binary" in str(error)) == ("binary", True)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 20, "image/jpeg"),
        (b"GIF89a" + b"\0" * 20, "image/gif"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp"),
    ],
)
def test_images_are_known_by_their_bytes_and_come_as_images(
    work: Path, call: Call, data: bytes, media_type: str
):
    (work / "picture.txt").write_bytes(data)
    _, image = call("read", file_path="picture.txt").content
    assert isinstance(image, Image)
    assert (image.media_type, b64decode(image.data)) == (media_type, data)


def test_an_image_too_large_for_providers_is_refused(work: Path, refused: Refused):
    (work / "huge.png").write_bytes(PNG + b"\0" * 3_750_000)
    error = refused("read", file_path="huge.png")
    assert error.kind == "binary"
    assert "smaller copy" in str(error)


def pdf(*pages: str) -> bytes:
    """A PDF with one line of text on each page (PDF 1.4)."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for n, text in enumerate(pages):
        drawn = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET" if text else ""
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * n} 0 R >>",
            f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream",
        ]
    body, table = "%PDF-1.4\n", f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    for number, text in enumerate(objects, 1):
        table += f"{len(body):010} 00000 n \n"
        body += f"{number} 0 obj\n{text}\nendobj\n"
    trailer = (
        f"trailer\n<< /Root 1 0 R /Size {len(objects) + 1} >>\nstartxref\n{len(body)}\n%%EOF\n"
    )
    return (body + table + trailer).encode()


def test_a_pdf_is_read_page_by_page(work: Path, told: Told):
    pytest.importorskip("pypdf")
    (work / "paper").write_bytes(pdf("First words", "Second words"))
    assert told("read", file_path="paper") == (
        "     1\t--- page 1 of 2 ---\n     2\tFirst words\n"
        "     3\t--- page 2 of 2 ---\n     4\tSecond words"
    )


@pytest.mark.parametrize("data", [b"%PDF-1.4\nbroken", pdf("")])
def test_a_pdf_that_is_damaged_or_has_no_text_is_refused(
    work: Path, refused: Refused, capfd: pytest.CaptureFixture[str], data: bytes
):
    pytest.importorskip("pypdf")
    (work / "paper.pdf").write_bytes(data)
    assert refused("read", file_path="paper.pdf").kind == "binary"
    assert capfd.readouterr().err == ""


def test_without_the_extra_a_pdf_names_it(
    work: Path, refused: Refused, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "pypdf", None)
    (work / "paper.pdf").write_bytes(pdf("Words"))
    error = refused("read", file_path="paper.pdf")
    assert (error.kind, "kedge[pdf]" in str(error)) == ("binary", True)


def test_a_directory_is_refused_with_what_it_holds(work: Path, refused: Refused):
    (work / "src" / "inner").mkdir(parents=True)
    (work / "src" / "b.py").touch()
    (work / "src" / "loop").symlink_to("loop")
    error = refused("read", file_path="src")
    assert error.kind == "other"
    assert str(error) == "'src' is a directory, not a file. It holds:\nb.py\ninner/\nloop"


def test_names_that_are_not_utf_8_are_told_and_recorded_as_well_as_can_be(
    work: Path, refused: Refused, tools: dict[str, FunctionTool]
):
    odd = os.fsencode(work) + b"/odd\xff"
    os.mkdir(odd)
    (work / "link").symlink_to(os.fsdecode(odd))
    assert "'odd\ufffd' is a directory" in str(refused("read", file_path="link"))
    [effect] = tools["read"].effects({"file_path": "link"})
    assert effect.target == f"{work.resolve()}/odd\ufffd"


def test_the_list_of_a_large_directory_is_bounded(work: Path, refused: Refused):
    (work / "many").mkdir()
    for n in range(150):
        (work / "many" / f"{n:03}").touch()
    assert str(refused("read", file_path="many")).endswith("\n099\n... and 50 more")


def test_a_missing_file_is_answered_with_near_names_and_the_working_directory(
    work: Path, refused: Refused
):
    (work / "src").mkdir()
    (work / "src" / "basket.py").touch()
    error = refused("read", file_path="src/baskets.py")
    assert error.kind == "not_found"
    assert "src/basket.py" in str(error)
    assert str(work) in str(error)


@pytest.mark.parametrize("path", ["a.py/b.py", "no/such/place.py", "x" * 300])
def test_paths_that_cannot_be_are_errors_for_the_model(work: Path, refused: Refused, path: str):
    (work / "a.py").touch()
    assert refused("read", file_path=path).kind in {"not_found", "other"}


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_what_is_no_path_is_refused(refused: Refused, path: str):
    assert refused("read", file_path=path).kind == "other"


def test_what_leads_out_of_the_workspace_is_refused_before_it_runs(
    work: Path, tmp_path: Path, tools: dict[str, FunctionTool]
):
    (tmp_path / "secret").write_text("no")
    (work / "link").symlink_to(tmp_path / "secret")
    for path in ("../secret", str(tmp_path / "secret"), "link"):
        arguments = tools["read"].parse(json.dumps({"file_path": path}))
        with pytest.raises(ToolError) as caught:
            tools["read"].effects(arguments)
        assert caught.value.kind == "outside_workspace"


def test_links_within_the_workspace_are_followed(work: Path, told: Told):
    (work / "real.txt").write_text("here\n")
    (work / "link.txt").symlink_to("real.txt")
    assert told("read", file_path="link.txt") == "     1\there"


def test_pipes_and_sockets_are_refused_without_waiting(work: Path, refused: Refused):
    os.mkfifo(work / "pipe")
    assert "is a pipe" in str(refused("read", file_path="pipe"))
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.open(work, os.O_RDONLY)
        # Names of sockets are limited to about 100 bytes.
        listener.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
        assert refused("read", file_path="socket").kind == "other"


def test_a_file_too_large_to_be_read_is_refused_with_a_way_out(work: Path, refused: Refused):
    with (work / "huge.log").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    error = refused("read", file_path="huge.log")
    assert (error.kind, "16 MiB" in str(error), "grep" in str(error)) == ("other", True, True)


async def test_several_files_can_be_read_side_by_side(work: Path, tools: dict[str, FunctionTool]):
    for n in range(8):
        (work / f"{n}.txt").write_text(f"{n}\n")

    async def read(n: int) -> Output:
        arguments = tools["read"].parse(json.dumps({"file_path": f"{n}.txt"}))
        return await tools["read"].run(arguments, lambda text: None)

    outputs = await asyncio.gather(*map(read, range(8)))
    assert outputs == [Output.of(f"     1\t{n}") for n in range(8)]


def test_a_limit_below_one_names_the_field(refused: Refused):
    assert "limit" in str(refused("read", file_path="a", limit=0))
