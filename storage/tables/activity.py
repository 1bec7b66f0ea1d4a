"""Counting without spying: sums per day and scope, and keyed hashes of voices whose key dies with the week."""

from sqlmodel import Field, SQLModel


class ActivityRow(SQLModel, table=True):
    """A sum: how often ``measure`` happened in ``scope`` on ``day`` (UTC, ISO date)."""

    __tablename__ = "activity"
    day: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    measure: str = Field(primary_key=True)
    value: int = 0


class VoiceRow(SQLModel, table=True):
    """That someone spoke in ``scope`` in ``week`` (ISO, ``2026-W48``), without saying who."""

    __tablename__ = "voice"
    week: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    voice: str = Field(primary_key=True)
