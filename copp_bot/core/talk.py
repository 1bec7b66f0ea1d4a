"""Which of what people say to each other is heard: first posts of newcomers, and what may answer them.

The rule it keeps: of talk that is heard, who spoke, when, and to whom is kept until it is handled; never the text.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from copp_bot.core.ids import EventId, RoomId, UserId
from copp_bot.core.matrix import events
from copp_bot.core.matrix.port import JsonDict, Message
from copp_bot.core.store import newcomers as store
from copp_bot.core.store.newcomers import TALK

if TYPE_CHECKING:
    from copp_bot.core.context import Effects, Place

AT_ONCE = 500
"""Ids in one statement, twice over."""


@dataclass(frozen=True)
class Talk:
    """A message of one person to others.

    Args:
        answers: the messages that it replies to, or whose thread it stands in.
        mentions: the people it means.
    """

    event_id: EventId
    room_id: RoomId
    sender: UserId
    sent_at: datetime
    answers: tuple[EventId, ...] = ()
    mentions: tuple[UserId, ...] = ()


@dataclass(frozen=True)
class TalkHandler:
    """Called for what is heard in declared rooms, in sync order."""

    run: "Callable[[Effects, Place, Talk], None]"


def heard(session: Session, said: Sequence[Message], coming: Set[str]) -> list[Talk]:
    """Those of the messages, in order, that begin or may answer something.

    Args:
        coming: people whose membership has come with the messages.
    """
    if not said:
        return []
    talk = [_talk(message) for message in said]
    silent = coming | _each(store.silent, session, {one.sender for one in talk})
    people = _each(store.waiting_people, session, {user for one in talk for user in one.mentions})
    posts = _each(store.waiting_posts, session, {event for one in talk for event in one.answers})
    found = []
    for one in talk:
        if one.sender in silent or people.intersection(one.mentions) or posts.intersection(one.answers):
            found.append(one)
            posts.add(one.event_id)
    return found


def row(talk: Talk) -> dict[str, Any]:
    """The inbox row of what is heard."""
    body = {"event_id": talk.event_id, "answers": list(talk.answers), "mentions": list(talk.mentions)}
    return {
        "event_id": f"{TALK}{talk.event_id}",
        "room_id": talk.room_id,
        "sender": talk.sender,
        "kind": "talk",
        "body": body,
        "sent_at": talk.sent_at,
    }


def of_row(room_id: RoomId, sender: UserId, sent_at: datetime, body: JsonDict) -> Talk:
    """What an inbox row says was heard."""
    return Talk(
        EventId(body["event_id"]),
        room_id,
        sender,
        sent_at,
        tuple(EventId(event) for event in body["answers"]),
        tuple(UserId(user) for user in body["mentions"]),
    )


def said_to_people(raw: JsonDict, room_id: RoomId) -> Message | None:
    """The message that ``raw`` is, unless it is a command or no message."""
    message = events.parse(raw, room_id)
    return message if isinstance(message, Message) and not events.begins_like_command(message.body) else None


def _talk(message: Message) -> Talk:
    answers = tuple(event for event in (message.reply_to, message.thread) if event)
    others = tuple(user for user in message.mentions if user != message.sender)
    return Talk(message.event_id, message.room_id, message.sender, message.sent_at, answers, others)


def _each(ask: Callable[[Session, Iterable[str]], set[str]], session: Session, wanted: Iterable[str]) -> set[str]:
    """Ask for some at a time: a statement takes so many parameters."""
    ids = sorted(wanted)
    parts = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
    return set().union(*(ask(session, part) for part in parts))
