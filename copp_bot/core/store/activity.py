"""Sums per day, and voices as keyed hashes."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping

from sqlmodel import Session

from copp_bot.core.store import meta
from storage.tables.activity import ActivityRow, VoiceRow
from storage.upsert import insert_new, upsert


def add(session: Session, sums: Mapping[tuple[str, str, str], int]) -> None:
    """Add to the sums: (day, scope, measure) -> how much."""
    rows = [
        {"day": day, "scope": scope, "measure": measure, "value": value}
        for (day, scope, measure), value in sorted(sums.items())
    ]
    upsert(session, ActivityRow, rows, key=("day", "scope", "measure"), add=("value",))


def add_voices(session: Session, voices: Iterable[tuple[str, str, str]]) -> None:
    """Remember that there was a voice: (week, scope, person); the person is hashed under the week's key."""
    hashed = {(week, scope, _hash(session, week, person)) for week, scope, person in voices}
    rows = [{"week": week, "scope": scope, "voice": voice} for week, scope, voice in sorted(hashed)]
    insert_new(session, VoiceRow, rows, key=("week", "scope", "voice"))


def voice_key_name(week: str) -> str:
    """The fact that holds a week's key; deleting it makes the week's hashes nobody's."""
    return f"voice_key:{week}"


def _hash(session: Session, week: str, person: str) -> str:
    key = meta.secret(session, voice_key_name(week))
    return hmac.digest(key, person.encode(), hashlib.sha256).hex()[:32]
