"""Every table, one module per noun. Importing this package registers them all; Alembic relies on it."""

from storage.tables import (
    activity,
    audit,
    files,
    groups,
    inbox,
    items,
    library,
    meetings,
    meta,
    outbox,
    people,
    prompts,
    rooms,
    schedule,
    tasks,
)

__all__ = [
    "activity",
    "audit",
    "files",
    "groups",
    "inbox",
    "items",
    "library",
    "meetings",
    "meta",
    "outbox",
    "people",
    "prompts",
    "rooms",
    "schedule",
    "tasks",
]
