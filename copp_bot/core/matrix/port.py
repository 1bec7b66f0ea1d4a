"""What the house may ask of the homeserver, and the shapes in which its answers come.

``client.py`` keeps these promises over HTTP, ``tests/fakes`` in memory; one contract suite runs on both.
Every method raises the exceptions of this module and nothing of nio's or aiohttp's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from copp_bot.core.ids import EventId, MxcUri, RoomId, TxnId, UserId

JsonDict = dict[str, Any]

MARKER = "org.copp_bot.room"
"""Type of our own state event that makes a room ours. Content: ``key`` (declared key) or ``person`` (direct chat),
``kind`` (``space``, ``room``, ``direct``), ``scope`` and ``readers`` as in ``RoomRow``."""
ENCRYPTION = "m.room.encryption"
TXN_FIELD = "org.copp_bot.txn"
"""Content field of every message we send: its transaction id, to find it again after the server forgot the id."""

ABOUT_FIELD = "org.copp_bot.about"
"""Content field of a message that several causes may come to say and that must be said once: what it is about."""


class MatrixError(Exception):
    """The homeserver said no, or could not be reached.

    Args:
        errcode: ``M_FORBIDDEN`` and its like, or ``""`` when the answer carried none.
        message: the server's words, for the log.
        status: HTTP status, 0 when there was no answer.
    """

    def __init__(self, errcode: str, message: str, status: int = 0) -> None:
        super().__init__(f"{status} {errcode} {message}".strip())
        self.errcode = errcode
        self.message = message
        self.status = status


class Unavailable(MatrixError):
    """No answer, a 5xx, or an answer that is not JSON: wait and try again."""


class RateLimited(MatrixError):
    """429: try again after ``retry_after`` seconds, not before."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("M_LIMIT_EXCEEDED", f"retry after {retry_after:.1f} s", 429)
        self.retry_after = retry_after


class Forbidden(MatrixError):
    """403: the bot may not, here."""


class Missing(MatrixError):
    """404: no such room, event, state or account."""


class UnknownToken(MatrixError):
    """The access token is not valid any more; the process must stop with a clear line."""


class TooLarge(MatrixError):
    """The bytes are more than was allowed."""


@dataclass(frozen=True)
class Page:
    """One answer of ``/messages``: raw events, newest first, and the token to go on from (None at the end)."""

    events: Sequence[JsonDict]
    next_token: str | None


@dataclass(frozen=True)
class NewRoom:
    """A room to create (``POST /createRoom``).

    Args:
        initial_state: raw state events ``{type, state_key, content}``; the marker is among them, so that a
            room never exists without it.
        power_levels: ``power_level_content_override``.
        invite: people invited at creation (rate limits count them).
    """

    name: str | None = None
    topic: str | None = None
    alias_localpart: str | None = None
    version: str = "12"
    is_space: bool = False
    is_direct: bool = False
    in_directory: bool = False
    initial_state: Sequence[JsonDict] = ()
    power_levels: Mapping[str, Any] = field(default_factory=dict)
    creation_content: Mapping[str, Any] = field(default_factory=dict)
    invite: Sequence[UserId] = ()


class RoomState(Protocol):
    """How a room is now."""

    async def state(self, room_id: RoomId) -> Sequence[JsonDict]:
        """All current state events of a room, raw."""

    async def state_event(self, room_id: RoomId, event_type: str, state_key: str = "") -> JsonDict | None:
        """The content of one state event, None when there is none."""


class Sync(RoomState, Protocol):
    """Reading."""

    async def sync(self, since: str | None, timeout_ms: int, filter_: JsonDict) -> JsonDict:
        """One raw ``/sync`` response."""

    async def messages(self, room_id: RoomId, start: str, end: str | None, limit: int) -> Page:
        """Backwards from ``start`` to ``end``, newest first."""

    async def event(self, room_id: RoomId, event_id: EventId) -> JsonDict:
        """One raw event; Missing when it is not there or not visible."""


class Sender(Protocol):
    """Writing with transaction ids: the same id twice is the same event (for 24 h)."""

    async def send(self, room_id: RoomId, event_type: str, content: JsonDict, txn_id: TxnId) -> EventId:
        """Send one event."""

    async def redact(self, room_id: RoomId, event_id: EventId, reason: str | None, txn_id: TxnId) -> EventId:
        """Redact one event."""


