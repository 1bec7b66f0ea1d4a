"""The greeting, and the card for the stewards."""

from collections.abc import Sequence

from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import ngettext
from copp_bot.core.ids import UserId
from copp_bot.core.markdown import markdown_lines
from copp_bot.core.reply import Option, Part, Reply, person, say
from copp_bot.features.welcome.store import Arrival

MOST_NAMES = 20


def render_greeting(arrived: Sequence[Arrival], text: str, steward: tuple[UserId, str | None] | None) -> Reply:
    """One message for everyone who has arrived, with the declared text (Markdown) below.

    Args:
        steward: who is on duty and signs, with the name; None where nobody is.
    """
    signed = [(person(*steward), _(" is on duty and glad to help."))] if steward else []
    return say(
        (_("Hello "), *_names(arrived), "!"),
        *markdown_lines(text),
        *signed,
        notice=False,
        mentions=tuple(arrival.user_id for arrival in arrived[:MOST_NAMES]),
    )


def render_waiting(waiting: Sequence[Arrival]) -> Reply:
    """Who waits in Reception; one reaction lets them in."""
    shown = [arrival.user_id for arrival in waiting[:MOST_NAMES]]
    title = ngettext("{count} person waits in Reception: ", "{count} people wait in Reception: ", len(waiting))
    return say(
        (title.format(count=len(waiting)), *_names(waiting)),
        _("Say hello to them there, in person. When you know who they are:"),
        options=(Option("✅", _("let them in"), f"group invite {' '.join(shown)} community"),),
        notice=False,
        once=False,
    )


def _names(arrived: Sequence[Arrival]) -> list[Part]:
    parts: list[Part] = []
    for arrival in arrived[:MOST_NAMES]:
        parts += [", ", person(arrival.user_id, arrival.name)] if parts else [person(arrival.user_id, arrival.name)]
    more = len(arrived) - MOST_NAMES
    return [*parts, _(" and {count} more").format(count=more)] if more > 0 else parts
