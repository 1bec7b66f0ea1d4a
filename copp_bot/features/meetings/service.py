"""The rules of meetings: who plans, changes and answers, and what is due when.

The rule it keeps: a meeting belongs to the room in which it is planned, and to those who may come to read that room.
Its organiser changes it, or who holds the permission in its scope.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.context import Context, Effects, Place
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, Audience, EventId, ItemId, RoomId, Scope, UserId, group_of, group_scope
from copp_bot.core.permissions import Viewer
from copp_bot.core.store import items as items_store
from copp_bot.core.store import people as people_store
from copp_bot.features.meetings import store
from copp_bot.features.meetings.repeat import moved_rule
from copp_bot.features.meetings.store import Answer
from copp_bot.features.meetings.times import Occurrence, Series, WallTime
from copp_bot.features.meetings.wishes import Wish

LETTER = "M"
NEW, SHOW, RSVP, CHANGE_ANY = "meetings.new", "meetings.show", "meetings.rsvp", "meetings.change.any"
BEFORE = (timedelta(days=1), timedelta(minutes=15))
"""How long before it begins people are reminded."""


@dataclass(frozen=True)
class Answers:
    """How many have said what; ``waiting`` is how many of the yes are beyond the places there are."""

    yes: int = 0
    maybe: int = 0
    no: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Meeting:
    """A meeting as it is shown. ``next`` is the one that comes, else None; ``rule`` is its ``RRULE`` value."""

    id: ItemId
    number: str
    title: str
    organiser: UserId
    organiser_name: str | None
    audience: Audience
    room_id: RoomId | None
    start: WallTime
    duration: timedelta
    next: Occurrence | None
    rule: str = ""
    place: str = ""
    capacity: int | None = None
    is_cancelled: bool = False
    text: str = ""
    answers: Answers = Answers()
    zones: tuple[str, ...] = ()


@dataclass(frozen=True)
class Belonging:
    """Whose meeting it is, and who may know of it."""

    scope: Scope
    audience: Audience


def belonging(place: Place, seen: frozenset[Audience]) -> Belonging:
    """Whose a meeting planned at this place is; a UserError where that cannot be said, or others read along."""
    key = group_of(place.readers)
    if key is not None:
        found = Belonging(group_scope(key), Audience(f"group:{key}"))
    elif place.readers == "community":
        found = Belonging(COMMUNITY, items.FOR_COMMUNITY)
    else:
        raise UserError(_("Plan a meeting in the room of those who shall come: a group's room, or one of all members."))
    if found.audience not in seen:
        raise UserError(_("Somebody is in this room who may not know of the meeting. Ask a steward to look."))
    return found


def plan(ctx: Context, wish: Wish, start: WallTime, rule: str, whose: Belonging, source: EventId) -> store.Item:
    """Make a meeting. ``source`` is the command as it was typed; redacting it withdraws the meeting."""
    new = items.NewItem(
        kind=store.KIND,
        scope=whose.scope,
        audience=whose.audience,
        author=ctx.viewer.user_id,
        title=wish.title,
        text="\n".join(wish.lines),
        room_id=ctx.place.room_id,
        command_event=source,
    )
    item = items.create(ctx.effects, new)
    row = store.Meeting(item_id=items.row_id(item), zone="", wall="", minutes=0, txn_id=ctx.answer)
    _take_wish(row, wish)
    _take_time(row, start, rule)
    schedule(ctx.session, row, ctx.now)
    ctx.effects.count("meetings.planned", whose.scope)
    return item


def describe(session: Session, item: store.Item, now: datetime) -> Meeting:
    """All about a meeting. The caller has passed the gate."""
    item_id = items.row_id(item)
    row = _row(session, item_id)
    series = store.series(session, row)
    names = people_store.names(session, [item.author])
    return Meeting(
        id=item_id,
        number=items.short_id(LETTER, item),
        title=item.title,
        organiser=UserId(item.author),
        organiser_name=names.get(UserId(item.author)),
        audience=Audience(item.audience),
        room_id=RoomId(item.room_id) if item.room_id else None,
        start=series.start,
        duration=timedelta(minutes=row.minutes),
        next=None if row.is_cancelled else series.next(now),
        rule=row.rule,
        place=row.place,
        capacity=row.capacity,
        is_cancelled=row.is_cancelled,
        text=items_store.text_of(session, item_id),
        answers=count_answers(session, row),
        zones=tuple(store.zones_of(session, item.room_id or "")),
    )


def count_answers(session: Session, row: store.Meeting) -> Answers:
    """How many have said what."""
    said = [one.answer for one in store.answers(session, ItemId(row.item_id))]
    yes = said.count(Answer.YES)
    waiting = max(0, yes - row.capacity) if row.capacity is not None else 0
    return Answers(yes - waiting, said.count(Answer.MAYBE), said.count(Answer.NO), waiting)


def coming_people(session: Session, row: store.Meeting) -> list[UserId]:
    """Who has said yes and has a place, in the order of saying so."""
    yes = [UserId(one.user_id) for one in store.answers(session, ItemId(row.item_id)) if one.answer == Answer.YES]
    return yes if row.capacity is None else yes[: row.capacity]


def may_change(ctx: Context, item: store.Item) -> None:
    """A UserError unless the viewer planned it, or may change what others planned."""
    if ctx.viewer.user_id != item.author and not ctx.may(CHANGE_ANY, Scope(item.scope)):
        raise UserError(_("Only the person who planned it, or a steward of its group or area, can change it."))


def leave_trace(ctx: Context, item: store.Item, action: str) -> None:
    """What somebody else than its organiser does to a meeting is kept in the audit trail."""
    if ctx.viewer.user_id != item.author:
        ctx.effects.audit(action, Scope(item.scope), actor=ctx.viewer.user_id, target=UserId(item.author))


def check_to_come(shown: Meeting) -> None:
    """A UserError for a meeting that is cancelled or over."""
    if shown.is_cancelled:
        raise UserError(_("{id} is cancelled. See what is planned: !meet list").format(id=shown.number))
    if shown.next is None:
        raise UserError(_("{id} is over. See what is planned: !meet list").format(id=shown.number))


def move(effects: Effects, item_id: ItemId, to: WallTime, name: datetime | None) -> None:
    """Let a meeting take place at another time: the whole series, or the one of this name."""
    row = _row(effects.session, item_id)
    if name is not None and row.rule:
        store.change(effects.session, item_id, name, to)
    else:
        _take_time(row, to, moved_rule(row.rule, to))
        store.forget_changes(effects.session, item_id)
    schedule(effects.session, row, effects.now)


def cancel(effects: Effects, item_id: ItemId, name: datetime | None) -> None:
    """Call a meeting off: the whole series, or the one of this name."""
    row = _row(effects.session, item_id)
    if name is not None and row.rule:
        store.change(effects.session, item_id, name, None)
    else:
        row.is_cancelled = True
    schedule(effects.session, row, effects.now)


def rewrite(effects: Effects, item: store.Item, wish: Wish) -> None:
    """Take title, place, duration and text of an edited command; its times are another question."""
    row = _row(effects.session, items.row_id(item))
    item.title, item.updated_at = wish.title, effects.now
    effects.session.add(item)
    _take_wish(row, wish)
    store.add(effects.session, row)
    items_store.index(effects.session, item, "\n".join(wish.lines))


def retime(effects: Effects, item_id: ItemId, start: WallTime, rule: str) -> bool:
    """Take the time and rhythm of an edited command; False when they are what they were."""
    row = _row(effects.session, item_id)
    before = (row.wall, row.zone, row.fold, row.rule)
    _take_time(row, start, rule)
    if (row.wall, row.zone, row.fold, row.rule) == before:
        return False
    store.forget_changes(effects.session, item_id)
    schedule(effects.session, row, effects.now)
    return True


def answer(effects: Effects, item_id: ItemId, person: UserId, said: Answer) -> list[UserId]:
    """Take an answer, the last one counts; those who have got a place by it are returned."""
    row = _row(effects.session, item_id)
    before = coming_people(effects.session, row)
    store.answer(effects.session, item_id, person, said, effects.now)
    return [one for one in coming_people(effects.session, row) if one not in before and one != person]


def schedule(session: Session, row: store.Meeting, now: datetime) -> None:
    """Work out the next one, and when something is due about it: a reminder, or looking further when it begins."""
    following = None if row.is_cancelled else store.series(session, row).next(now)
    row.next_at = following.at.instant if following else None
    row.due_at = next_due(row.next_at, now) if row.next_at else None
    store.add(session, row)


def look_again(session: Session, row: store.Meeting, now: datetime) -> None:
    """What was due is done. When a meeting has begun, the one after it is reminded of in full, late if need be.

    Meetings of a series may follow each other more closely than the first reminder lies ahead.
    """
    has_begun = row.next_at is not None and row.next_at <= now
    schedule(session, row, now)
    if has_begun and row.next_at is not None:
        row.due_at = row.next_at - BEFORE[0]
        store.add(session, row)


def next_due(begins: datetime, now: datetime) -> datetime:
    """The next moment after ``now`` that matters for a meeting that begins then."""
    return next((begins - before for before in BEFORE if begins - before > now), begins)


def may_read(session: Session, viewer: Viewer, audience: Audience, bot: UserId) -> bool:
    """May this person still know of something, told to them alone?"""
    alone = Place(RoomId(""), None, COMMUNITY, f"direct:{viewer.user_id}", is_direct=True)
    return audience in items.audiences(session, viewer, alone, bot)


def occurrence_on(series: Series, day: datetime, now: datetime) -> Occurrence:
    """The one to come that is planned for a day; a UserError when there is none."""
    for occurrence in series.after(now):
        if occurrence.at.wall.date() == day.date():
            return occurrence
        if occurrence.name.date() > day.date() and occurrence.at.wall.date() > day.date():
            break
    raise UserError(_("There is no meeting of this series on {date}.").format(date=day.date().isoformat()))


def _row(session: Session, item_id: ItemId) -> store.Meeting:
    row = store.get(session, item_id)
    assert row is not None
    return row


def _take_wish(row: store.Meeting, wish: Wish) -> None:
    row.minutes = int(wish.duration.total_seconds()) // 60
    row.place, row.capacity, row.said = wish.place, wish.capacity, wish.when


def _take_time(row: store.Meeting, start: WallTime, rule: str) -> None:
    row.zone, row.wall, row.fold = start.zone.key, start.wall.isoformat(timespec="minutes"), start.fold
    row.rule = rule
