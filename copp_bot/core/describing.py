"""How a shared thing is described: title, tags and language as someone typed them, checked and tidied."""

import re
from unicodedata import category

from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.languages import language_code
from copp_bot.core.quotes import unquoted
from copp_bot.core.reply import clean
from storage.search.words import fold, sound

LONGEST_TITLE = 200
LONGEST_TAG = 40
MOST_TAGS = 10
_TAG = re.compile(rf"[^\W_][\w\u0900-\u0dff-]{{0,{LONGEST_TAG - 1}}}")
"""Letters and digits of any script; the vowels of those of India are marks, which are no word signs for ``re``."""
_LONE_SIGNS = re.compile(r"(?:\s+#)+$")
"""What is left of a tag that was not finished."""
_SPACE_BEFORE = re.compile(r"\s+([,.])(?=\s|$)")


def checked_title(title: str) -> str:
    """A title in one line, without the quotes around all of it, a lone ``#`` behind it, and spaces before a comma.

    What has nothing but punctuation is no title.
    """
    title = " ".join(clean(sound(title)).split())
    title = unquoted(_SPACE_BEFORE.sub(r"\1", _LONE_SIGNS.sub("", title)))
    if all(category(sign)[0] in "PZ" for sign in title):
        return ""
    if len(title) > LONGEST_TITLE:
        raise UserError(
            _("That title has {length} characters; {limit} is the most. Give a shorter one.").format(
                length=len(title), limit=LONGEST_TITLE
            )
        )
    return title


def checked_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Tags as they are stored: folded, each once; a UserError for what cannot be a tag."""
    folded = tuple(dict.fromkeys(map(_checked_tag, tags)))
    if len(folded) > MOST_TAGS:
        raise UserError(_("Those are {count} tags; {limit} is the most.").format(count=len(folded), limit=MOST_TAGS))
    return folded


def _checked_tag(tag: str) -> str:
    folded = fold(sound(tag))
    if not _TAG.fullmatch(folded):
        said = clean(tag)[:20] + ("…" if len(tag) > 20 else "")
        sentence = _("#{tag} cannot be a tag: those are letters, digits, - and _, at most {limit}, like #music.")
        raise UserError(sentence.format(tag=said, limit=LONGEST_TAG))
    return folded


def checked_language(code: str | None) -> str | None:
    """An ISO 639-1 code, for a code or a name; a UserError for what is none."""
    if code is None:
        return None
    found = language_code(code)
    if found is None:
        raise UserError(
            _("I do not know the language “{code}”. Use its two letters, for example lang:fr.").format(
                code=clean(code)[:20]
            )
        )
    return found
