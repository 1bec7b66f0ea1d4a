"""Single facts: read, set, and keys that are made once."""

import secrets

from sqlalchemy import delete, select
from sqlmodel import Session, col

from storage.tables.meta import MetaRow


def get(session: Session, name: str) -> str | None:
    """The fact's value, or None."""
    row = session.get(MetaRow, name)
    return row.value if row else None


def put(session: Session, name: str, value: str) -> None:
    """Set the fact."""
    session.merge(MetaRow(name=name, value=value))


def beginning(session: Session, prefix: str) -> dict[str, str]:
    """The facts whose names begin with ``prefix``, by the rest of their names, in its order."""
    rows = session.scalars(select(MetaRow).where(col(MetaRow.name).startswith(prefix, autoescape=True)))
    return {row.name.removeprefix(prefix): row.value for row in sorted(rows, key=lambda row: row.name)}


def drop(session: Session, name: str) -> None:
    """Forget the fact."""
    session.execute(delete(MetaRow).where(col(MetaRow.name) == name))
    session.expire_all()


def secret(session: Session, name: str) -> bytes:
    """A random key of 32 bytes, made at the first call and the same ever after."""
    found = get(session, name)
    if found is None:
        found = secrets.token_hex(32)
        put(session, name, found)
        session.flush()
    return bytes.fromhex(found)


def next_number(session: Session, name: str) -> int:
    """Count up and return the new value, beginning with 1."""
    value = int(get(session, name) or 0) + 1
    put(session, name, str(value))
    session.flush()
    return value
