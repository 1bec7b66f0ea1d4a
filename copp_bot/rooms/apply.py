"""Makes the homeserver match the declaration, one step at a time.

The rule it keeps: it may be killed at any moment and started again. ``createRoom`` is not idempotent, so before every
attempt it looks for a joined room that already carries the marker. What passes is waited out; a step that is refused
is told and does not stop the others.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from sqlmodel import Session

from copp_bot.core import failpoint
from copp_bot.core.clock import Clock
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import RoomId, RoomKey, UserId
from copp_bot.core.matrix.port import (
    MARKER,
    Administration,
    Forbidden,
    JsonDict,
    MatrixError,
    Media,
    Members,
    Missing,
    NewRoom,
    RoomEditor,
    UnknownToken,
)
from copp_bot.rooms import following, power, state, store
from copp_bot.rooms.declared import Declaration
from copp_bot.rooms.notices import Notice
from copp_bot.rooms.observe import Observed, ObservedRoom, observe, read_state
from copp_bot.rooms.patience import Pause, patiently
from copp_bot.rooms.plan import (
    CreateRoom,
    Follow,
    Publish,
    SetAlias,
    SetAvatar,
    SetPower,
    SetState,
    Step,
    Write,
    concerns,
    plan,
    writes,
)
from copp_bot.rooms.power import Creation
from copp_bot.rooms.uploads import Uploads
from storage.database import Database

log = logging.getLogger(__name__)

Progress = Callable[[int, int, str], None]
"""Called before each step with its number (from 1), how many there are, and its sentence."""


class Editor(RoomEditor, Members, Media, Protocol):
    """The part of the homeserver that applying needs."""

    user_id: UserId
    administration: Administration | None


@dataclass(frozen=True)
class Surroundings:
    """What planning and applying need beside the declaration.

    Args:
        creators: additional creators of new rooms (``Settings.emergency_creators``).
        pause: waits so many seconds.
    """

    homeserver: Editor
    database: Database
    clock: Clock
    creators: Sequence[UserId] = ()
    pause: Pause = asyncio.sleep


@dataclass(frozen=True)
class Outcome:
    """What came of it.

    Args:
        done: steps that were taken.
        refused: why the others were not, one sentence each.
        notices: what a person must decide.
        rooms: declared key -> room id, as far as they exist.
    """

    done: int
    refused: tuple[str, ...]
    notices: tuple[str, ...]
    rooms: dict[str, RoomId] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many steps there were."""
        return self.done + len(self.refused)


async def look_and_plan(
    declared: Declaration, around: Surroundings, *, again: bool = False
) -> tuple[Observed, tuple[Step, ...]]:
    """Observe and plan; changes nothing.

    Args:
        again: also plan what the homeserver has not allowed before; else a person is told of it.
    """
    now = around.clock.now()
    skip = await around.database.read(store.direct_chats)
    grants = await around.database.read(lambda session: store.grants(session, now))
    aliases = [room.alias for room in declared.all if room.alias]
    observed = await observe(
        around.homeserver, around.homeserver.user_id, aliases=aliases, skip=skip, pause=around.pause
    )
    steps = plan(declared, observed, grants, around.creators)
    in_vain = frozenset[str]() if again else await around.database.read(store.unlisted)
    return observed, tuple(_step_or_notice(step, observed, in_vain) for step in steps)


def _step_or_notice(step: Step, observed: Observed, in_vain: Collection[str]) -> Step:
    """A room that the homeserver lets into its directory never is not tried again and again: a person is told."""
    if not (isinstance(step, Publish) and step.published and observed.ids.get(step.key) in in_vain):
        return step
    words = _(
        "The homeserver does not allow it. Its operator can (room_list_publication_rules in homeserver.yaml); then "
        "apply again, or declare in_directory: false."
    )
    return Notice(f"{step.sentence} {words}")


