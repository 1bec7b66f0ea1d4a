"""Direct chats: one per member, unencrypted, the member and the bot alone, recorded by us."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from copp_bot.core import mirror
from copp_bot.core.clock import Clock
from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.effects import OPEN_DIRECT, RowEffects
from copp_bot.core.feature import TaskKind
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import RoomId, TxnId, UserId
from copp_bot.core.matrix.port import (
    ENCRYPTION,
    MARKER,
    Forbidden,
    Homeserver,
    JsonDict,
    MatrixError,
    Missing,
    NewRoom,
)
from copp_bot.core.reply import Reply, code, say
from copp_bot.core.store import outbox as outbox_store
from copp_bot.core.store import rooms as store
from storage.database import Database

ANSWER_INVITE = "direct.answer_invite"
FINISHING = 3.0
"""Seconds after the start, in which the homeserver ends what it was asked for before."""
LOOKS, BETWEEN_LOOKS = 10, 0.5
"""How often, and after how many seconds, a chat that has been begun is looked at before it is completed from here."""
CREATE, MEMBER = "m.room.create", "m.room.member"
LOOK_AT_ROOMS, ROOMS_LANE = "rooms.look", "rooms"
"""Task kind and lane of looking whether the declared rooms are as they should be."""


@dataclass(frozen=True)
class _Found:
    """A direct chat on the homeserver: begun when it exists in part, complete when the person has been invited."""

    room: RoomId | None = None
    is_begun: bool = False
    is_complete: bool = False


class DirectChats:
    """Makes direct chats, and answers invitations."""

    def __init__(self, homeserver: Homeserver, database: Database, clock: Clock) -> None:
        self._homeserver = homeserver
        self._database = database
        self._clock = clock
        self._born, self._awake_since = clock.now(), clock.monotonic()

    def kinds(self) -> tuple[TaskKind, ...]:
        """The tasks this part runs."""
        return (TaskKind(OPEN_DIRECT, self._open, self._never_opened), TaskKind(ANSWER_INVITE, self._answer_invite))

    def invited(self, effects: RowEffects, room_id: RoomId, state: Sequence[JsonDict]) -> None:
        """Someone invited the bot: accept a plain direct chat, decline everything else."""
        inviter, is_direct = _inviter(state, self._homeserver.user_id)
        if inviter is None:
            return
        if _follows_ours(effects, state):
            effects.task(LOOK_AT_ROOMS, {}, lane=ROOMS_LANE)  # it is joined there, if it may take the old one's place
            return
        is_encrypted = any(raw.get("type") == ENCRYPTION for raw in state)
        is_local = inviter.split(":", 1)[-1] == self._homeserver.user_id.split(":", 1)[-1]
        payload = {"room": room_id, "person": inviter, "accept": is_direct and not is_encrypted and is_local}
        effects.task(ANSWER_INVITE, payload, lane=f"{OPEN_DIRECT}:{inviter}")
        if is_local and is_encrypted:
            words = _("You invited me to an encrypted chat. I cannot read those, so here is an unencrypted one.")
            effects.send(inviter, say(words, (_("Type "), code("help"), _(" to see what I can do.")), notice=False))
        elif is_local and not is_direct:
            words = _(
                "I cannot join rooms that I have not made myself. Here, in our direct chat, I am at your service."
            )
            effects.send(inviter, say(words, notice=False))

    def encrypted(self, effects: RowEffects, room_id: RoomId) -> None:
        """Encryption is on in a room, for good: where it is somebody's direct chat, go on in a new one."""
        row = store.get(effects.session, room_id)
        if row is None or row.kind is not store.RoomKind.DIRECT or row.scope is None:
            return
        person = UserId(row.scope.removeprefix("direct:"))
        payload = {"room": room_id, "person": person, "accept": False}
        effects.task(ANSWER_INVITE, payload, lane=f"{OPEN_DIRECT}:{person}")
        words = _("Our chat is encrypted now, which cannot be undone, and I cannot read it. So here is a new one.")
        effects.send(person, say(words, notice=False))

    def shared(self, effects: RowEffects, room_id: RoomId) -> None:
        """Somebody else has been invited to a direct chat, or has come."""
        where = _("I answer here only what begins with ! or my name, and private things in a chat that is ours alone.")
        effects.send(room_id, say(_("Somebody else can read this chat now."), where, notice=False))

    async def _open(self, payload: dict[str, Any]) -> TaskEffect | None:
        person = UserId(payload["person"])
        await self._let_it_finish(payload)
        for turn in range(LOOKS):
            # what the mirror knows is asked first: what the sync brings after this is found below
            others = await self._database.read(lambda session: store.filed_ids(session, f"direct:{person}"))
            room = await self._database.read(lambda session: store.direct_room(session, person))
            if room is not None:
                return self._recorded(room, person)
            chat = await self._find(person, others)
            if chat.room is not None and chat.is_complete:
                return self._recorded(chat.room, person)
            if not chat.is_begun:
                return self._recorded(await self._create(person), person)
            if turn + 1 < LOOKS:
                await asyncio.sleep(BETWEEN_LOOKS)
        if chat.room is not None:
            await self._homeserver.invite(chat.room, person)
        return self._recorded(chat.room or await self._create(person), person)

    async def _let_it_finish(self, payload: dict[str, Any]) -> None:
        """A room that was asked for just before a crash may still be being made, and is not seen before it is."""
        was_before = payload.get("since", "") < self._born.isoformat()
        left = FINISHING - (self._clock.monotonic() - self._awake_since)
        if was_before and left > 0:
            await asyncio.sleep(left)

    def _never_opened(self, effects: Effects, payload: dict[str, Any], _sentence: str) -> None:
        """Nobody to write to, an account that ended for example: what waits for the chat will not go out."""
        assert isinstance(effects, RowEffects)
        txns = outbox_store.give_up(effects.session, payload["person"], "no direct chat could be opened")
        effects.batch.cancelled += [TxnId(txn) for txn in txns]

    async def _find(self, person: UserId, others: Collection[RoomId]) -> "_Found":
        """A direct chat made just before a crash carries our marker; one that is still being made may not yet."""
        found = _Found()
        for room in await self._homeserver.joined_rooms():
            if room in others:
                continue
            try:
                state = await self._homeserver.state(room)
            except (Forbidden, Missing):
                continue  # left since the list was read
            contents = {(raw["type"], raw["state_key"]): raw["content"] for raw in state}
            marker = contents.get((MARKER, ""))
            if marker is None:
                is_ours = any(raw["type"] == CREATE and raw["sender"] == self._homeserver.user_id for raw in state)
                found = replace(found, is_begun=found.is_begun or is_ours)
            elif marker.get("person") == person:
                members = {
                    key: content.get("membership") for (kind, key), content in contents.items() if kind == MEMBER
                }
                present = {user for user, membership in members.items() if membership in ("join", "invite")}
                if present == {self._homeserver.user_id, person}:
                    return _Found(room, is_begun=True, is_complete=True)
                if person not in members and present == {self._homeserver.user_id}:
                    found = _Found(room, is_begun=True)
        return found

    async def _create(self, person: UserId) -> RoomId:
        """Without a name: clients show it by the bot's own, and the community's space is called what it is called."""
        marker = {"kind": "direct", "person": person, "scope": f"direct:{person}", "readers": f"direct:{person}"}
        return await self._homeserver.create_room(
            NewRoom(
                topic=_("You and the community's assistant, nobody else. Type help."),
                is_direct=True,
                initial_state=({"type": MARKER, "state_key": "", "content": marker}, _invited_read_only),
                invite=(person,),
            )
        )

    async def _answer_invite(self, payload: dict[str, Any]) -> TaskEffect | None:
        room, person = RoomId(payload["room"]), UserId(payload["person"])
        try:
            if not payload["accept"]:
                await self._homeserver.leave(room)
                return None
            await self._homeserver.join(room)
        except Missing:
            return None
        except MatrixError as error:
            if error.status == 403:
                return None  # the invitation was taken back
            raise
        return self._recorded(room, person, greeting=True)

    def _recorded(self, room: RoomId, person: UserId, *, greeting: bool = False) -> TaskEffect:
        bot = self._homeserver.user_id

        def effect(effects: Effects) -> None:
            assert isinstance(effects, RowEffects)
            mirror.record_direct(effects.session, room, person, bot, effects.now)
            effects.batch.reachable.append(person)
            if greeting:
                effects.send(room, _greeting())

        return effect


