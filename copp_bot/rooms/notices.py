"""What a person must know or decide about rooms; the bot changes nothing there.

The rule it keeps: pure, and every sentence says what to do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.rooms import power, state
from copp_bot.rooms.declared import Declaration, DeclaredRoom
from copp_bot.rooms.observe import Observed, ObservedRoom


@dataclass(frozen=True)
class Notice:
    """Something that a person must decide or do; the bot changes nothing."""

    sentence: str


def notices(declared: Declaration, observed: Observed) -> Iterator[Notice]:
    """What a person must know."""
    for room in declared.all:
        if seen := observed.rooms.get(room.key):
            yield from _weakness(room, seen, observed.bot)
            yield from _encryption(room, seen)
        yield from _alias(room, observed)
    yield from _strays(declared, observed)


def _alias(room: DeclaredRoom, observed: Observed) -> Iterator[Notice]:
    target = observed.aliases.get(room.alias) if room.alias else None
    seen = observed.rooms.get(room.key)
    if target is not None and (seen is None or target != seen.room_id):
        sentence = _(
            "The address #{alias}:{server} does not lead to “{title}”. Ask the server's administrator "
            "to remove it where it is; then !rooms apply sets it."
        )
        yield Notice(sentence.format(alias=room.alias, server=observed.server, title=room.title))


def _strays(declared: Declaration, observed: Observed) -> Iterator[Notice]:
    for key, seen in sorted(observed.rooms.items()):
        if declared.room(key) is None:
            sentence = _(
                "“{title}” ({key}) is not declared any more. It stays as it is: declare it again, or close it by hand."
            )
            yield Notice(sentence.format(title=_name(seen), key=key))
    for double in observed.doubles:
        if double.replacement != observed.rooms[double.key].room_id:
            sentence = _("“{title}” ({room_id}) is a second room with the key {key}. Close it by hand.")
            yield Notice(sentence.format(title=_name(double), room_id=double.room_id, key=double.key))
    for foreign in observed.foreign:
        sentence = _("The room {room_id} carries our marker, but {sender} has set it. It is left alone.")
        yield Notice(sentence.format(room_id=foreign.room_id, sender=foreign.sender))


def _weakness(room: DeclaredRoom, seen: ObservedRoom, bot: UserId) -> Iterator[Notice]:
    own = power.level_of(seen.creation, seen.power_levels, bot)
    if own < power.BOT or own < power.needed(seen.power_levels, power.POWER_LEVELS):
        sentence = _(
            "The bot's power in “{title}” is {own}, too little to keep the room as declared. "
            "Someone with more power must give {bot} 100."
        )
        yield Notice(sentence.format(title=room.title, own=own, bot=bot))


def _encryption(room: DeclaredRoom, seen: ObservedRoom) -> Iterator[Notice]:
    if seen.content("m.room.encryption"):
        sentence = _(
            "“{title}” is encrypted, which cannot be undone, and the bot cannot read it. "
            "Close it by hand; then a new one can take its place."
        )
        yield Notice(sentence.format(title=room.title))


def _name(seen: ObservedRoom) -> str:
    name = (seen.content(state.NAME) or {}).get("name")
    return name if isinstance(name, str) else seen.key
