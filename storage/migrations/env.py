"""Alembic's entry: runs the migrations on the connection it is given."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlmodel import SQLModel

import storage.tables
from storage.types import UtcDateTime


def include_object(item: object, name: str | None, kind: str, _reflected: bool, _compared: object) -> bool:
    """The full-text index makes tables of its own, which autogenerate must not propose to drop."""
    return not (kind == "table" and name is not None and name.startswith("search_"))


assert storage.tables.__all__


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Our own type under the name that the template imports."""
    return f"{type(item).__name__}(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    include_object=include_object,
    render_item=render_item,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
