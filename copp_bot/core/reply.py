"""What a command answers: lines of parts that become Matrix ``body`` and ``formatted_body`` together.

Parts are data, never markup, so nothing a member wrote can become a tag, a link or a mention.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from copp_bot.core.ids import EventId, ItemId, MxcUri, UserId

LINES_IN_A_ROOM = 8
"""A longer answer goes to the direct chat."""
MATRIX_TO = "https://matrix.to/#/"
_INVISIBLE = re.compile("[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")


@dataclass(frozen=True)
class Span:
    """A piece of a line in both forms."""

    plain: str
    html: str
    is_block: bool = False
    """Paragraphs of their own: stands alone in its line, and no line break is put beside it."""


Part = str | Span
Line = tuple[Part, ...]


def clean(text: str) -> str:
    """One line of text without control and direction characters, which could make it read as something else."""
    return _INVISIBLE.sub(" ", text).strip()


def bold(text: str) -> Span:
    """Strong text."""
    return Span(clean(text), f"<strong>{escape(clean(text))}</strong>")


def italic(text: str) -> Span:
    """Emphasised text."""
    return Span(clean(text), f"<em>{escape(clean(text))}</em>")


def code(text: str) -> Span:
    """Something to type."""
    return Span(clean(text), f"<code>{escape(clean(text))}</code>")


def link(text: str, url: str) -> Span:
    """A link; the plain form shows the address as well, and only http(s) becomes one."""
    label, url = clean(text), _INVISIBLE.sub("", url)
    if not url.startswith(("https://", "http://")):
        return Span(label, escape(label))
    plain = url if label == url else f"{label} ({url})"
    return Span(plain, f'<a href="{escape(url, quote=True)}">{escape(label)}</a>')


def verbatim(text: str) -> Span:
    """Several lines exactly as they are, to be copied."""
    return Span(text, f"<pre><code>{escape(text, quote=False)}</code></pre>", is_block=True)


def person(user_id: str, name: str | None = None) -> Span:
    """A person as clients show one; whether they are notified is said by ``Reply.mentions`` alone."""
    label = clean(name or user_id)
    return Span(label, f'<a href="{MATRIX_TO}{quote(user_id, safe="@:")}">{escape(label)}</a>')


def room_link(text: str, room_id: str, server: str) -> Span:
    """A link to a room, which the reader's own client finds through ``server``; the plain form shows the address."""
    return link(text, f"{MATRIX_TO}{quote(room_id, safe='!:')}?via={quote(server)}")


def event_link(text: str, room_id: str, event_id: str) -> Span:
    """A link to a message, opened by the reader's own client; the plain form shows the address as well."""
    url = f"{MATRIX_TO}{quote(room_id, safe='!:')}/{quote(event_id, safe='$')}"
    return Span(f"{clean(text)} ({url})", f'<a href="{url}">{escape(clean(text))}</a>')


@dataclass(frozen=True)
class Option:
    """One choice: a reaction the bot puts under the message, what it means in words, and the command it stands for."""

    key: str
    label: str
    command: str


@dataclass(frozen=True)
class Attachment:
    """A file to post, that already lies on the homeserver."""

    name: str
    mxc: MxcUri
    media_type: str
    size: int | None = None


@dataclass(frozen=True)
class Reply:
    """An answer.

    Args:
        lines: what is said; at most eight go to a shared room, a longer answer goes to the direct chat.
        private: goes to the direct chat in any case.
        notice: ``m.notice``; False makes ``m.text``, for what the bot starts towards a person.
        mentions: the people who are meant, for ``m.mentions``.
        items: the items it shows; withdrawing one of them redacts the message.
        options: choices by reaction.
        choices: commands that a numbered answer stands for, the first is 1.
        asked: the only people who may choose; empty for whoever may run the command.
        source: the event that the chosen command is about, as if it were a reply to it.
        attachment: a file that is posted after the text.
        once: the first choice counts and closes the question.
        until: how long the choices stand; a week where nothing is said.
    """

    lines: tuple[Line, ...]
    private: bool = False
    notice: bool = True
    mentions: tuple[UserId, ...] = ()
    items: tuple[ItemId, ...] = ()
    options: tuple[Option, ...] = ()
    choices: tuple[str, ...] = ()
    asked: tuple[UserId, ...] = ()
    source: EventId | None = None
    attachment: Attachment | None = None
    once: bool = True
    until: datetime | None = None

    def to_private(self) -> "Reply":
        """The same answer for the direct chat."""
        return replace(self, private=True)

    def towards(self, person: UserId) -> "Reply":
        """The same, started by us towards somebody: clients are silent about notices."""
        return replace(self, notice=False, mentions=(person,))

    def and_line(self, *parts: Part) -> "Reply":
        """The same answer with one more line."""
        return replace(self, lines=(*self.lines, parts))

    @property
    def plain(self) -> str:
        """The text for clients and readers without HTML."""
        return "\n".join("".join(_plain(p) for p in line) for line in self._all_lines())

    @property
    def html(self) -> str:
        """Matrix's allowed HTML subset (Client-Server API, ``org.matrix.custom.html``)."""
        lines = self._all_lines()
        breaks = ["" if _is_block(one) or _is_block(other) else "<br>" for one, other in pairwise(lines)]
        return "".join(part for pair in zip(map(_line_html, lines), [*breaks, ""], strict=True) for part in pair)

    def content(self) -> dict[str, Any]:
        """The content of an ``m.room.message`` event."""
        return {
            "msgtype": "m.notice" if self.notice else "m.text",
            "body": self.plain,
            "format": "org.matrix.custom.html",
            "formatted_body": self.html,
            "m.mentions": {"user_ids": list(self.mentions)} if self.mentions else {},
        }

    def _all_lines(self) -> tuple[Line, ...]:
        if not self.options:
            return self.lines
        words = " · ".join(f"{option.key} {option.label}" for option in self.options)
        return (*self.lines, (words,))


def say(*lines: Part | Line, **how: Any) -> Reply:
    """A reply of these lines; a bare part is a line of its own. ``how`` are the fields of ``Reply``."""
    return Reply(tuple(line if isinstance(line, tuple) else (line,) for line in lines), **how)


def shorten(text: str, limit: int) -> str:
    """At most ``limit`` characters, cut between words, with an ellipsis where cut."""
    text = clean(text)
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    cut = head.rsplit(" ", 1)[0] if " " in head[limit // 2 :] else head
    return cut.rstrip(" ,;:.") + "…"


def _plain(part: Part) -> str:
    return clean_keep_spaces(part) if isinstance(part, str) else part.plain


def _html(part: Part) -> str:
    return escape(clean_keep_spaces(part), quote=False) if isinstance(part, str) else part.html


def _line_html(line: Line) -> str:
    return "".join(map(_html, line))


def _is_block(line: Line) -> bool:
    return any(isinstance(part, Span) and part.is_block for part in line)


def clean_keep_spaces(text: str) -> str:
    """As ``clean``, but the spaces at both ends stay, because the part stands inside a line."""
    return _INVISIBLE.sub(" ", text)
