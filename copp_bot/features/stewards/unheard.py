"""Nobody stays unheard: every newcomer has a steward, and a first post that no person answers is put before one.

The rule it keeps: the bot never answers in a person's place. An answer is a reply, a message in the thread, or a
mention by somebody else. Who is away is not asked while somebody is there, and of a group's rooms only those hear who
are in it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sqlmodel import Session

from copp_bot.core.context import Effects, Place
from copp_bot.core.ids import COMMUNITY, EventId, RoomId, Scope, UserId, group_of
from copp_bot.core.matrix.port import Membership
from copp_bot.core.people import RECEPTION_KEY, ROOT_KEY
from copp_bot.core.permissions import Policy
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.talk import Talk
from copp_bot.features.stewards import service, store
from copp_bot.features.stewards.service import Steward
from copp_bot.features.stewards.store import NewcomerRow

FIRST, AGAIN = timedelta(hours=12), timedelta(hours=36)
"""After how long without an answer a steward is asked, and a second one."""
NEW = timedelta(days=14)
"""How long someone is a newcomer to the stewards."""
IN_TIME = timedelta(hours=48)


@dataclass(frozen=True)
class Waiting:
    """A first post without an answer."""

    user_id: UserId
    name: str | None
    room_id: RoomId
    room: str | None
    scope: Scope
    event_id: EventId
    since: datetime


@dataclass(frozen=True)
class Newcomer:
    """Somebody who came lately, with the names by which they and their steward are known."""

    row: NewcomerRow
    name: str | None
    steward: str | None
    is_member: bool


@dataclass(frozen=True)
class Nudge:
    """Someone to ask about a first post; ``steward`` is None where only the stewards' room can be."""

    waiting: Waiting
    steward: UserId | None


@dataclass(frozen=True)
class Heard:
    """How the first posts of a time were answered.

    Args:
        hours: the median until the answer, None when there was none.
    """

    posts: int
    in_time: int
    hours: float | None


def came(effects: Effects, place: Place, change: Membership, bot: UserId) -> None:
    """Somebody is in Reception or in the community for the first time."""
    session = effects.session
    if change.membership != "join" or place.key not in (RECEPTION_KEY, ROOT_KEY) or change.user_id == bot:
        return
    is_steward = bool(people_store.grants(session, change.user_id, effects.now))
    if not is_steward and store.newcomer(session, change.user_id) is None:
        store.arrived(session, change.user_id, change.sent_at)


def said(effects: Effects, place: Place, talk: Talk) -> None:
    """Note a first post, and what answers one."""
    if place.key is None:
        return
    session = effects.session
    for row in store.by_post(session, talk.answers):
        _answer(row, talk)
    for user in talk.mentions:
        mentioned = store.newcomer(session, user)
        if mentioned is not None:
            _answer(mentioned, talk)
    speaker = store.newcomer(session, talk.sender)
    if speaker is not None and speaker.event_id is None:
        speaker.room_id, speaker.event_id, speaker.posted_at = talk.room_id, talk.event_id, talk.sent_at
    session.flush()


def taken_back(effects: Effects, event_id: EventId) -> None:
    """A first post that is gone waits for nobody."""
    store.unpost(effects.session, event_id)


def assign(effects: Effects, policy: Policy) -> dict[UserId, list[NewcomerRow]]:
    """Give every newcomer without one a steward; returns who got whom."""
    session, now = effects.session, effects.now
    new = [row for row in store.arrived_since(session, now - NEW) if row.steward is None]
    everybody = service.roster(session, policy, COMMUNITY, now) if new else ()
    if not everybody:
        return {}
    stewards = [one for one in everybody if not service.leads(session, policy, one.user_id, now)] or everybody
    care, given = store.in_care(session, now - NEW), dict[UserId, list[NewcomerRow]]()
    people = store.people(session, [row.user_id for row in new])
    for row in reversed(new):
        person = people.get(UserId(row.user_id))
        language, zone = (person.language, person.timezone) if person else (None, None)
        chosen = min(stewards, key=lambda one: _distance(one, care, language, zone, now))
        row.steward = chosen.user_id
        care[chosen.user_id] = care.get(chosen.user_id, 0) + 1
        given.setdefault(chosen.user_id, []).append(row)
    session.flush()
    return given


