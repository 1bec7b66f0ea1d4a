"""Files that dialogs post, made here so that their bytes are real."""

from datetime import UTC, datetime
from functools import cache

from fpdf import FPDF

from tests import office

TEXTS = {
    "clapping.pdf": "Clapping games. Start with a steady pulse, then let each pupil clap one syllable of a name.",
    "interview.md": "# Interviewing grandparents\n\nAsk for one object and its story. Listen more than you speak.",
    "rhymes.docx": "Counting rhymes for the playground: one potato, two potato. Let the pupils teach theirs.",
    "notes.txt": "Plain notes about a scavenger hunt in the town archive.",
}


def sample(name: str) -> tuple[bytes, str]:
    """The bytes and the media type of a sample file."""
    text = TEXTS[name]
    if name.endswith(".pdf"):
        return pdf(text), "application/pdf"
    if name.endswith(".docx"):
        return office.document("docx", text, title="Counting rhymes"), f"{office.TYPE}.wordprocessingml.document"
    return text.encode(), "text/markdown" if name.endswith(".md") else "text/plain"


@cache
def pdf(text: str) -> bytes:
    """A PDF of one page with this text; the same text gives the same bytes."""
    page = FPDF()
    page.set_creation_date(datetime(2026, 1, 1, tzinfo=UTC))
    page.add_page()
    page.set_font("Helvetica", size=12)
    page.multi_cell(0, 8, text)
    return bytes(page.output())
