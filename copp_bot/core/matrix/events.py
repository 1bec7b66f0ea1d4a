"""Raw events to the dataclasses of ``port.py``: pure, and robust against anything that JSON can be.

The rule it keeps: a malformed event is None, never an exception; only ``body`` is read, never ``formatted_body``.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from copp_bot.core.ids import EventId, MxcUri, RoomId, UserId
from copp_bot.core.matrix.port import (
    Edit,
    Event,
    JsonDict,
    Membership,
    Message,
    PostedFile,
    Reaction,
    Redaction,
    State,
)

FILES = ("m.file", "m.image", "m.video", "m.audio")
UNKNOWN_TYPE, UNNAMED = "application/octet-stream", "file"
QUOTES = ("> <@", "> * <@")
_CALL = r"\s*(@{name}(?![\w.-]|:\w)|{name} ?[:,])"
"""A name, with what makes a call of it; ``@name:elsewhere`` is somebody else."""


@dataclass(frozen=True)
class _Head:
    """What every event has, checked."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    sent_at: datetime


@dataclass(frozen=True)
class _Relation:
    """``m.relates_to``, checked: what it answers, its thread, and its relation with a target and a key."""

    reply_to: EventId | None = None
    thread: EventId | None = None
    rel_type: str | None = None
    target: EventId | None = None
    key: str | None = None


def parse(raw: Any, room_id: RoomId) -> Event | None:
    """The event that ``raw`` is, None for kinds that nobody acts on and for malformed ones.

    Args:
        raw: one event of ``/sync``, ``/messages`` or ``/event``; anything.
        room_id: the room it was found in; what the event says of itself is not asked.
    """
    head = _head(raw, room_id)
    content = raw.get("content") if head else None
    kind = raw.get("type") if head else None
    if head is None or not isinstance(content, dict) or not isinstance(kind, str):
        return None
    if "state_key" in raw:
        return _state(head, kind, raw, content)
    if kind == "m.room.redaction":
        return _redaction(head, raw, content)
    if kind == "m.reaction":
        return _reaction(head, content)
    return _message_or_edit(head, content) if kind == "m.room.message" else None


