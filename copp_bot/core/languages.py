"""Languages by ISO 639-1 code or by name, in English, in themselves, or in the reader's language."""

from difflib import get_close_matches
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.core import get_global

from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import shorten
from copp_bot.core.words import text_language
from storage.search.words import fold


def find_language(said: str) -> str:
    """The ISO 639-1 code of a language said by code (a region is ignored) or by name.

    Raises:
        UserError: there is no such language; names that are near are suggested.
    """
    code = language_code(said)
    if code is not None:
        return code
    word, known = fold(said.strip()), _names(text_language())
    near = get_close_matches(word, known, n=3, cutoff=0.75)
    raise UserError(_not_found(said, list(dict.fromkeys(known[name] for name in near))))


def language_code(said: str) -> str | None:
    """As ``find_language``, and None where there is no such language; three letters (ISO 639-2) are a code too."""
    word = fold(said.strip())
    code = word.replace("_", "-").split("-")[0]
    if len(code) == 3:
        code = get_global("language_aliases").get(code, code)
    return code if code in _codes() else _names(text_language()).get(word)


def language_name(code: str) -> str:
    """The language's name as the surrounding text is written; the code when it has none there."""
    return str(Locale.parse(text_language()).languages.get(code, code))


def _not_found(said: str, near: list[str]) -> str:
    said = shorten(said, 40)
    if near:
        choices = ", ".join(f"{language_name(code)} (!me language {code})" for code in near)
        return _("I know no language “{said}”. Did you mean {choices}?").format(said=said, choices=choices)
    return _(
        "I know no language “{said}”. Say its name or its two-letter code (ISO 639-1), for example !me language fr."
    ).format(said=said)


@cache
def _codes() -> frozenset[str]:
    """Two-letter codes that Unicode's locale data name in English."""
    return frozenset(code for code in map(str, Locale("en").languages) if len(code) == 2)


@cache
def _names(reader: str) -> dict[str, str]:
    """Folded name -> code: own names first, then English ones, then those in the reader's language."""
    known: dict[str, str] = {}
    for code in sorted(_codes()):
        for name in (_own_name(code), Locale("en").languages.get(code), Locale.parse(reader).languages.get(code)):
            if name:
                known.setdefault(fold(name), code)
    return known


def _own_name(code: str) -> str | None:
    try:
        return Locale(code).languages.get(code)
    except UnknownLocaleError:
        return None
