"""From the declared and the observed community to the steps between them.

The rule it keeps: pure. Nothing is ever deleted: what is not declared any more is said, and a person decides.
After all steps were taken the plan is empty of writes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import RoomId, RoomKey, UserId
from copp_bot.core.matrix.port import MARKER, JsonDict, NewRoom
from copp_bot.rooms import power, state
from copp_bot.rooms.declared import Declaration, DeclaredRoom
from copp_bot.rooms.notices import Notice, notices
from copp_bot.rooms.observe import Observed, ObservedRoom
from copp_bot.rooms.pictures import Picture
from copp_bot.rooms.power import Creation, RoleGrant


@dataclass(frozen=True)
class CreateRoom:
    """Create a space or room, with its marker and its whole state; ``new`` holds references to other rooms."""

    key: RoomKey
    new: NewRoom
    sentence: str


@dataclass(frozen=True)
class SetState:
    """Set one state event in the room of ``key``; state key and content may hold references."""

    key: RoomKey
    type: str
    state_key: Any
    content: JsonDict
    sentence: str


@dataclass(frozen=True)
class SetPower:
    """Merge ``wanted`` into the fresh power levels of the room of ``key``."""

    key: RoomKey
    wanted: JsonDict
    sentence: str


@dataclass(frozen=True)
class SetAvatar:
    """Upload the picture, unless a room of ours shows it already, and show it in the room of ``key``."""

    key: RoomKey
    picture: Picture
    sentence: str


@dataclass(frozen=True)
class SetAlias:
    """Let a free address lead to the room of ``key``."""

    key: RoomKey
    alias: str
    sentence: str


@dataclass(frozen=True)
class Publish:
    """Show the room of ``key`` in the server's room directory, or take it off."""

    key: RoomKey
    published: bool
    sentence: str


@dataclass(frozen=True)
class Follow:
    """Take the room that ``old`` was replaced by in its place, if it verifiably follows it (``rooms.following``)."""

    key: RoomKey
    old: ObservedRoom
    new: RoomId
    sentence: str


Write = CreateRoom | SetState | SetPower | SetAvatar | SetAlias | Publish | Follow
Step = Write | Notice


def plan(
    declared: Declaration,
    observed: Observed,
    grants: Sequence[RoleGrant] = (),
    creators: Sequence[UserId] = (),
) -> tuple[Step, ...]:
    """The steps from ``observed`` to ``declared``, in the order in which they can be taken.

    Args:
        grants: the roles in force.
        creators: additional creators of new rooms, for emergencies (room version 12).
    """
    planner = _Planner(declared, observed, grants, creators)
    return (*planner.rooms(), *planner.links(), *notices(declared, observed))


def differences(
    declared: Declaration, observed: Observed, key: RoomKey, grants: Sequence[RoleGrant] = ()
) -> tuple[Write, ...]:
    """What differs in one room that is there, its own list of children among it; nothing is asked about others.

    Args:
        observed: this room as it is now; of the others their ids are enough.
    """
    room, seen = declared.room(key), observed.rooms.get(key)
    if room is None or seen is None:
        return ()
    planner = _Planner(declared, observed, grants, ())
    return (*writes(planner.differences(room, seen)), *(step for step in planner.links() if step.key == key))


def about(step: Write, ids: Mapping[str, RoomId]) -> tuple[str, str]:
    """The state event that a step writes: type and state key."""
    if isinstance(step, SetPower):
        return power.POWER_LEVELS, ""
    if isinstance(step, SetAvatar):
        return state.AVATAR, ""
    return (step.type, str(state.resolve(step.state_key, ids))) if isinstance(step, SetState) else ("", "")


def concerns(step: Write, keys: Collection[str]) -> bool:
    """Does the step make one of these rooms, change it, list it in its space, or end a link to a room of the past?"""
    if isinstance(step, SetState) and step.type in (state.CHILD, state.PARENT):
        named = step.state_key.get(state.REFERENCE) if isinstance(step.state_key, dict) else None
        return named is None or step.key in keys or named in keys
    return step.key in keys


def writes(steps: Iterable[Step]) -> tuple[Write, ...]:
    """The steps that change something."""
    return tuple(step for step in steps if not isinstance(step, Notice))


