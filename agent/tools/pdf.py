"""The text of PDF files, by pypdf (the extra `pdf`)."""

import asyncio
import logging
from io import BytesIO

from ..errors import ToolError

_OF_DAMAGED_FILES = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What pypdf raises besides its own errors, since it looks before it leaps only here and there."""


def is_pdf(data: bytes) -> bool:
    """Whether the first bytes announce a PDF, whatever the file is called."""
    return data.startswith(b"%PDF-")


async def pdf_text(data: bytes, shown: str) -> str:
    """The text of all pages, each behind a line with its number.

    Raises:
        ToolError: `binary`; pypdf is not installed, or the file is damaged, encrypted or has no
            text.
    """
    try:
        # An optional extra, and slow to import.
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError as error:
        raise ToolError(
            "binary",
            f"{shown!r} is a PDF. Its text can be read once the extra 'pdf' is installed "
            "(pip install 'kedge[pdf]'); until then try a command such as pdftotext.",
        ) from error
    # Without a handler, complaints about odd files would be printed to stderr.
    logging.getLogger("pypdf").addHandler(logging.NullHandler())
    try:
        # In a thread, page by page: a page takes up to a second.
        reader = await asyncio.to_thread(PdfReader, BytesIO(data))
        pages = [await asyncio.to_thread(page.extract_text) for page in reader.pages]
    except (PyPdfError, *_OF_DAMAGED_FILES) as error:
        what = f"{type(error).__name__}: {error}"
        raise ToolError("binary", f"The PDF {shown!r} cannot be read ({what}).") from error
    if not any(page.strip() for page in pages):
        raise ToolError("binary", f"The PDF {shown!r} holds no text, only pictures perhaps.")
    return "\n".join(
        f"--- page {number} of {len(pages)} ---\n{page}" for number, page in enumerate(pages, 1)
    )
