"""The rules of opening and closing by command: a plan is shown first, and only then a task makes it so.

The rules they keep: a key is made from the title once and never given away again; nothing is ever deleted; who names a
steward must be allowed to grant that role.
"""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

from anyascii import anyascii
from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session

from copp_bot.core.context import Context
from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import COMMUNITY, UserId, is_user_id, user_id
from copp_bot.core.people import ROOT_KEY, load_viewer
from copp_bot.core.reply import shorten
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.until import parse_until
from copp_bot.features.groups import store
from copp_bot.rooms import opened
from copp_bot.rooms.checks import HOME, RESERVED, ROOT
from copp_bot.rooms.declared import Declaration, DeclaredRooms
from copp_bot.rooms.models import Entry as EntryWord
from copp_bot.rooms.models import GroupFile, GroupKind, ReadersWord, RoomEntry, Sentence, Title, is_key
from copp_bot.rooms.opened import Opened

NEW, CLOSE = "groups.new", "groups.close"
OPEN_TASK, SET_TASK = "groups.open", "groups.set"
LANE = "rooms"
"""Rooms are made one after the other, whoever asks for it."""
TOPIC = "topic"
KINDS = (*(kind.value for kind in GroupKind), TOPIC)
STEWARD, GRANT = "steward", "roles.grant"
SHELF = "library"
LONGEST_KEY = 40
PLAN_LIFE = timedelta(days=7)
"""As long as the choices below it."""
_TITLE: TypeAdapter[str] = TypeAdapter(Title)
_SENTENCE: TypeAdapter[str] = TypeAdapter(Sentence)
_MOST_TITLE, _MOST_AIM = 80, 400


@dataclass(frozen=True)
class Said:
    """What was typed after ``!group new``."""

    title: str
    kind: str | None = None
    aim: str | None = None
    until: str | None = None
    steward: str | None = None


@dataclass(frozen=True)
class Plan:
    """What would be opened. ``entry`` is its declaration as JSON."""

    key: str
    entry: str
    by: UserId
    steward: UserId | None = None

    @property
    def opened(self) -> Opened:
        """The declaration."""
        found = opened.read(self.key, self.entry)
        if found is None:
            raise NotFound(no_plan(self.key))
        return found


@dataclass(frozen=True)
class Target:
    """What is to be closed or opened again. ``rooms`` counts the rooms that people talk in."""

    key: str
    title: str
    is_group: bool
    is_closed: bool
    rooms: int


def plan(ctx: Context, rooms: DeclaredRooms, said: Said, bot: UserId) -> Plan:
    """Check what was typed and keep it as a plan; nothing is made yet."""
    ctx.require(NEW, COMMUNITY)
    kind = (said.kind or "").lower()
    if kind not in KINDS:
        kinds = ", ".join(f"kind:{known}" for known in KINDS)
        raise UserError(
            _("Say what it is, one of {kinds}. For example: !group new Drama kind:training").format(kinds=kinds)
        )
    title = _title(said.title)
    _refuse_taken(rooms.declaration, title)
    aim = _checked(_SENTENCE, said.aim.strip(), _("The aim"), _MOST_AIM) if said.aim else title
    until = parse_until(said.until, ctx.now, ctx.zone)
    if kind == TOPIC and (until or said.steward):
        raise UserError(_("A topical room has no end and no steward of its own: leave until: and steward: out."))
    steward = _steward(ctx, said.steward, bot) if said.steward else None
    with reading_in(rooms.language):
        last = (until - timedelta(microseconds=1)).astimezone(rooms.zone).date() if until else None
        entry = _room(title, aim) if kind == TOPIC else _group(title, GroupKind(kind), aim, last)
    key = _key(ctx.session, rooms.declaration, title, ctx.viewer.user_id)
    made = Plan(key, Opened(key, entry).text, ctx.viewer.user_id, steward)
    store.keep_plan(ctx.session, key, {**asdict(made), "at": ctx.now.isoformat()})
    return made


def carry_out(ctx: Context, rooms: DeclaredRooms, key: str) -> Plan:
    """Have a plan carried out by a task, which edits the answer."""
    ctx.require(NEW, COMMUNITY)
    kept = store.plan(ctx.session, key)
    if kept is None or datetime.fromisoformat(kept.pop("at")) < ctx.now - PLAN_LIFE:
        raise NotFound(no_plan(key))
    found = Plan(**kept)
    _refuse_taken(rooms.declaration, found.opened.entry.title)
    if found.steward is not None:
        _check_steward(ctx, UserId(found.steward))
    store.drop_plan(ctx.session, key)
    payload = {"key": key, "entry": found.entry, "steward": found.steward, **_asked(ctx)}
    ctx.effects.task(OPEN_TASK, payload, marker=f"{OPEN_TASK}:{key}", lane=LANE)
    return found


def target(ctx: Context, rooms: DeclaredRooms, key: str, *, closing: bool) -> Target:
    """What may be closed, or opened again; refused when it is so already."""
    ctx.require(CLOSE, COMMUNITY)
    declared = rooms.declaration
    found = [room for room in opened.rooms_of(declared, key) if not room.is_space]
    group = declared.groups.get(key)
    is_topic = group is None and key in rooms.joinable()
    if not found or not (group or is_topic):
        raise NotFound(_("There is no group or topical room {key}. See !groups.").format(key=key))
    meant = Target(key, rooms.title(key), group is not None, group.closed if group else found[0].closed, len(found))
    if meant.is_closed is closing:
        sentence = _("“{title}” is closed already.") if closing else _("“{title}” is not closed.")
        raise UserError(sentence.format(title=meant.title))
    return meant


