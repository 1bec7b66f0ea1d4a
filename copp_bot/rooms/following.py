"""Whether a room may take the place of one of ours that was replaced (a room upgrade).

The rule it keeps: pure. A tombstone alone proves nothing, since whoever may set one could point anywhere. The new
room was made by the bot, or says itself that it follows ours and was made by the one who has set the tombstone; it
carries no other key; and the bot has enough power in it to keep it. Source: Matrix specification, Room upgrades.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.core.matrix.port import MARKER, JsonDict
from copp_bot.rooms import power, state
from copp_bot.rooms.observe import ObservedRoom
from copp_bot.rooms.power import creation_of

CREATE = "m.room.create"


def refusal(old: ObservedRoom, new: Sequence[JsonDict], bot: UserId) -> str | None:
    """Why the new room is not taken; None when it is.

    Args:
        new: all state events of the new room.
    """
    events = {(str(raw.get("type")), raw.get("state_key")): raw for raw in new}
    create = events.get((CREATE, ""), {})
    if _content(events, MARKER) not in ({}, _content_of(old)):
        return _("It is another room of ours.")
    if create.get("sender") != bot and not _follows(old, create):
        return _("It does not follow ours: someone else has made it, or it names no predecessor.")
    if _content(events, CREATE).get("type") != (old.content(CREATE) or {}).get("type"):
        return _("One of the two is a space and the other is a room.")
    levels = events.get((power.POWER_LEVELS, ""), {}).get("content")
    own = power.level_of(creation_of(create), levels, bot)
    if own < max(power.BOT, power.needed(levels, power.POWER_LEVELS)):
        return _("The bot's power there is {own}. Give {bot} 100, then: !rooms apply").format(own=own, bot=bot)
    return None


def _follows(old: ObservedRoom, create: Mapping[str, Any]) -> bool:
    content = create.get("content")
    predecessor = content.get("predecessor") if isinstance(content, dict) else None
    names_ours = isinstance(predecessor, dict) and predecessor.get("room_id") == old.room_id
    return names_ours and create.get("sender") == old.senders.get((state.TOMBSTONE, ""))


def _content(events: Mapping[tuple[str, Any], JsonDict], kind: str) -> JsonDict:
    content = events.get((kind, ""), {}).get("content")
    return content if isinstance(content, dict) else {}


def _content_of(old: ObservedRoom) -> JsonDict:
    return dict(old.content(MARKER) or {})