async def apply(
    declared: Declaration,
    around: Surroundings,
    progress: Progress | None = None,
    *,
    only: Collection[str] | None = None,
) -> Outcome:
    """Plan, take every step, and record the rooms in the database.

    Args:
        only: the declared keys whose rooms are made and changed; None means all.

    Raises:
        UnknownToken: the access token is not valid any more.
    """
    observed, steps = await look_and_plan(declared, around, again=True)
    todo, refused = _chosen(steps, only), list[str]()
    if moves := [step for step in todo if isinstance(step, Follow)]:
        refused += await _take(moves, _Hands(around, observed), None)
        # everything else depends on where the rooms are now
        observed, steps = await look_and_plan(declared, around, again=True)
        todo = [step for step in _chosen(steps, only) if not isinstance(step, Follow)]
    hands = _Hands(around, observed)
    refused += await _take(todo, hands, progress)
    late: list[Write] = []
    if todo:
        observed, steps = await look_and_plan(declared, around, again=True)
        # a new room that the homeserver does not let into its directory is made without a word
        late = [step for step in _chosen(steps, only) if isinstance(step, Publish) and step not in todo]
        refused += await _take(late, hands, None)
        if late or hands.in_vain:
            observed, steps = await look_and_plan(declared, around)
    now = around.clock.now()
    await around.database.write(lambda session: _record(session, declared, observed, now))
    notices = tuple(step.sentence for step in steps if isinstance(step, Notice))
    total = len(moves) + len(todo) + len(late) - hands.in_vain
    return Outcome(total - len(refused), tuple(refused), notices, observed.ids)


def _chosen(steps: Iterable[Step], only: Collection[str] | None) -> list[Write]:
    return [step for step in writes(steps) if only is None or concerns(step, only)]


async def _take(todo: Sequence[Write], hands: "_Hands", progress: Progress | None) -> list[str]:
    """Take steps in order; what was refused, one sentence each."""
    refused: list[str] = []
    for number, step in enumerate(todo, 1):
        if progress:
            progress(number, len(todo), step.sentence)
        if reason := await hands.take(step):
            refused.append(f"{step.sentence} {reason}")
        failpoint.reached("apply.stepped")
    return refused


async def take(step: Write, around: Surroundings, observed: Observed) -> str | None:
    """Take one step; None when it is done, else why it was refused."""
    return await _Hands(around, observed).take(step)


async def set_power(homeserver: RoomEditor, room_id: RoomId, creation: Creation, wanted: JsonDict, bot: UserId) -> bool:
    """Read, merge and write the power levels of one room; True when something was written.

    Raises:
        Forbidden: the bot has not the power, or could not take the change back.
    """
    before = await homeserver.state_event(room_id, power.POWER_LEVELS)
    after = power.merge(creation, before, wanted, bot)
    if after == (before or {}):
        return False
    if not power.can_still_undo(creation, before, after, bot):
        raise Forbidden("", "the change could not be taken back")
    await homeserver.set_state(room_id, power.POWER_LEVELS, "", after)
    return True


def _record(session: Session, declared: Declaration, observed: Observed, now: datetime) -> None:
    store.record(session, declared, observed, now)
    failpoint.reached("apply.recording")