def _greeting() -> Reply:
    """To who has opened a chat: silence would look like a bot that does not work."""
    return say(
        _("Hello! Here we are by ourselves: nobody else reads what you write to me."),
        (_("Type "), code("help"), _(" to see what I can do.")),
        notice=False,
    )


_invited_read_only: JsonDict = {
    "type": "m.room.history_visibility",
    "state_key": "",
    "content": {"history_visibility": "invited"},
}


def _follows_ours(effects: RowEffects, state: Sequence[JsonDict]) -> bool:
    """Does the room say that it replaces a declared one? Whether that is so is looked at elsewhere."""
    for raw in state:
        content = raw.get("content")
        predecessor = content.get("predecessor") if isinstance(content, dict) else None
        old = predecessor.get("room_id") if isinstance(predecessor, dict) else None
        if raw.get("type") == "m.room.create" and isinstance(old, str):
            row = store.get(effects.session, old)
            return row is not None and row.key is not None
    return False


def _inviter(state: Sequence[JsonDict], bot: UserId) -> tuple[UserId | None, bool]:
    """Who invited, and whether it is meant as a direct chat (stripped state, Client-Server API)."""
    for raw in state:
        content = raw.get("content")
        if raw.get("type") == "m.room.member" and raw.get("state_key") == bot and isinstance(content, dict):
            sender = raw.get("sender")
            if isinstance(sender, str) and content.get("membership") == "invite":
                return UserId(sender), content.get("is_direct") is True
    return None, False
