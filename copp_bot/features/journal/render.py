"""Journals as answers; all of them are private. Pure."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from copp_bot.core.i18n import gettext as _
from copp_bot.core.markdown import prose, words_of
from copp_bot.core.reply import Line, Option, Reply, bold, code, say, shorten
from copp_bot.core.words import moment
from copp_bot.features.journal.service import Entry

DRAFT, MORE, REMOVE = "📰", "➡️", "🗑️"
EXCERPT = 100


def render_kept(entry: Entry) -> Reply:
    """It is kept; it may become a post."""
    line: Line = (_("Kept in your journal as "), bold(entry.number), _(". Nobody else can read it."))
    return say(line, options=_choices(entry), once=False, items=(entry.id,), private=True)


def render_entry(entry: Entry, zone: ZoneInfo) -> Reply:
    """One entry whole."""
    head: Line = (bold(entry.number), f" · {moment(entry.at, zone)}")
    return say(head, (prose(entry.text),), options=_choices(entry), once=False, items=(entry.id,), private=True)


def render_entries(entries: Sequence[Entry], further: str | None, zone: ZoneInfo) -> Reply:
    """The newest entries, numbered; ``further`` is the command for the next ones."""
    if not entries:
        nothing: Line = (_("Nothing more in your journal. Write something: "), code("!me journal Today I …"))
        return say(nothing, private=True)
    lines: list[Line] = [(_("Your journal. Reply with a number to see all of an entry:"),)]
    lines += [(f"{number}. {_line(entry, zone)}",) for number, entry in enumerate(entries, 1)]
    return say(
        *lines,
        choices=tuple(f"journal show {entry.number}" for entry in entries),
        options=(Option(MORE, _("more"), further),) if further else (),
        once=False,
        items=tuple(entry.id for entry in entries),
        private=True,
    )


def render_withdrawn(number: str) -> Reply:
    """It is gone."""
    return say(_("{id} is gone from your journal. Your own message stays, until you delete it.").format(id=number))


def render_changed(number: str) -> Reply:
    """An edited message has changed it."""
    return say(_("I have changed {id} as you wrote.").format(id=number), private=True)


def _choices(entry: Entry) -> tuple[Option, ...]:
    return (
        Option(DRAFT, _("make a blog draft of it"), f"blog new from:{entry.number}"),
        Option(REMOVE, _("take it out"), f"journal withdraw {entry.number}"),
    )


def _line(entry: Entry, zone: ZoneInfo) -> str:
    words = shorten(words_of(entry.text).replace("\n", " "), EXCERPT)
    return f"{moment(entry.at, zone)} ({entry.number}) – {words}"