class _NotTaken(Exception):
    """A step that cannot be taken: the sentence says why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class _Hands:
    """Takes steps; knows which rooms exist by now."""

    def __init__(self, around: Surroundings, observed: Observed) -> None:
        self._around = around
        self._homeserver = around.homeserver
        self._bot = observed.bot
        self._ids = observed.ids
        self._creations = {key: room.creation for key, room in observed.rooms.items()}
        self._uploads = Uploads(around.homeserver, observed)
        self.in_vain = 0
        """Steps that the homeserver does not allow, and of which a person is told."""
        self._seen = {room.room_id for room in (*observed.rooms.values(), *observed.doubles)}

    async def take(self, step: Write) -> str | None:
        """Take one step; None when it is done, else why it was refused."""
        try:
            await patiently(lambda: self._attempt(step), self._around.pause)
        except UnknownToken:
            raise
        except state.UnknownRoom as error:
            return _("The room “{key}” does not exist yet.").format(key=error.key)
        except _NotTaken as error:
            return error.sentence
        except MatrixError as error:
            log.warning("step refused: %s %s", error.status, error.errcode)
            return _("The homeserver refused ({code}).").format(code=error.errcode or error.status or error.message)
        return None

    async def _attempt(self, step: Write) -> None:
        if isinstance(step, CreateRoom):
            await self._create(step)
        elif isinstance(step, SetPower):
            room_id = self._room(step.key)
            await set_power(self._homeserver, room_id, self._creations[step.key], step.wanted, self._bot)
        elif isinstance(step, SetAvatar):
            content = await self._uploads.content(step.picture)
            await self._homeserver.set_state(self._room(step.key), state.AVATAR, "", content)
        elif isinstance(step, SetAlias):
            alias = f"#{step.alias}:{self._bot.split(':', 1)[1]}"
            await self._homeserver.set_alias(alias, self._room(step.key))
        elif isinstance(step, Publish):
            await self._publish(step)
        elif isinstance(step, Follow):
            await self._follow(step)
        else:
            await self._set(step)

    async def _set(self, step: SetState) -> None:
        state_key = state.resolve(step.state_key, self._ids)
        content = state.resolve(step.content, self._ids)
        await self._homeserver.set_state(self._room(step.key), step.type, state_key, content)

    async def _publish(self, step: Publish) -> None:
        room_id = self._room(step.key)
        try:
            await self._homeserver.publish(room_id, step.published)
        except Forbidden:
            if not step.published:
                raise
            self.in_vain += 1
            await self._around.database.write(lambda session: store.keep_unlisted(session, room_id))
        else:
            await self._around.database.write(lambda session: store.drop_unlisted(session, room_id))

    async def _follow(self, step: Follow) -> None:
        """Join the new room, look whether it follows ours, bring the people along, and give it the key."""
        try:
            await self._homeserver.join(step.new)
        except (Forbidden, Missing):
            raise _NotTaken(
                _("I cannot join it. Invite {bot} there, then: !rooms apply").format(bot=self._bot)
            ) from None
        if reason := following.refusal(step.old, await self._homeserver.state(step.new), self._bot):
            raise _NotTaken(reason)
        await self._bring_along(step)
        await self._homeserver.set_state(step.new, MARKER, "", dict(step.old.content(MARKER) or {}))

    async def _bring_along(self, step: Follow) -> None:
        """Being in the old room opens no door of the new one, so those who are in it now are asked in, once."""
        there = await self._homeserver.members(step.new)
        for user, membership in (await self._homeserver.members(step.old.room_id)).items():
            if membership == "join" and user not in there:
                with suppress(Forbidden, Missing):
                    await self._bring(step.new, user)

    async def _bring(self, room_id: RoomId, user: UserId) -> None:
        administration = self._homeserver.administration
        if administration is None:
            await self._homeserver.invite(room_id, user)
        else:
            await administration.force_join(room_id, user)

    async def _create(self, step: CreateRoom) -> None:
        """Look, then create: an earlier attempt may have succeeded without our knowing."""
        found = await self._find(step.key)
        if found is None:
            new: NewRoom = replace(step.new, initial_state=state.resolve(list(step.new.initial_state), self._ids))
            failpoint.reached("apply.creating")
            self._ids[step.key] = await self._homeserver.create_room(new)
            failpoint.reached("apply.created")
        else:
            self._ids[step.key], self._creations[step.key] = found.room_id, found.creation
        self._seen.add(self._ids[step.key])

    async def _find(self, key: RoomKey) -> ObservedRoom | None:
        for room_id in await self._homeserver.joined_rooms():
            if room_id not in self._seen and (room := await self._marked(room_id)) and room.key == key:
                return room
        return None

    async def _marked(self, room_id: RoomId) -> ObservedRoom | None:
        """The room if it carries our marker; one that does not is not asked about again."""
        try:
            if await self._homeserver.state_event(room_id, MARKER) is not None:
                seen = read_state(room_id, await self._homeserver.state(room_id), self._bot)
                return seen if isinstance(seen, ObservedRoom) else None
        except (Forbidden, Missing):
            pass
        self._seen.add(room_id)
        return None

    def _room(self, key: RoomKey) -> RoomId:
        if key not in self._ids:
            raise state.UnknownRoom(key)
        return self._ids[key]
