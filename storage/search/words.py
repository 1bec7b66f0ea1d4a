"""Words as the index knows them: folded and stemmed, the same for what is shelved and for what is asked.

The rule it keeps: both orders of folding and stemming, in English and in French, so that nobody has to say (and
nothing has to guess) which language a text is in, and accents may be left out. Words of other scripts are kept
whole; runs of Chinese, Japanese and Korean signs, which have no spaces, become overlapping pairs.
Stemmer: Snowball English and French (https://snowballstem.org).
"""

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

LONGEST_WORD = 64
LONGEST_STEM = 40
MOST_STEMS = 40_000
"""Distinct stems kept of one text; the terms of that many fit into the megabyte of PostgreSQL's tsvector."""
_SINGLE_LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "n"}
)
"""Letters that Unicode does not decompose (sharp s is folded by ``casefold``)."""
_SOFT = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_CJK_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_WORD = re.compile(f"[{_CJK_SIGNS}]+|(?:(?![{_CJK_SIGNS}])[^\\W_])+")
_CJK = re.compile(f"[{_CJK_SIGNS}]")
_COMMON = {
    "en": "a about an and are as at be by can for from has have how in is it its not of on or our that the their they "
    "this to was we were what when which who will with you your",
    "fr": "au aux avec ce ces cette comme comment dans de des donc du elle elles en est et il ils je la le les leur "
    "leurs mais nous ont ou par pas plus pour qu que qui sa se ses son sont sur un une vos votre vous",
}
_COMMON_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_LEFT_OUT = frozenset().union(*_COMMON_WORDS.values())
_local = threading.local()


@dataclass(frozen=True)
class Found:
    """A word of a text, and where it stands."""

    word: str
    start: int
    end: int


def sound(text: str) -> str:
    """The text without NUL and lone surrogates, which databases refuse."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode()


def fold(text: str) -> str:
    """Without case, accents and ligatures: ``Œuvre`` and ``oeuvre`` are alike. Folding twice changes nothing."""
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_SINGLE_LETTERS)
    return "".join(sign for sign in folded if not unicodedata.combining(sign))


def words(text: str) -> Iterator[Found]:
    """The words of a text in order, with their places in it."""
    for match in _WORD.finditer(text):
        if _CJK.match(match[0]):
            yield from _pairs(match[0], match.start())
        else:
            yield Found(match[0], match.start(), match.end())


def stems(word: str) -> frozenset[str]:
    """The stems that stand for a word; two words are alike when they share one."""
    return _stems(word[:LONGEST_WORD])


@lru_cache(maxsize=50_000)
def _stems(word: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFC", word).lower()
    folded = fold(plain)
    found: set[str] = set()
    for stemmer in _stemmers():
        found |= {fold(stemmer.stemWord(plain)), stemmer.stemWord(folded)}
    return frozenset(cut for stem in found for cut in (_only_word(stem)[:LONGEST_STEM],) if cut)


def stems_of(text: str) -> set[str]:
    """All stems of a text, at most ``MOST_STEMS`` (the first ones)."""
    found: set[str] = set()
    for word in dict.fromkeys(part.word for part in words(composed(text))):
        found |= stems(word)
        if len(found) >= MOST_STEMS:
            break
    return found


def composed(text: str) -> str:
    """Accents joined to their letters and invisible hyphens taken out, so that words stay whole."""
    return unicodedata.normalize("NFC", _SOFT.sub("", sound(text)))


def asked(query: str) -> tuple[frozenset[str], ...]:
    """What a query asks for: one set of stems per word, any of which will do.

    Articles and their like are left out when other words remain.
    """
    every = list(dict.fromkeys(part.word for part in words(composed(query))))
    telling = [word for word in every if not _says_little(word)]
    wanted = dict.fromkeys(stems(word) for word in (telling or every))
    return tuple(alternatives for alternatives in wanted if alternatives)


def readable_words(text: str) -> Sequence[str]:
    """The telling words of a title in small letters, with accents, for suggestions."""
    found = dict.fromkeys(part.word.lower() for part in words(composed(text)))
    return [word for word in found if 3 <= len(word) <= LONGEST_STEM and not _says_little(word)]


def guess_language(text: str) -> str | None:
    """``en`` or ``fr`` when the text's small words leave no doubt, else None. Looks at the first 20,000 characters."""
    seen = Counter(part.word.lower() for part in words(text[:20_000]))
    score = {language: sum(min(seen[word], 3) for word in common) for language, common in _COMMON_WORDS.items()}
    best, other = sorted(score, key=lambda language: -score[language])
    return best if score[best] >= 4 and score[best] >= 2 * score[other] else None


def _pairs(run: str, start: int) -> Iterable[Found]:
    if len(run) == 1:
        return [Found(run, start, start + 1)]
    return [Found(run[i : i + 2], start + i, start + i + 2) for i in range(len(run) - 1)]


def _says_little(word: str) -> bool:
    folded = fold(word)
    return folded in _LEFT_OUT or (len(folded) == 1 and folded.isascii() and folded.isalpha())


def _only_word(stem: str) -> str:
    """Folding may bring signs that are no letters (``½`` becomes ``1⁄2``); the index takes letters and digits alone."""
    return "".join(sign for sign in stem if sign.isalnum())


def _stemmers() -> tuple[Stemmer.Stemmer, ...]:
    """One set per thread: a stemmer keeps state while it works."""
    found: tuple[Stemmer.Stemmer, ...] | None = getattr(_local, "stemmers", None)
    if found is None:
        found = _local.stemmers = (Stemmer.Stemmer("english"), Stemmer.Stemmer("french"))
    return found
