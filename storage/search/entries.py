"""What the index keeps of one item, without its audience: one short string per entry.

``w`` a stem of title, text or keywords · ``t`` a stem of the title · ``k`` a mark such as ``kind:library``, matched
whole · ``s`` a readable word of the title, for suggestions (kept in the word table, not in the index).
"""

import hashlib
from collections.abc import Iterable, Sequence

from storage.search import words

WORD, TITLE, MARK, READABLE = "w", "t", "k", "s"


def entries_of(title: str, text: str, keywords: Iterable[str], marks: Iterable[str]) -> list[str]:
    """All entries of an item in a fixed order."""
    in_title = words.stems_of(title)
    anywhere = in_title | words.stems_of(" ".join(keywords)) | words.stems_of(text)
    return sorted(
        {WORD + stem for stem in anywhere}
        | {TITLE + stem for stem in in_title}
        | {MARK + term(mark) for mark in marks}
        | {READABLE + word for word in words.readable_words(title)}
    )


def indexed(entries: Iterable[str]) -> list[str]:
    """The entries that belong into the index."""
    return [entry for entry in entries if not entry.startswith(READABLE)]


def readable(entries: Iterable[str]) -> list[str]:
    """The words that belong into the word table."""
    return [entry[1:] for entry in entries if entry.startswith(READABLE)]


def wanted(query: str, marks: Iterable[str], in_title: bool) -> list[Sequence[str]]:
    """What an item must have: of each group at least one entry. Empty when the query has no word."""
    kind = TITLE if in_title else WORD
    groups: list[Sequence[str]] = [sorted(kind + stem for stem in stems) for stems in words.asked(query)]
    return groups + [[MARK + term(mark)] for mark in marks] if groups else []


def term(*parts: str) -> str:
    """What stands in an index for an entry, an audience or both: letters and digits of one length, and no word.

    An index keeps what was taken out of it until it is merged or vacuumed; of these nothing can be read.
    """
    return hashlib.blake2b(" ".join(parts).encode(), digest_size=7).hexdigest()
