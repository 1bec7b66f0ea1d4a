"""Column shapes that several tables share."""

from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Enum
from sqlmodel import Field

from storage.types import UtcDateTime


def moment(*, index: bool = False) -> Any:
    """An aware UTC instant that is always there."""
    return Field(sa_type=UtcDateTime, index=index)


def moment_or_none(*, index: bool = False) -> Any:
    """An aware UTC instant, or nothing."""
    return Field(default=None, sa_type=UtcDateTime, nullable=True, index=index)


def json_object() -> Any:
    """A JSON object."""
    return Field(default_factory=_empty_object, sa_type=JSON)


def json_list() -> Any:
    """A JSON array."""
    return Field(default_factory=empty_list, sa_type=JSON)


def choice(default: StrEnum, *, index: bool = False) -> Any:
    """One of an enumeration's values, stored as its text and given back as the enumeration."""
    kind = Enum(type(default), native_enum=False, length=20, values_callable=lambda enum: [item.value for item in enum])
    return Field(default=default, sa_type=kind, index=index)


# pydantic reads a factory's signature at every use; that of a builtin it parses from text, which costs 0.1 ms a row.
def _empty_object() -> dict[str, Any]:
    return {}


def empty_list() -> list[Any]:
    """A factory for a JSON array."""
    return []