def waiting(session: Session) -> tuple[Waiting, ...]:
    """Every first post without an answer, the longest first."""
    rows = store.unanswered(session)
    people = store.people(session, [row.user_id for row in rows])
    found = []
    for row in rows:
        room = rooms_store.get(session, row.room_id or "")
        if room is None or room.scope is None or row.event_id is None or row.posted_at is None:
            continue
        person = people.get(UserId(row.user_id))
        found.append(
            Waiting(
                UserId(row.user_id),
                person.display_name if person else None,
                RoomId(room.room_id),
                room.name,
                Scope(room.scope),
                EventId(row.event_id),
                row.posted_at,
            )
        )
    return tuple(found)


def nudges(effects: Effects, policy: Policy) -> tuple[Nudge, ...]:
    """Whom to ask about which first post now; each is asked about once, and a second one once more."""
    session, now = effects.session, effects.now
    found = []
    for one in waiting(session):
        row = store.newcomer(session, one.user_id)
        if row is None or now - one.since < FIRST:
            continue
        if row.asked_at is None:
            steward = _whom(session, policy, one.scope, row.steward, now)
            row.asked, row.asked_at = steward, now
        elif row.asked_again_at is None and now - one.since >= AGAIN:
            steward = _whom(session, policy, one.scope, None, now, but=row.asked)
            row.asked_again_at = now
        else:
            continue
        found.append(Nudge(one, steward))
    session.flush()
    return tuple(found)


def newcomers(session: Session, now: datetime) -> tuple[Newcomer, ...]:
    """Everybody who came in the last two weeks and has not gone, the newest first."""
    rows = store.arrived_since(session, now - NEW)
    people = store.people(session, [user for row in rows for user in (row.user_id, row.steward or "")])
    rooms = [rooms_store.room_id(session, key) for key in (ROOT_KEY, RECEPTION_KEY)]
    found = []
    for row in rows:
        inside, waits = (rooms_store.is_joined(session, room, row.user_id) for room in rooms)
        if inside or waits:
            names = [
                people[UserId(user)].display_name if user in people else None for user in (row.user_id, row.steward)
            ]
            found.append(Newcomer(row, names[0], names[1], is_member=inside))
    return tuple(found)


def heard(session: Session, now: datetime) -> Heard:
    """The first posts of the last four weeks that are answered, or have had their 48 hours."""
    rows = [row for row in store.arrived_since(session, now - service.TEAM) if row.posted_at is not None]
    took = [row.answered_at - row.posted_at for row in rows if row.answered_at and row.posted_at]
    over = sum(1 for row in rows if row.answered_at is None and row.posted_at and now - row.posted_at >= IN_TIME)
    hours = median(time.total_seconds() for time in took) / 3600 if took else None
    return Heard(len(took) + over, sum(time <= IN_TIME for time in took), hours)


def _answer(row: NewcomerRow, talk: Talk) -> None:
    is_by_another = talk.sender != row.user_id
    if is_by_another and row.posted_at is not None and row.answered_at is None and talk.sent_at >= row.posted_at:
        row.answered_at = talk.sent_at


def _whom(
    session: Session, policy: Policy, scope: Scope, own: str | None, now: datetime, but: str | None = None
) -> UserId | None:
    """The newcomer's own steward when on duty, else the least loaded on duty.

    In a group where nobody is, those who serve it, else those who lead; the stewards' room may not know of a group.
    """
    serving = [one for one in service.roster(session, policy, scope, now) if one.user_id != but]
    there = [one for one in serving if one.duty is not None]
    if any(one.user_id == own for one in there):
        return UserId(own or "")
    if not there and group_of(scope):
        community = service.roster(session, policy, COMMUNITY, now)
        leading = (one for one in community if one.user_id != but and service.leads(session, policy, one.user_id, now))
        there = serving or list(leading)
    return there[0].user_id if there else None


def _distance(
    one: Steward, care: dict[UserId, int], language: str | None, zone: str | None, now: datetime
) -> tuple[bool, bool, int, float, UserId]:
    """How far a steward is from a newcomer: away or there, language, newcomers in care, hours between their clocks."""
    return (
        one.duty is None,
        bool(language) and one.language != language,
        care.get(one.user_id, 0),
        _hours_between(one.timezone, zone, now),
        one.user_id,
    )


def _hours_between(one: str | None, other: str | None, now: datetime) -> float:
    if not one or not other:
        return 0.0
    gap = (now.astimezone(ZoneInfo(one)).utcoffset() or timedelta()) - (
        now.astimezone(ZoneInfo(other)).utcoffset() or timedelta()
    )
    return abs(gap.total_seconds()) / 3600