def _head(raw: Any, room_id: RoomId) -> _Head | None:
    if not isinstance(raw, dict):
        return None
    event_id, sender, at = _id(raw.get("event_id"), "$"), _id(raw.get("sender"), "@"), raw.get("origin_server_ts")
    if event_id is None or sender is None or not isinstance(at, int | float) or isinstance(at, bool):
        return None
    try:
        sent_at = datetime.fromtimestamp(at / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return _Head(EventId(event_id), room_id, UserId(sender), sent_at)


def _state(head: _Head, kind: str, raw: JsonDict, content: JsonDict) -> State | Membership | None:
    state_key = _text(raw.get("state_key"))
    if state_key is None:
        return None
    if kind != "m.room.member":
        return State(**vars(head), type=kind, state_key=state_key, content=content)
    user_id, membership = _id(state_key, "@"), _text(content.get("membership"))
    if user_id is None or membership is None:
        return None
    return Membership(
        **vars(head),
        user_id=UserId(user_id),
        membership=membership,
        display_name=_text(content.get("displayname")),
        was=_text(_dict(_dict(raw.get("unsigned")).get("prev_content")).get("membership")),
    )


def _redaction(head: _Head, raw: JsonDict, content: JsonDict) -> Redaction | None:
    """Since room version 11 the target stands in the content; both places are read."""
    target = _id(content.get("redacts"), "$") or _id(raw.get("redacts"), "$")
    if target is None:
        return None
    return Redaction(**vars(head), target=EventId(target), reason=_text(content.get("reason")))


def _reaction(head: _Head, content: JsonDict) -> Reaction | None:
    relation = _relation(content)
    if relation.rel_type != "m.annotation" or relation.target is None or relation.key is None:
        return None
    return Reaction(**vars(head), target=relation.target, key=relation.key)


def _message_or_edit(head: _Head, content: JsonDict) -> Message | Edit | None:
    relation = _relation(content)
    if relation.rel_type != "m.replace":
        return _message(head, content, relation)
    new = _message(head, _dict(content.get("m.new_content")), _Relation())
    if new is None or relation.target is None:
        return None
    return Edit(**vars(head), target=relation.target, new=new)


def _message(head: _Head, content: JsonDict, relation: _Relation) -> Message | None:
    body, msgtype = said(content), _text(content.get("msgtype"))
    if body is None or msgtype is None:
        return None
    file = _file(content, body) if msgtype in FILES else None
    return Message(
        **vars(head),
        body=_caption(content, body) if file else body,
        msgtype=msgtype,
        reply_to=relation.reply_to,
        thread=relation.thread,
        file=file,
        mentions=_mentions(content),
    )


def _relation(content: JsonDict) -> _Relation:
    """``m.relates_to``. A thread's fallback reply only keeps old clients in order; it answers nobody."""
    relates = _dict(content.get("m.relates_to"))
    rel_type, target = _text(relates.get("rel_type")), _id(relates.get("event_id"), "$")
    reply_to = _id(_dict(relates.get("m.in_reply_to")).get("event_id"), "$")
    is_thread = rel_type == "m.thread"
    is_fallback = is_thread and relates.get("is_falling_back") is True
    return _Relation(
        reply_to=EventId(reply_to) if reply_to and not is_fallback else None,
        thread=EventId(target) if is_thread and target else None,
        rel_type=rel_type,
        target=EventId(target) if target else None,
        key=_text(relates.get("key")),
    )


def begins_like_command(body: str) -> bool:
    """Does it begin with the mark of a command, and a letter?"""
    text = body.lstrip()
    return text.startswith(("!", "！")) and text[1:].lstrip()[:1].isalpha()


def calls(body: str, names: Iterable[str]) -> bool:
    """Does it begin with one of these names as one calls somebody: ``@name …``, ``name: …`` or ``name, …``?"""
    return any(re.match(_CALL.format(name=re.escape(name)), body, re.IGNORECASE) for name in names)


def said(content: Any) -> str | None:
    """The text of a message: of a reply without what it quotes; None where there is none."""
    content = _dict(content)
    body = _text(content.get("body"))
    is_reply = "m.in_reply_to" in _dict(content.get("m.relates_to"))
    return without_quote(body) if body is not None and is_reply else body


def without_quote(body: str) -> str:
    """A rich reply's text without the fallback that older clients put before it: quoted lines and an empty one."""
    if not body.startswith(QUOTES):
        return body
    lines = body.split("\n")
    end = next((number for number, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[end + 1 :]) if end < len(lines) and lines[end] == "" else body


def _file(content: JsonDict, body: str) -> PostedFile:
    """The posted file; an encrypted one (``file`` instead of ``url``) has no address that we could read."""
    info, url = _dict(content.get("info")), _text(content.get("url"))
    size = info.get("size")
    is_plain = url is not None and url.startswith("mxc://") and "file" not in content
    return PostedFile(
        name=(_text(content.get("filename")) or body).strip() or UNNAMED,
        mxc=MxcUri(url) if url is not None and is_plain else None,
        media_type=_text(info.get("mimetype")) or UNKNOWN_TYPE,
        size=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        is_encrypted="file" in content,
    )


def _caption(content: JsonDict, body: str) -> str:
    """With a ``filename`` that differs from it, ``body`` is a caption (Client-Server API 1.10, Media captions)."""
    filename = _text(content.get("filename"))
    return body if filename and filename != body else ""


def _mentions(content: JsonDict) -> tuple[UserId, ...]:
    named = _dict(content.get("m.mentions")).get("user_ids")
    people = (_id(one, "@") for one in named) if isinstance(named, list) else ()
    return tuple(dict.fromkeys(UserId(one) for one in people if one is not None))


def _dict(value: Any) -> JsonDict:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str | None:
    """A string that can be stored: halves of surrogate pairs, which JSON can say and UTF-8 cannot, become ``?``."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else None


def _id(value: Any, sigil: str) -> str | None:
    """An identifier of at most 255 bytes (Appendices, Common identifier format) that begins with its sigil."""
    text = _text(value)
    return text if text and text.startswith(sigil) and len(text.encode()) <= 255 and text == value else None