def set_closed(ctx: Context, meant: Target, is_closed: bool) -> None:
    """Have it closed, or opened again, by a task, which edits the answer."""
    ctx.effects.task(SET_TASK, {"key": meant.key, "closed": is_closed, **_asked(ctx)}, lane=LANE)


def may_grant_steward(ctx: Context) -> bool:
    """May the viewer make someone a steward of any group?"""
    own = ctx.policy.roles_of(ctx.viewer, COMMUNITY)
    return ctx.may(GRANT, COMMUNITY) and any(STEWARD in role.grants for role in own)


def no_plan(key: str) -> str:
    """There is no such plan, any more."""
    return _("There is no plan for {key}. Make one: !group new TITLE kind:training").format(key=shorten(key, 40))


def key_of(title: str) -> str:
    """A key that can be typed on any keyboard, from a title in any script."""
    words = re.sub(r"[^a-z0-9]+", "-", anyascii(title).lower()).strip("-")
    if not words[:1].isalpha():
        words = f"group-{words}".strip("-")
    return words[:LONGEST_KEY].rstrip("-")


def _key(session: Session, declared: Declaration, title: str, by: UserId) -> str:
    """The first key made from the title that nobody has had yet; one's own plan of this title is made anew."""
    return next(key for key in _candidates(key_of(title)) if _is_free(session, declared, key, by))


def _candidates(base: str) -> Iterator[str]:
    yield base
    number = 2
    while True:
        tail = f"-{number}"
        yield base[: LONGEST_KEY - len(tail)].rstrip("-") + tail
        number += 1


def _is_free(session: Session, declared: Declaration, key: str, by: UserId) -> bool:
    planned = store.plan(session, key)
    return (
        is_key(key)
        and key not in RESERVED
        and declared.room(key) is None
        and rooms_store.by_key(session, key) is None
        and not opened.is_known(session, key)
        and (planned is None or planned["by"] == by)
    )


def _refuse_taken(declared: Declaration, title: str) -> None:
    """Siblings must be told apart by people who see only the title."""
    for room in declared.all:
        if room.parent in (None, ROOT) and room.title.casefold() == title.casefold():
            raise UserError(_("There is “{title}” already. Choose another title.").format(title=room.title))


def _title(said: str) -> str:
    text = said.strip().strip('"“”«»').strip()
    if "\n" in text:
        raise UserError(_('A title is one line. Say the rest with aim:"…".'))
    return _checked(_TITLE, text, _("The title"), _MOST_TITLE)


def _checked(adapter: TypeAdapter[str], text: str, what: str, most: int) -> str:
    if not text:
        raise UserError(_("{what} is empty. For example: !group new Drama kind:training").format(what=what))
    if len(text) > most:
        sentence = _("{what} has {count} characters; {most} are the most. Say it shorter.")
        raise UserError(sentence.format(what=what, count=len(text), most=most))
    try:
        return adapter.validate_python(text)
    except ValidationError:
        raise UserError(_("{what} holds an invisible character. Type it again without it.").format(what=what)) from None


def _group(title: str, kind: GroupKind, aim: str, until: date | None) -> GroupFile:
    home = RoomEntry(
        title=_("{title} home").format(title=shorten(title, 60)),
        topic=_("The group's home room"),
        purpose=_("The group's talk, its next steps and its questions."),
        offers=(SHELF,),
    )
    return GroupFile(title=title, topic=aim, purpose=aim, kind=kind, aim=aim, until=until, rooms={HOME: home})


def _room(title: str, aim: str) -> RoomEntry:
    return RoomEntry(
        title=title, topic=aim, purpose=aim, readers=ReadersWord.COMMUNITY, entry=EntryWord.FREE, offers=(SHELF,)
    )


def _steward(ctx: Context, said: str, bot: UserId) -> UserId:
    server = bot.partition(":")[2]
    user = user_id(said.strip().rstrip(",;."), server)
    if not is_user_id(user):
        example = _("steward: takes a person, for example steward:@anna:{server}").format(server=server)
        raise UserError(example)
    if user == bot:
        raise UserError(_("I hold no roles: I serve those who do."))
    if user.partition(":")[2] != server:
        raise UserError(_("{user} has an account elsewhere; roles are for accounts of this server.").format(user=user))
    _check_steward(ctx, user)
    return user


def _check_steward(ctx: Context, user: UserId) -> None:
    if not may_grant_steward(ctx):
        raise UserError(_("Naming a steward is not yours to do. Leave steward: out."))
    if not rooms_store.is_joined(ctx.session, rooms_store.room_id(ctx.session, ROOT_KEY), user):
        words = _("{user} is not a member of the community. Invite them first: !group invite {user} community")
        raise UserError(words.format(user=user))
    rank = ctx.policy.rank(load_viewer(ctx.session, user, ctx.now), COMMUNITY)
    if rank >= ctx.policy.rank(ctx.viewer, COMMUNITY):
        raise UserError(_("{user} has your own rank or a higher one and is in every group.").format(user=user))


def _asked(ctx: Context) -> dict[str, str | None]:
    return {"actor": ctx.viewer.user_id, "answer": ctx.answer, "language": ctx.viewer.language}
