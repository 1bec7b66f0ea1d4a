"""Which bytes the database knows."""

from sqlalchemy import select
from sqlmodel import Session, col

from storage.tables.files import FileRow


def paths(session: Session) -> list[str]:
    """Where our copies lie, below the data folder."""
    statement = select(col(FileRow.path)).where(col(FileRow.path).is_not(None)).distinct().order_by(col(FileRow.path))
    return [path for path in session.scalars(statement) if path]