class RoomEditor(RoomState, Protocol):
    """Rooms and their state. ``create_room`` is not idempotent: look for the marker first."""

    async def create_room(self, room: NewRoom) -> RoomId:
        """Create; the caller is its creator and joined."""

    async def set_state(self, room_id: RoomId, event_type: str, state_key: str, content: JsonDict) -> EventId:
        """Set one state event."""

    async def joined_rooms(self) -> Sequence[RoomId]:
        """The rooms the bot is joined to."""

    async def resolve_alias(self, alias: str) -> RoomId | None:
        """The room an alias points to, None when it is free."""

    async def set_alias(self, alias: str, room_id: RoomId) -> None:
        """Let a free alias point to a room; nothing happens when it does already."""

    async def published_rooms(self) -> frozenset[RoomId]:
        """The rooms that the server's published room directory shows."""

    async def publish(self, room_id: RoomId, published: bool) -> None:
        """Show a room in the directory, or take it off; Forbidden where the server's rules do not allow it."""


class Members(Protocol):
    """People in rooms."""

    async def invite(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Invite; nothing happens when the person is already invited or joined."""

    async def kick(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Make someone leave; nothing happens when they are not there."""

    async def ban(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Ban."""

    async def unban(self, room_id: RoomId, user_id: UserId) -> None:
        """End a ban; nothing happens when there is none."""

    async def join(self, room_id: RoomId) -> None:
        """The bot itself joins."""

    async def leave(self, room_id: RoomId) -> None:
        """The bot itself leaves, or declines an invitation."""

    async def members(self, room_id: RoomId) -> Mapping[UserId, str]:
        """Everyone with a membership other than ``leave``: user id -> ``join``, ``invite``, ``ban``, ``knock``."""

    async def profile_name(self, user_id: UserId) -> str | None:
        """The display name; Missing when the account does not exist."""


class Media(Protocol):
    """Bytes on the homeserver."""

    async def upload(self, path: Path, media_type: str, name: str) -> MxcUri:
        """Put a file there."""

    async def download(self, mxc: MxcUri, target: Path, limit: int) -> int:
        """Write at most ``limit`` bytes to ``target``, a path of our own choosing; returns the size."""


class Administration(Protocol):
    """What only a server administrator's token can do; absent where the operator gave none."""

    async def force_join(self, room_id: RoomId, user_id: UserId) -> None:
        """Join a local user to a room (Synapse admin API)."""

    async def lift_rate_limit(self, user_id: UserId) -> None:
        """Switch off message rate limits for one user."""

    async def is_rate_limit_lifted(self, user_id: UserId) -> bool:
        """Are they switched off?"""

    async def media_owner(self, mxc: MxcUri) -> UserId | None:
        """Who uploaded a local media file; Missing when it is not there."""

    async def delete_media(self, mxc: MxcUri) -> None:
        """Delete one local media file."""


class Homeserver(Sync, Sender, RoomEditor, Members, Media, Protocol):
    """All of it, for the one place that hands out the parts (``app.py``)."""

    user_id: UserId
    administration: Administration | None

    @property
    def clock_skew(self) -> float | None:
        """The homeserver's clock minus ours in seconds, as its last answer showed; None before there was one."""

    async def close(self) -> None:
        """End connections."""


@dataclass(frozen=True)
class PostedFile:
    """A file that someone posted (``m.file``, ``m.image``, ``m.video``, ``m.audio``).

    Args:
        mxc: where its bytes are; None where the event names no such place, as those of encrypted rooms.
    """

    name: str
    mxc: MxcUri | None
    media_type: str
    size: int | None
    is_encrypted: bool = False


@dataclass(frozen=True)
class Event:
    """What every event has."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    sent_at: datetime


@dataclass(frozen=True)
class Message(Event):
    """An ``m.room.message`` that someone sent."""

    body: str
    msgtype: str
    reply_to: EventId | None = None
    thread: EventId | None = None
    file: PostedFile | None = None
    mentions: tuple[UserId, ...] = ()


@dataclass(frozen=True)
class Edit(Event):
    """An ``m.replace`` of an earlier message: ``new`` carries the new text under the edit's own id."""

    target: EventId
    new: Message


@dataclass(frozen=True)
class Reaction(Event):
    """An ``m.annotation``."""

    target: EventId
    key: str


@dataclass(frozen=True)
class Redaction(Event):
    """An ``m.room.redaction``."""

    target: EventId
    reason: str | None = None


@dataclass(frozen=True)
class Membership(Event):
    """An ``m.room.member``: ``user_id`` is now ``membership``, by ``sender``."""

    user_id: UserId
    membership: str
    display_name: str | None = None
    was: str | None = None


@dataclass(frozen=True)
class State(Event):
    """Any other state event."""

    type: str
    state_key: str
    content: JsonDict
