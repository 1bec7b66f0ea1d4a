"""What a page of a feature is, and what it is given: plain synchronous functions, and nothing of HTTP.

The rule they keep: a page has no query of its own, it calls the same ``service`` functions as the chat; every state
of it is an address that may be sent on; what may not be seen is ``NotFound``, like what does not exist.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from copp_bot.core.context import Effects, Place
from copp_bot.core.errors import UserError
from copp_bot.core.ids import COMMUNITY, RoomId, Scope
from copp_bot.core.permissions import Policy, Viewer, refusal


@dataclass(frozen=True)
class Upload:
    """A file that came with a form, under a name of ours; it is deleted after the request unless it is moved."""

    path: Path
    name: str
    media_type: str
    size: int


@dataclass(frozen=True)
class Form:
    """What a form carried: fields as they were typed, and at most one file.

    Args:
        received: what ``Action.receive`` made of it.
    """

    fields: Mapping[str, str] = field(default_factory=dict)
    upload: Upload | None = None
    received: Any = None

    def text(self, name: str) -> str:
        """A field, empty when it was left out."""
        return self.fields.get(name, "").strip()


@dataclass(frozen=True)
class Visit:
    """One request of one person for a page, inside a read-only transaction.

    Args:
        path: the named parts of the address.
        query: what follows the question mark; of a name that is given twice the first.
        form: what was sent and could not be taken, because of ``problem``.
        session_id: the web session, None for who is not signed in.
    """

    session: Session
    viewer: Viewer
    policy: Policy
    zone: ZoneInfo
    now: datetime
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Form = field(default_factory=Form)
    problem: str | None = None
    session_id: int | None = None

    @property
    def place(self) -> Place:
        """A page is read by its visitor alone."""
        return alone(self.viewer)

    @property
    def is_known(self) -> bool:
        """Has the visitor signed in?"""
        return self.session_id is not None

    def may(self, permission: str, scope: Scope = COMMUNITY) -> bool:
        """Does the visitor hold this permission in this scope?"""
        return self.policy.holds(self.viewer, permission, scope)

    def asked(self, name: str) -> str:
        """A part of the query, empty when it is not there."""
        return self.query.get(name, "").strip()


@dataclass(frozen=True)
class Deed:
    """One change that one person makes from a page, inside the writer's transaction."""

    effects: Effects
    viewer: Viewer
    policy: Policy
    zone: ZoneInfo
    path: Mapping[str, str]
    form: Form
    session_id: int

    @property
    def session(self) -> Session:
        """The running transaction."""
        return self.effects.session

    @property
    def now(self) -> datetime:
        """Aware UTC, the same for the whole transaction."""
        return self.effects.now

    @property
    def place(self) -> Place:
        """What comes of it is read by the person alone."""
        return alone(self.viewer)

    def may(self, permission: str, scope: Scope) -> bool:
        """Does the person hold this permission in this scope?"""
        return self.policy.holds(self.viewer, permission, scope)

    def require(self, permission: str, scope: Scope) -> None:
        """Raise the refusal as a UserError unless the permission is held in this scope."""
        sentence = refusal(self.policy, self.viewer, permission, scope)
        if sentence is not None:
            raise UserError(sentence)


@dataclass(frozen=True)
class View:
    """A page to be shown: a template (``library/list.html``) and what is in it.

    Args:
        panels: the place on it that features may add to.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    panels: "Where | None" = None


@dataclass(frozen=True)
class Download:
    """One of our files, below the data folder, under the name that people know."""

    path: str
    name: str
    media_type: str


@dataclass(frozen=True)
class Redirect:
    """Where to go on after a change."""

    to: str


class Where(StrEnum):
    """A place on a page that features may add to."""

    FRONT = "front"
    HOME = "home"
    ME = "me"


@dataclass(frozen=True)
class Page:
    """Something to look at.

    Args:
        path: its address, parts in braces as aiohttp writes them (``/library/{id:L\\d+}``).
        permission: needed in the community; None for what its own gate shows to everybody.
        menu: its name in the menu, marked with ``deferred``; None for what is reached from another page.
        order: its place in the menu.
    """

    path: str
    show: Callable[[Visit], View | Download | Redirect]
    permission: str | None = None
    menu: str | None = None
    order: int = 0


@dataclass(frozen=True)
class Action:
    """Something to be changed by a form of a signed-in person.

    Args:
        again: the page with the form, shown with what was typed and the sentence of a UserError.
        receive: what has to be awaited before, such as reading a file; its result is ``Form.received``.
        takes_file: may the form carry a file?
    """

    path: str
    run: Callable[[Deed], Redirect]
    permission: str
    again: Callable[[Visit], View | Download | Redirect]
    receive: Callable[[Form], Awaitable[Any]] | None = None
    takes_file: bool = False


@dataclass(frozen=True)
class Panel:
    """What a feature adds to a page of another; None when there is nothing to say."""

    where: Where
    fill: Callable[[Visit], View | None]


def alone(viewer: Viewer) -> Place:
    """Where one person reads, and nobody else."""
    return Place(RoomId(""), None, COMMUNITY, f"direct:{viewer.user_id}", is_direct=True)
