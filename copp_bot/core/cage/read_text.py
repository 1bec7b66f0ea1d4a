"""Plain text."""

from typing import Any

from copp_bot.core.cage import texts
from copp_bot.core.cage.texts import READ_BYTES


def read(data: bytes, charset: str) -> dict[str, Any]:
    """The text; it has no title of its own."""
    text, is_cut = texts.kept(texts.decode(data, charset))
    return {"text": text, "is_cut": is_cut or len(data) > READ_BYTES}
