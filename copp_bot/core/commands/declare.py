"""How a command is declared: its words, arguments, permission, help and example."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Reply


class Kind(StrEnum):
    """What an argument is."""

    WORD = "word"
    TEXT = "text"
    """The rest of the first line, and the lines after it."""
    USER = "user"
    USERS = "users"
    ITEM = "item"
    """A short id such as ``L4821``."""
    GROUP = "group"
    """The key of a group."""


class Where(StrEnum):
    """Where a command may be typed."""

    ANYWHERE = "anywhere"
    DIRECT = "direct"
    """Only in the direct chat; elsewhere it is redacted by nobody, and answered privately."""
    DISCREET = "discreet"
    """Direct chat or the stewards' room; typed elsewhere it is redacted and answered in the stewards' room."""


@dataclass(frozen=True)
class Param:
    """One positional argument. ``choices`` lists the allowed words, for usage and mistakes."""

    name: str
    kind: Kind = Kind.WORD
    required: bool = True
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Args:
    """Parsed arguments: positional values by name, ``key:value`` options, ``#tags``, and the raw text."""

    values: dict[str, Any] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        """A text or word; empty when it was left out."""
        return str(self.values.get(name) or "")

    def users(self, name: str) -> tuple[UserId, ...]:
        """People; empty when left out."""
        return tuple(self.values.get(name) or ())

    def user(self, name: str) -> UserId | None:
        """One person."""
        value = self.values.get(name)
        return UserId(value) if value else None

    def number(self, name: str) -> int:
        """The number in an item's short id."""
        value = self.values.get(name)
        if value is None:
            raise UserError(_("Which one? Give its short id, for example L4821."))
        return int(value)


@dataclass(frozen=True)
class Command:
    """A declared command.

    Args:
        path: the words after ``!``, for example ``library search``.
        run: the handler; None means it answers nothing.
        summary: one line for help, marked with ``deferred``.
        permission: the named permission it needs in the place's scope (``scope_from`` says otherwise).
        example: a line to copy.
        params: positional arguments in order.
        options: allowed ``key:value`` names.
        tags: ``#tags`` are taken out of the text.
        letter: the item letter its ITEM argument must have.
        scope_from: ``place`` asks for the permission in the scope of the room; ``service`` leaves it to the
            service, which knows whose thing it is (the permission is then checked in any scope of the viewer's).
        is_for_reactions: a reaction stands for it, and help leaves it out.
    """

    path: str
    run: Callable[[Context, Args], Reply | None]
    summary: str
    permission: str
    example: str
    params: tuple[Param, ...] = ()
    options: tuple[str, ...] = ()
    tags: bool = False
    letter: str | None = None
    where: Where = Where.ANYWHERE
    scope_from: str = "place"
    is_moderation: bool = False
    is_for_reactions: bool = False

    @property
    def usage(self) -> str:
        """The command with its arguments, as shown after a mistake."""
        words = [f"!{self.path}"]
        for param in self.params:
            name = "|".join(param.choices) if param.choices else param.name.upper()
            words.append(name if param.required else f"[{name}]")
        words += [f"[{name}:…]" for name in self.options]
        if self.tags:
            words.append("[#tag]")
        return " ".join(words)
