"""The declared community in a database, without a homeserver: for tests of services, jobs and tasks' effects."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast
from zoneinfo import ZoneInfo

from sqlmodel import Session

from copp_bot.core.clock import SystemClock
from copp_bot.core.context import Context, Place
from copp_bot.core.feature import Core
from copp_bot.core.ids import EventId, RoomId, RoomKey, Scope, TxnId, UserId
from copp_bot.core.matrix.port import Message
from copp_bot.core.people import load_viewer
from copp_bot.core.permissions import Viewer
from copp_bot.core.reply import Reply
from copp_bot.core.settings import Settings
from copp_bot.core.store import people as people_store
from copp_bot.rooms.declaration import load
from copp_bot.rooms.declared import Declaration
from storage.database import Database
from storage.tables.people import GrantRow
from storage.tables.rooms import MembershipRow, RoomKind, RoomRow
from tests.fakes.effects import RecordedEffects
from tests.fakes.matrix import FakeMatrix

ROOMS_CONFIG = Path(__file__).parent.parent.parent / "rooms_config"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
BOT = UserId("@copp:example.org")
SECRET = "hush"
"""Key of a group that is not listed."""


def user(name: str) -> UserId:
    """The full id of an account of the community's server."""
    return UserId(f"@{name}:example.org")


@cache
def declared() -> Declaration:
    """The community as declared, with a group more that is not listed."""
    with TemporaryDirectory() as folder:
        copied = Path(folder) / "rooms_config"
        shutil.copytree(ROOMS_CONFIG, copied)
        group = (copied / "groups" / "rhythm.yaml").read_text(encoding="utf-8")
        hidden = group.replace("listed: true", "listed: false").replace("Rhythm and language", "Hush")
        (copied / "groups" / f"{SECRET}.yaml").write_text(hidden, encoding="utf-8")
        return load(copied)


@dataclass
class SmallHouse:
    """A database with every declared room and the bot in it."""

    session: Session
    now: datetime = NOW
    effects: RecordedEffects = field(init=False)

    def __post_init__(self) -> None:
        """Make the rooms."""
        self.effects = RecordedEffects(self.session, self.now)
        for room in (*declared().spaces, *declared().rooms):
            kind = RoomKind.SPACE if room.is_space else RoomKind.ROOM
            row = RoomRow(room_id=f"!{room.key}", key=room.key, kind=kind, scope=room.scope, readers=room.readers)
            self.session.add_all((row, self._membership(BOT, room.key, "join")))
        self.session.flush()

    @property
    def core(self) -> Core:
        """What features are built with; the database is this session's alone."""
        settings = Settings(homeserver="http://127.0.0.1", user_id=BOT)
        database, homeserver = cast("Database", None), FakeMatrix().bot(BOT)
        declaration = declared()
        return Core(settings, database, declaration.policy(), SystemClock(), homeserver, declaration.directory())

    def membership(self, who: UserId, key: str, membership: str = "join") -> None:
        """Set someone's membership of a declared room."""
        self.session.merge(self._membership(who, key, membership))
        self.session.flush()

    def _membership(self, who: UserId, key: str, membership: str) -> MembershipRow:
        return MembershipRow(room_id=f"!{key}", user_id=who, membership=membership, by=who, since=self.now)

    def member(self, name: str, *groups: str, roles: tuple[tuple[str, str], ...] = ()) -> UserId:
        """Someone in the community, in the public rooms, and in these groups with their home rooms."""
        who = user(name)
        people_store.ensure(self.session, who, self.now).display_name = name.title()
        for key in ("root", "reception", "coffee-shop", *groups, *(f"{key}/home" for key in groups)):
            self.session.merge(self._membership(who, key, "join"))
        self.session.flush()
        for role, scope in roles:
            self.grant(who, role, scope)
        return who

    def newcomer(self, name: str) -> UserId:
        """Someone in Reception only."""
        who = user(name)
        self.membership(who, "reception")
        return who

    def grant(self, who: UserId, role: str, scope: str, until: datetime | None = None) -> None:
        """A role in force."""
        row = GrantRow(user_id=who, role=role, scope=scope, until=until, granted_by=BOT, granted_at=self.now)
        self.session.add(row)
        self.session.flush()

    def viewer(self, who: UserId) -> Viewer:
        """Who they are to the house now."""
        return load_viewer(self.session, who, self.now)

    def place(self, key: str) -> Place:
        """A declared room as a place."""
        row = self.session.get(RoomRow, f"!{key}")
        assert row is not None
        return Place(RoomId(row.room_id), RoomKey(key), Scope(row.scope or ""), row.readers)

    def context(self, who: UserId, where: str = "direct") -> Context:
        """A command of this person in a declared room, or in the direct chat."""
        direct = Place(RoomId(f"!direct-{who}"), None, Scope("community"), f"direct:{who}", is_direct=True)
        place = direct if where == "direct" else self.place(where)
        message = Message(EventId("$said"), place.room_id, who, self.now, body="!", msgtype="m.text")
        zone, answer = ZoneInfo("Europe/Paris"), TxnId("answer")
        return Context(self.viewer(who), place, message, self.effects, declared().policy(), zone, answer)

    def sent_to(self, target: str) -> list[Reply]:
        """What was sent to a room or person."""
        return [reply for to, reply in self.effects.sent if to == target]

    def tasks_of(self, kind: str) -> list[dict[str, object]]:
        """The payloads of the tasks of a kind."""
        return [payload for of, payload in self.effects.tasks if of == kind]


@contextmanager
def small_house(database_url: str) -> Iterator[SmallHouse]:
    """A small house in this database, in one transaction."""
    database = Database(database_url)
    with Session(database.engine, expire_on_commit=False) as session, session.begin():
        yield SmallHouse(session)
    database.close()
