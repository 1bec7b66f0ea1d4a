"""People and a homeserver, as dialogs see them; ``tests/fakes/person.py`` and ``tests/rigs/person.py`` implement this.

The rule it keeps: a dialog written against these protocols runs on the fake and on a real Synapse alike.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:  # the load driver uses this file, and none of the bot's code
    from copp_bot.core.matrix.port import Homeserver

Raw = dict[str, Any]
"""One raw event."""
Predicate = Callable[[Raw], bool]
WAIT_SECONDS = 30.0


class Person(Protocol):
    """Someone with an account and an ordinary client. What the server refuses raises ``Refused``."""

    user_id: str

    async def say(
        self,
        room_id: str,
        body: str,
        *,
        reply_to: str | None = None,
        thread: str | None = None,
        mentions: Sequence[str] = (),
    ) -> str:
        """Write a message; returns its event id."""

    async def edit(self, room_id: str, event_id: str, body: str) -> str:
        """Replace an earlier message (also somebody else's, if the server lets them)."""

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        """Put a reaction under a message."""

    async def redact(self, room_id: str, event_id: str, reason: str | None = None) -> str:
        """Redact an event."""

    async def post_file(
        self,
        room_id: str,
        name: str,
        data: bytes,
        media_type: str,
        *,
        caption: str | None = None,
        reply_to: str | None = None,
    ) -> str:
        """Upload and post a file."""

    async def send(self, room_id: str, event_type: str, content: Raw) -> str:
        """Send any event."""

    async def set_state(self, room_id: str, event_type: str, state_key: str, content: Raw) -> str:
        """Set one state event."""

    async def join(self, room_id: str) -> None:
        """Join, or accept an invitation."""

    async def leave(self, room_id: str) -> None:
        """Leave, or decline an invitation."""

    async def knock(self, room_id: str) -> None:
        """Ask to be let in."""

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite someone."""

    async def kick(self, room_id: str, user_id: str) -> None:
        """Make someone leave."""

    async def ban(self, room_id: str, user_id: str) -> None:
        """Ban someone."""

    async def create_room(self, body: Raw) -> str:
        """``createRoom`` with this body; returns the room id."""

    async def create_direct(self, user_id: str, *, encrypted: bool = False) -> str:
        """Open a direct chat as clients do, with an invitation; returns the room id."""

    async def joined(self) -> set[str]:
        """The rooms they are joined to."""

    async def invited(self) -> set[str]:
        """The rooms they are invited to."""

    async def timeline(self, room_id: str) -> list[Raw]:
        """Every event of the room that they may see now, oldest first."""

    async def wait_for(
        self,
        room_id: str,
        predicate: Predicate,
        timeout: float = WAIT_SECONDS,  # noqa: ASYNC109  # dialogs read better
    ) -> Raw:
        """The first event of the room for which ``predicate`` holds, now or later; TimeoutError when none comes."""

    async def upload(self, data: bytes, media_type: str, name: str) -> str:
        """Put bytes on the server; returns the ``mxc`` address."""

    async def download(self, mxc: str) -> bytes:
        """The bytes at an ``mxc`` address."""

    async def deactivate(self) -> None:
        """The account ends."""


class World(Protocol):
    """A homeserver and those who live on it."""

    server_name: str

    async def person(self, localpart: str) -> Person:
        """The person of this name, with an account made at the first call. Use ``user_id``: names may get a suffix."""

    async def bot_homeserver(self) -> "Homeserver":
        """The bot's side, with ``administration``; the same at every call."""

    async def close(self) -> None:
        """End connections."""


class Refused(Exception):
    """The server said no to a person: HTTP status and ``errcode``."""

    def __init__(self, status: int, errcode: str, words: str = "") -> None:
        super().__init__(f"{status} {errcode} {words}".strip())
        self.status = status
        self.errcode = errcode


def message(body: str, *, reply_to: str | None = None, thread: str | None = None, mentions: Sequence[str] = ()) -> Raw:
    """Content of a text message as clients write it."""
    content: Raw = {"msgtype": "m.text", "body": body, "m.mentions": {"user_ids": list(mentions)} if mentions else {}}
    return with_relation(content, reply_to, thread)


def with_relation(content: Raw, reply_to: str | None, thread: str | None) -> Raw:
    """The content as a reply, or in a thread (Client-Server API, Rich replies; Threading)."""
    answers = {"m.in_reply_to": {"event_id": reply_to or thread}}
    if thread is not None:
        relation = {"rel_type": "m.thread", "event_id": thread, "is_falling_back": reply_to is None, **answers}
        return content | {"m.relates_to": relation}
    return content | ({"m.relates_to": answers} if reply_to is not None else {})


def replacement(event_id: str, body: str) -> Raw:
    """Content of an edit."""
    new = {"msgtype": "m.text", "body": body, "m.mentions": {}}
    return {**new, "body": f"* {body}", "m.new_content": new, "m.relates_to": _relates("m.replace", event_id)}


def annotation(event_id: str, key: str) -> Raw:
    """Content of a reaction."""
    return {"m.relates_to": {**_relates("m.annotation", event_id), "key": key}}


def posted_file(name: str, mxc: str, size: int, media_type: str, caption: str | None, reply_to: str | None) -> Raw:
    """Content of a posted file; the caption is the body (Client-Server API 1.10, Media captions)."""
    kinds: Mapping[str, str] = {"image": "m.image", "video": "m.video", "audio": "m.audio"}
    content: Raw = {
        "msgtype": kinds.get(media_type.partition("/")[0], "m.file"),
        "body": caption or name,
        "filename": name,
        "url": mxc,
        "info": {"mimetype": media_type, "size": size},
        "m.mentions": {},
    }
    return with_relation(content, reply_to, None)


def direct_chat(user_id: str, encrypted: bool) -> Raw:
    """Body of ``createRoom`` as clients open a direct chat."""
    algorithm = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    return {
        "preset": "trusted_private_chat",
        "is_direct": True,
        "invite": [user_id],
        "initial_state": [algorithm] if encrypted else [],
    }


def _relates(rel_type: str, event_id: str) -> Raw:
    return {"rel_type": rel_type, "event_id": event_id}
