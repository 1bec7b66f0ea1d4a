"""People on the fake homeserver, and the world they make up with it."""

import asyncio
from collections.abc import Sequence

from copp_bot.core.matrix.port import Homeserver, MatrixError
from tests import world
from tests.fakes.matrix import FakeMatrix
from tests.world import WAIT_SECONDS, Predicate, Raw, Refused

DEVICE = "PHONE"


def _refused(error: MatrixError) -> Refused:
    return Refused(error.status, error.errcode, error.message)


class FakePerson:
    """Implements ``world.Person``."""

    def __init__(self, matrix: FakeMatrix, user_id: str) -> None:
        self.user_id = user_id
        self._matrix = matrix
        self._device = (user_id, DEVICE)

    async def say(
        self,
        room_id: str,
        body: str,
        *,
        reply_to: str | None = None,
        thread: str | None = None,
        mentions: Sequence[str] = (),
    ) -> str:
        """Write a message."""
        content = world.message(body, reply_to=reply_to, thread=thread, mentions=mentions)
        return await self.send(room_id, "m.room.message", content)

    async def edit(self, room_id: str, event_id: str, body: str) -> str:
        """Replace an earlier message."""
        return await self.send(room_id, "m.room.message", world.replacement(event_id, body))

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        """Put a reaction under a message."""
        return await self.send(room_id, "m.reaction", world.annotation(event_id, key))

    async def redact(self, room_id: str, event_id: str, reason: str | None = None) -> str:
        """Redact an event."""
        with _Refusing():
            return self._matrix.redact(self._device, room_id, event_id, reason, None)

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
        mxc = await self.upload(data, media_type, name)
        content = world.posted_file(name, mxc, len(data), media_type, caption, reply_to)
        return await self.send(room_id, "m.room.message", content)

    async def send(self, room_id: str, event_type: str, content: Raw) -> str:
        """Send any event."""
        with _Refusing():
            return self._matrix.send(self._device, room_id, event_type, content, None)

    async def set_state(self, room_id: str, event_type: str, state_key: str, content: Raw) -> str:
        """Set one state event."""
        with _Refusing():
            return self._matrix.set_state(self.user_id, room_id, event_type, state_key, content)

    async def join(self, room_id: str) -> None:
        """Join, or accept an invitation."""
        self._move(room_id, self.user_id, "join")

    async def leave(self, room_id: str) -> None:
        """Leave, or decline an invitation."""
        self._move(room_id, self.user_id, "leave")

    async def knock(self, room_id: str) -> None:
        """Ask to be let in."""
        self._move(room_id, self.user_id, "knock")

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite someone."""
        self._move(room_id, user_id, "invite")

    async def kick(self, room_id: str, user_id: str) -> None:
        """Make someone leave."""
        self._move(room_id, user_id, "leave")

    async def ban(self, room_id: str, user_id: str) -> None:
        """Ban someone."""
        self._move(room_id, user_id, "ban")

    async def create_room(self, body: Raw) -> str:
        """``createRoom`` with this body."""
        with _Refusing():
            return self._matrix.create_room(self.user_id, body)

    async def create_direct(self, user_id: str, *, encrypted: bool = False) -> str:
        """Open a direct chat as clients do."""
        return await self.create_room(world.direct_chat(user_id, encrypted))

    async def joined(self) -> set[str]:
        """The rooms they are joined to."""
        return self._matrix.rooms_of(self.user_id, "join")

    async def invited(self) -> set[str]:
        """The rooms they are invited to."""
        return self._matrix.rooms_of(self.user_id, "invite")

    async def timeline(self, room_id: str) -> list[Raw]:
        """Every event of the room that they may see now, oldest first."""
        with _Refusing():
            page = self._matrix.messages(self._device, room_id, None, None, 1_000_000)
        return list(page.events)[::-1]

    async def wait_for(
        self,
        room_id: str,
        predicate: Predicate,
        timeout: float = WAIT_SECONDS,  # noqa: ASYNC109  # dialogs read better
    ) -> Raw:
        """The first event for which ``predicate`` holds, now or later."""
        start: str | None = None
        async with asyncio.timeout(timeout):
            while True:
                with _Refusing():
                    found = self._matrix.first(self._device, room_id, start, predicate)
                if found is not None:
                    return found
                start = self._matrix.now()  # what has been looked at is not looked at again
                await self._matrix.changed()

    async def upload(self, data: bytes, media_type: str, name: str) -> str:
        """Put bytes on the server."""
        return self._matrix.put_media(self.user_id, data)

    async def download(self, mxc: str) -> bytes:
        """The bytes at an ``mxc`` address."""
        with _Refusing():
            return self._matrix.get_media(mxc)

    async def deactivate(self) -> None:
        """The account ends."""
        self._matrix.deactivate(self.user_id)

    def _move(self, room_id: str, target: str, membership: str) -> None:
        with _Refusing():
            self._matrix.set_membership(self.user_id, room_id, target, membership)


class _Refusing:
    """Turns the fake's refusals into those that people see."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, MatrixError):
            raise _refused(error) from error


class FakeWorld:
    """Implements ``world.World``."""

    def __init__(self, server_name: str = "example.org") -> None:
        self.matrix = FakeMatrix(server_name)
        self.server_name = server_name

    async def person(self, localpart: str) -> FakePerson:
        """The person of this name."""
        return self.matrix.person(localpart)

    async def bot_homeserver(self) -> Homeserver:
        """The bot's side, as ``@copp:<server name>``."""
        return self.matrix.bot(f"@copp:{self.server_name}")

    async def close(self) -> None:
        """Nothing to end."""
