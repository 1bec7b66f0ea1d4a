"""What people are told privately about a meeting they have answered: each in their language and zone.

The rule it keeps: it is asked at that moment whether the person may still know of it.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from copp_bot.core.context import Context, Effects
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import UserId
from copp_bot.core.people import load_viewer
from copp_bot.core.reply import Reply
from copp_bot.features.meetings import render, service, store
from copp_bot.features.meetings.service import Meeting
from copp_bot.features.meetings.store import Answer
from copp_bot.features.meetings.times import WallTime, at

Write = Callable[[UserId, ZoneInfo], Reply]


def tell(
    effects: Effects,
    shown: Meeting,
    people: Iterable[UserId],
    rooms: RoomDirectory,
    bot: UserId,
    write: Write,
    about: str = "",
) -> int:
    """Write to each of these people who may still know of it; returns to how many."""
    told = 0
    for person in people:
        viewer = load_viewer(effects.session, person, effects.now)
        if not service.may_read(effects.session, viewer, shown.audience, bot):
            continue
        zone = ZoneInfo(viewer.timezone) if viewer.timezone else rooms.zone
        with reading_in(viewer.language or rooms.language):
            effects.send(person, write(person, zone), about=(f"{about}:{person}",) if about else ())
        told += 1
    return told


def tell_changed(
    ctx: Context, item: store.Item, shown: Meeting, when: WallTime, rooms: RoomDirectory, bot: UserId, *, is_on: bool
) -> int:
    """It was moved or called off: to all who answered, of a cancelled one not to those who do not come."""
    said = store.answers(ctx.session, shown.id)
    people = [UserId(one.user_id) for one in said if is_on or one.answer != Answer.NO]
    others = [person for person in people if person != ctx.viewer.user_id]
    return tell(
        ctx.effects, shown, others, rooms, bot, lambda who, zone: render.render_told(shown, when, zone, who, is_on)
    )


def tell_place_free(
    effects: Effects, shown: Meeting, people: Iterable[UserId], rooms: RoomDirectory, bot: UserId
) -> None:
    """Somebody on the waiting list has got a place."""
    tell(effects, shown, people, rooms, bot, lambda who, zone: render.render_place_free(shown, zone, who))


def remind(
    effects: Effects,
    shown: Meeting,
    people: Iterable[UserId],
    begins: WallTime,
    rooms: RoomDirectory,
    bot: UserId,
    about: str,
) -> None:
    """It begins soon."""
    left: timedelta = begins.instant - effects.now

    def write(who: UserId, zone: ZoneInfo) -> Reply:
        return render.render_reminder(shown, at(begins.instant, zone), left, who)

    tell(effects, shown, people, rooms, bot, write, about)
