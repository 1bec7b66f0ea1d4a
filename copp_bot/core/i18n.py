"""Every text for people goes through here. The language is that of the reader, set around each rendering."""

import gettext as _gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

LOCALES = Path(__file__).parent.parent / "locales"
DEFAULT_LANGUAGE = "en"
_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def gettext(message: str) -> str:
    """The message in the reader's language; English where there is no translation."""
    return _catalogue(_language.get()).gettext(message)


def ngettext(singular: str, plural: str, count: int) -> str:
    """The form of the message that fits ``count`` in the reader's language."""
    return _catalogue(_language.get()).ngettext(singular, plural, count)


def deferred(message: str) -> str:
    """Mark a text of a declaration for translation; it is translated where it is shown."""
    return message


@contextmanager
def reading_in(language: str | None) -> Iterator[None]:
    """Render in this language inside the block."""
    token = _language.set(language or DEFAULT_LANGUAGE)
    try:
        yield
    finally:
        _language.reset(token)


def current_language() -> str:
    """The language that texts are rendered in now (ISO 639-1)."""
    return _language.get()


@cache
def _catalogue(language: str) -> _gettext.NullTranslations:
    return _gettext.translation("copp_bot", LOCALES, [language], fallback=True)
