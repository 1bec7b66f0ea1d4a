"""The library's questions, each answered by a reaction, a number or a command. Pure."""

from collections.abc import Sequence

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import EventId, UserId
from copp_bot.core.matrix.port import PostedFile
from copp_bot.core.reply import Option, Reply, say, shorten
from copp_bot.features.library.finding import Resource

KEYCAP = "\ufe0f\u20e3"
YES, NO = "✅", "❌"
NAME = 60
"""Letters of a name in a sentence."""


def render_offer(file: PostedFile, poster: UserId, source: EventId) -> Reply:
    """One quiet line under a posted file."""
    return say(
        _("Shelve “{name}” in the library?").format(name=shorten(file.name, NAME)),
        options=(Option(YES, _("yes"), "library add"), Option(NO, _("no"), "library dismiss")),
        asked=(poster,),
        source=source,
    )


def render_offer_for(file: PostedFile, shelves: Sequence[tuple[str, str]], poster: UserId, source: EventId) -> Reply:
    """As ``render_offer``, where it has to be said for whom."""
    question = _("Shelve “{name}” in the library? For whom?").format(name=shorten(file.name, NAME))
    refusal = Option(NO, _("no"), "library dismiss")
    return say(question, options=(*_numbered(shelves, "library add"), refusal), asked=(poster,), source=source)


def render_whose_shelf(
    name: str | None, shelves: Sequence[tuple[str, str]], add: tuple[str, str], asked: UserId, source: EventId
) -> Reply:
    """In the direct chat nobody can know for whom it is.

    Args:
        shelves: what to say after ``for:``, and what it means.
        add: the command to repeat, before and after the answer.
    """
    shelves = shelves[:9]
    question = _("Who may read “{name}”?").format(name=shorten(name, NAME)) if name else _("Who may read it?")
    return say(
        question + " " + _("Choose below, or answer with the number."),
        options=_numbered(shelves, *add),
        choices=tuple(f"{add[0]} for:{key}{add[1]}" for key, _title in shelves),
        asked=(asked,),
        source=source,
    )


def render_sure(shown: Resource, asked: UserId) -> Reply:
    """Public is for good: whoever saw it can keep it."""
    return say(
        _(
            "Shall “{title}” be public? Anybody could read and keep it, member or not, even if you withdraw it later."
        ).format(title=shown.title),
        options=(Option(YES, _("yes, public"), f"library audience {shown.number} public yes"),),
        items=(shown.id,),
        asked=(asked,),
    )


def render_which_group(shown: Resource, groups: Sequence[tuple[str, str]], asked: UserId) -> Reply:
    """``group`` alone does not say which."""
    command = f"library audience {shown.number} group group:"
    return say(
        _("Which group shall read “{title}”? Choose below, or answer with the number.").format(title=shown.title),
        options=tuple(
            Option(f"{number}{KEYCAP}", title, command + key) for number, (key, title) in enumerate(groups[:9], 1)
        ),
        choices=tuple(command + key for key, _title in groups[:9]),
        items=(shown.id,),
        asked=(asked,),
    )


def _numbered(shelves: Sequence[tuple[str, str]], add: str, below: str = "") -> tuple[Option, ...]:
    return tuple(
        Option(f"{number}{KEYCAP}", title, f"{add} for:{key}{below}")
        for number, (key, title) in enumerate(shelves[:9], 1)
    )
