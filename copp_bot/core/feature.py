"""What a feature gives to the house. ``feature.py`` of each feature builds one of these and does nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlmodel import Session

from copp_bot.core.clock import Clock
from copp_bot.core.commands.declare import Command
from copp_bot.core.context import Context, Effects, Place, TaskEffect
from copp_bot.core.ids import EventId, ItemId, Scope, UserId
from copp_bot.core.matrix.port import Edit, Event, Homeserver, Membership, Message, State
from copp_bot.core.permissions import Policy, Viewer
from copp_bot.core.reply import Reply
from copp_bot.core.schedule import Rule
from copp_bot.core.settings import Settings
from copp_bot.core.talk import TalkHandler
from copp_bot.core.web.page import Action, Page, Panel
from storage.database import Database


class RoomDirectory(Protocol):
    """What features may ask about the declared community; implemented by ``rooms/``."""

    @property
    def language(self) -> str:
        """The community's language (ISO 639-1), for who has not said theirs."""

    @property
    def zone(self) -> ZoneInfo:
        """The community's time zone, likewise."""

    def groups(self) -> Mapping[str, "GroupInfo"]:
        """Every declared group by key."""

    def joinable(self) -> Mapping[str, str]:
        """Room keys -> titles that may be named in commands."""

    def title(self, key: str) -> str:
        """The declared title of a room or group."""

    def offers(self, key: str) -> tuple[str, ...]:
        """The features that offer to take a file posted in the room of this key."""

    def text(self, name: str, language: str) -> str:
        """A declared text (Markdown) such as ``welcome``, in the language or the community's."""


@dataclass(frozen=True)
class GroupInfo:
    """A declared group space.

    Args:
        listed: members outside may know that it exists and ask to join.
        closed: its rooms stay to be read, and nobody new asks to join.
        until: its last day.
    """

    key: str
    title: str
    kind: str
    aim: str
    listed: bool
    languages: tuple[str, ...] = ()
    closed: bool = False
    until: date | None = None


@dataclass(frozen=True)
class Core:
    """What features are built with. Handlers get narrower things (``Context``, ``Effects``)."""

    settings: Settings
    database: Database
    policy: Policy
    clock: Clock
    homeserver: Homeserver
    rooms: RoomDirectory
    synced: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the first sync has been taken in."""


@dataclass(frozen=True)
class FileOffer:
    """A feature that takes posted files: what it says to one, and in which rooms (declared ``offers``)."""

    name: str
    permission: str
    run: Callable[[Context], Reply | None]


@dataclass(frozen=True)
class MembershipHandler:
    """Called in the transaction that mirrors a membership change in one of our rooms."""

    run: Callable[[Effects, Place, Membership], None]


@dataclass(frozen=True)
class StateHandler:
    """Called in the transaction that mirrors it, when somebody has set other state of one of our declared rooms."""

    run: Callable[[Effects, Place, State], None]


@dataclass(frozen=True)
class ThreadHandler:
    """Called with what people write in the thread of the message that publishes an item of a kind."""

    kind: str
    run: Callable[[Effects, Place, ItemId, Message], None]


@dataclass(frozen=True)
class Job:
    """Declared scheduled work.

    Args:
        id: stable name, shown to operators.
        rule: when, as wall time.
        run: what to do for one occurrence; writes rows only.
        summary: one line for ``copp-bot jobs``.
        catch_up: ``each`` runs every missed occurrence, ``last`` only the newest, ``none`` none.
    """

    id: str
    rule: Rule
    run: Callable[[Effects, datetime], None]
    summary: str
    catch_up: str = "last"


@dataclass(frozen=True)
class TaskKind:
    """Work at the network edge.

    Args:
        kind: name in the table.
        run: does it, idempotently (it looks before it repeats), and returns what to write when done.
        failed: what to write when it is given up, with the sentence to show.
        is_bulk: nobody waits for it in the chat; everything else goes first.
        dropped: undoes what ``run`` left outside the database, when the task was taken back while it ran.
    """

    kind: str
    run: Callable[[dict[str, Any]], Awaitable[TaskEffect | None]]
    failed: Callable[[Effects, dict[str, Any], str], None] | None = None
    is_bulk: bool = False
    dropped: Callable[[dict[str, Any]], None] | None = None


@dataclass(frozen=True)
class ItemKind:
    """A kind of item that a feature owns: its letter, and what goes when one is withdrawn."""

    letter: str
    kind: str
    withdrawn: Callable[[Effects, ItemId], None]
    edited: Callable[[Effects, ItemId, Edit], Reply | None] | None = None


Restored = Callable[[Effects, datetime], None]
"""Called when the homeserver has come back at an older state, with the time since when it has forgotten."""


@dataclass(frozen=True)
class Feature:
    """Everything one feature adds."""

    name: str
    summary: str
    commands: tuple[Command, ...] = ()
    offers: tuple[FileOffer, ...] = ()
    memberships: tuple[MembershipHandler, ...] = ()
    states: tuple[StateHandler, ...] = ()
    talk: tuple[TalkHandler, ...] = ()
    threads: tuple[ThreadHandler, ...] = ()
    reactions: Mapping[str, str] = field(default_factory=dict)
    """A reaction that anyone may put on a message -> the command that it stands for, as if it answered the message."""
    jobs: tuple[Job, ...] = ()
    tasks: tuple[TaskKind, ...] = ()
    items: tuple[ItemKind, ...] = ()
    permissions: Mapping[str, str] = field(default_factory=dict)
    """Names it asks for -> what each allows, in words."""
    indicators: Callable[[Session, Scope, datetime, datetime], Mapping[str, int]] | None = None
    news: Callable[[Session, Viewer, datetime], Reply | None] | None = None
    redacted: Callable[[Effects, EventId], None] | None = None
    """Called when a message is redacted, to take back what it said beside items."""
    forget: Callable[[Effects, UserId], None] | None = None
    started: Callable[[Effects], None] | None = None
    """Called once, in a transaction, whenever the bot starts."""
    restored: Restored | None = None
    pages: tuple[Page, ...] = ()
    actions: tuple[Action, ...] = ()
    panels: tuple[Panel, ...] = ()


__all__ = [
    "Action",
    "Command",
    "Context",
    "Core",
    "Edit",
    "Effects",
    "Event",
    "Feature",
    "FileOffer",
    "GroupInfo",
    "ItemKind",
    "Job",
    "MembershipHandler",
    "Message",
    "Page",
    "Panel",
    "Restored",
    "RoomDirectory",
    "StateHandler",
    "TalkHandler",
    "TaskKind",
    "ThreadHandler",
]