@dataclass(frozen=True)
class _Planner:
    declared: Declaration
    observed: Observed
    grants: Sequence[RoleGrant]
    creators: Sequence[UserId]

    def rooms(self) -> Iterator[Step]:
        """What is missing is created, what differs is set; parents come first."""
        for room in self.declared.all:
            seen = self.observed.rooms.get(room.key)
            if seen is None:
                yield self._create(room)
                yield from self._avatar(room, None)
            else:
                yield from self._followed(room, seen)
                yield from self.differences(room, seen)
                yield from self._published(room, seen)

    def links(self) -> Iterator[Write]:
        """The tree that clients show: every listed room in its parent space."""
        for room in self.declared.all:
            if room.parent is not None and (step := self._link(room, room.parent)):
                yield step
        yield from self._old_links()
        yield from self._stray_links()

    def _create(self, room: DeclaredRoom) -> CreateRoom:
        bot = self.observed.bot
        version = self.declared.room_version
        creation = Creation(version, frozenset({bot}))
        if creation.creators_are_unlimited:
            creation = Creation(version, frozenset({bot, *self.creators}))
        more = sorted(creation.creators - {bot})
        taken = room.alias is not None and self.observed.aliases.get(room.alias) is not None
        new = NewRoom(
            name=room.title,
            topic=room.topic,
            alias_localpart=None if taken else room.alias,
            version=version,
            is_space=room.is_space,
            in_directory=room.in_directory,
            initial_state=[
                {"type": kind, "state_key": state_key, "content": content}
                for kind, state_key, content in state.own_state(room, self.observed.server)
            ],
            power_levels=power.first_content(room, self._powers(room), creation, bot),
            creation_content={"additional_creators": more} if more else {},
        )
        return CreateRoom(room.key, new, self._creation_sentence(room))

    def _creation_sentence(self, room: DeclaredRoom) -> str:
        if room.is_space:
            return _("Create the space “{title}” ({key}).").format(title=room.title, key=room.key)
        return _("Create the room “{title}” ({key}).").format(title=room.title, key=room.key)

    def _followed(self, room: DeclaredRoom, seen: ObservedRoom) -> Iterator[Follow]:
        if seen.replacement is not None:
            sentence = _("Follow “{title}” to the room {new} that has replaced it.")
            yield Follow(room.key, seen, seen.replacement, sentence.format(title=room.title, new=seen.replacement))

    def differences(self, room: DeclaredRoom, seen: ObservedRoom) -> Iterator[Write]:
        """What is not as declared in a room that is there."""
        wished: list[state.StateEvent] = [
            (state.NAME, "", {"name": room.title}),
            (state.TOPIC, "", {"topic": room.topic}),
            *state.own_state(room, self.observed.server),
        ]
        for kind, state_key, content in wished:
            if _may_set(seen, kind, self.observed.bot) and not self._is_set(seen, kind, state_key, content):
                yield SetState(room.key, kind, state_key, content, self._sentence(room, seen, kind))
        yield from self._avatar(room, seen)
        yield from self._alias(room, seen)
        yield from self._power(room, seen)

    def _avatar(self, room: DeclaredRoom, seen: ObservedRoom | None) -> Iterator[SetAvatar]:
        """A picture that is not declared is left to whoever has set it."""
        if room.avatar is None or (seen and not _may_set(seen, state.AVATAR, self.observed.bot)):
            return
        shown = (seen.content(state.AVATAR) or {}).get(state.SHA256) if seen else None
        if shown != room.avatar.sha256:
            yield SetAvatar(room.key, room.avatar, self._words(state.AVATAR, room))

    def _alias(self, room: DeclaredRoom, seen: ObservedRoom) -> Iterator[Write]:
        if room.alias is None or room.alias not in self.observed.aliases:
            return
        target, full = self.observed.aliases[room.alias], f"#{room.alias}:{self.observed.server}"
        if target is None:
            sentence = _("Give “{title}” the address {alias}.").format(title=room.title, alias=full)
            yield SetAlias(room.key, room.alias, sentence)
        if target not in (None, seen.room_id) or not _may_set(seen, state.ALIAS, self.observed.bot):
            return
        current = seen.content(state.ALIAS) or {}
        if current.get("alias") != full:
            yield SetState(room.key, state.ALIAS, "", {**current, "alias": full}, self._words(state.ALIAS, room))

    def _published(self, room: DeclaredRoom, seen: ObservedRoom) -> Iterator[Publish]:
        """Who may set a room's address may publish it (Matrix specification, "Published room directory")."""
        is_published = seen.room_id in self.observed.published
        if room.in_directory != is_published and _may_set(seen, state.ALIAS, self.observed.bot):
            show, hide = _("Show “{title}” in the room directory."), _("Take “{title}” off the room directory.")
            sentence = show if room.in_directory else hide
            yield Publish(room.key, room.in_directory, sentence.format(title=room.title))

    def _power(self, room: DeclaredRoom, seen: ObservedRoom) -> Iterator[SetPower]:
        wanted = power.desired(room, self._powers(room))
        merged = power.merge(seen.creation, seen.power_levels, wanted, self.observed.bot)
        if merged != (seen.power_levels or {}):
            yield SetPower(room.key, wanted, _power_sentence(room, seen.power_levels or {}, merged))

    def _powers(self, room: DeclaredRoom) -> dict[UserId, int]:
        return power.powers_in(room.scope, self.grants, self.declared.roles)

    def _is_set(self, seen: ObservedRoom, kind: str, state_key: Any, content: JsonDict) -> bool:
        """Does the event say this? What it says besides is left to whoever wrote it."""
        try:
            resolved_key = state.resolve(state_key, self.observed.ids)
            resolved = state.resolve(content, self.observed.ids)
        except state.UnknownRoom:
            return False
        current = seen.content(kind, resolved_key) or {}
        if kind == MARKER:
            return bool(current == resolved)
        if not resolved:
            return not current.get("via")
        return all(current.get(name) == value for name, value in resolved.items())

    def _link(self, room: DeclaredRoom, parent_key: RoomKey) -> SetState | None:
        content = state.child_link(room, self.observed.server)
        parent, child = self.observed.rooms.get(parent_key), self.observed.rooms.get(room.key)
        reference = state.reference(room.key)
        if not content and (parent is None or child is None):
            return None
        if parent is not None and not _may_set(parent, state.CHILD, self.observed.bot):
            return None
        if parent is not None and self._is_set(parent, state.CHILD, reference, content):
            return None
        names = {"title": room.title, "parent": self._title(parent_key)}
        sentence = _("List “{title}” in “{parent}”.") if content else _("Take “{title}” off the list of “{parent}”.")
        return SetState(parent_key, state.CHILD, reference, content, sentence.format(**names))

    def _old_links(self) -> Iterator[SetState]:
        """Nothing points to a room any more that another has taken the place of."""
        for double in self.observed.doubles:
            if double.replacement != self.observed.rooms[double.key].room_id:
                continue
            for key, seen in self.observed.rooms.items():
                for kind in (state.CHILD, state.PARENT):
                    if (seen.content(kind, double.room_id) or {}).get("via"):
                        sentence = _("Let “{title}” point to the old room of “{old}” no more.")
                        names = {"title": self._title(key), "old": self._title(double.key)}
                        yield SetState(key, kind, double.room_id, {}, sentence.format(**names))

    def _stray_links(self) -> Iterator[SetState]:
        """A declared room is listed in its own space alone; what is not ours may be listed by whoever may."""
        places = {
            self.observed.rooms[room.key].room_id: room for room in self.declared.all if room.key in self.observed.rooms
        }
        for key, seen in self.observed.rooms.items():
            if not _may_set(seen, state.CHILD, self.observed.bot):
                continue
            for (kind, child), content in seen.state.items():
                room = places.get(RoomId(child)) if kind == state.CHILD and content.get("via") else None
                if room is not None and room.parent != key:
                    sentence = _("Take “{title}” off the list of “{parent}”.")
                    names = {"title": room.title, "parent": self._title(key)}
                    yield SetState(key, state.CHILD, child, {}, sentence.format(**names))

    def _title(self, key: RoomKey) -> str:
        room = self.declared.room(key)
        return room.title if room else key

    def _sentence(self, room: DeclaredRoom, seen: ObservedRoom, kind: str) -> str:
        if kind == state.NAME:
            old = (seen.content(state.NAME) or {}).get("name") or room.key
            return _("Rename “{old}” to “{title}”.").format(old=old, title=room.title)
        return self._words(kind, room)

    def _words(self, kind: str, room: DeclaredRoom) -> str:
        sentences = {
            state.TOPIC: _("Set the topic of “{title}”."),
            state.JOIN_RULES: _("Set who may join “{title}”."),
            state.HISTORY: _("Set who may read the past of “{title}”."),
            state.GUESTS: _("Keep guests without an account out of “{title}”."),
            state.AVATAR: _("Set the picture of “{title}”."),
            state.ALIAS: _("Show the address of “{title}”."),
            state.PARENT: _("Tell clients that “{title}” lies in its space."),
            MARKER: _("Record the changed declaration in “{title}”."),
        }
        return sentences[kind].format(title=room.title)


def _may_set(seen: ObservedRoom, kind: str, bot: UserId) -> bool:
    return power.level_of(seen.creation, seen.power_levels, bot) >= power.needed(seen.power_levels, kind)


def _power_sentence(room: DeclaredRoom, current: Mapping[str, Any], merged: Mapping[str, Any]) -> str:
    was, now = power.table(current, "users"), power.table(merged, "users")
    changed = [f"{user} {now.get(user, 0)}" for user in sorted({*was, *now}) if was.get(user, 0) != now.get(user, 0)]
    if not changed:
        return _("Set the power levels of “{title}”.").format(title=room.title)
    people = ", ".join(changed[:3]) + (", …" if len(changed) > 3 else "")
    return _("Set the power levels of “{title}”: {people}.").format(title=room.title, people=people)
