"""The place of a text that a searcher wants to see, and which of its words are meant."""

from collections import Counter, deque

from storage.search import words

SCANNED = 200_000
"""Characters of a text that are looked through for the words of a query."""


def extract(text: str, query: str, width: int) -> str:
    """About ``width`` characters of the text, around the place where most words of the query stand together.

    The beginning of the text when none of the words is there. Line breaks become spaces; cuts are marked by ``…``.
    """
    flat = " ".join(words.composed(text[:SCANNED]).split())
    return _cut(flat, _best_place(flat, words.asked(query), width), width)


def highlight(text: str, query: str) -> list[tuple[str, bool]]:
    """The text in pieces; True marks a word that the query asks for."""
    wanted = frozenset().union(*words.asked(query))
    pieces: list[tuple[str, bool]] = []
    done = 0
    for found in words.words(text):
        if found.start >= done and wanted & words.stems(found.word):
            pieces += [(text[done : found.start], False), (text[found.start : found.end], True)]
            done = found.end
    return [piece for piece in (*pieces, (text[done:], False)) if piece[0]]


def _best_place(text: str, asked: tuple[frozenset[str], ...], width: int) -> int:
    """Where the window with most different words of the query begins; the first such, 0 when there is none."""
    window: deque[tuple[int, int]] = deque()
    inside: Counter[int] = Counter()
    best, place = 0, 0
    for found in words.words(text):
        which = next((i for i, stems in enumerate(asked) if stems & words.stems(found.word)), None)
        if which is None:
            continue
        window.append((found.start, which))
        inside[which] += 1
        while len(window) > 1 and found.end - window[0][0] > width * 2 // 3:
            inside[window.popleft()[1]] -= 1
        different = sum(1 for count in inside.values() if count > 0)
        if different > best:
            best, place = different, window[0][0]
        if best == len(asked):
            break
    return place


def _cut(text: str, place: int, width: int) -> str:
    if len(text) <= width:
        return text
    start = max(0, min(place - width // 4, len(text) - width))
    if start:
        start = text.find(" ", start, place) + 1 or start
    end = min(len(text), start + width)
    if end < len(text):
        end = max(text.rfind(" ", start + width // 2, end), 0) or end
    return ("…" if start else "") + text[start:end].strip(" ,;:") + ("…" if end < len(text) else "")
