"""Quotation marks, as people and keyboards write them."""

MARKS = '"“”«»'
"""Those that are nothing else; an apostrophe may be one as well."""
QUOTES = f"{MARKS}'"


def unquoted(text: str) -> str:
    """Without the quotes around all of it; those that stand around a part belong to it."""
    inner = text.strip(QUOTES).strip()
    return text if any(mark in inner for mark in MARKS) else inner
