"""A database of the first schema becomes one of the second, with what was in it."""

from pathlib import Path

from alembic import command
from sqlalchemy import create_engine, text

from copp_bot.features.library.addresses import alike
from storage import migrate


def test_links_that_were_shelved_before_are_still_noticed(tmp_path: Path) -> None:
    """As the library notices them now; a file has no address."""
    url = "https://www.example.org/a/?y=2&x=1&utm_source=letter"
    engine = create_engine(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    with engine.begin() as connection:
        command.upgrade(migrate.config(connection), "0001")
        insert = "INSERT INTO resource (item_id, url, media_type, readable) VALUES (:id, :url, 'x/y', false)"
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        connection.execute(text(insert), [{"id": 1, "url": url}, {"id": 2, "url": None}])
    assert migrate.upgrade(engine) == ("0001", migrate.newest())
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT item_id, url, address FROM resource ORDER BY item_id")).all()
    assert [tuple(row) for row in rows] == [(1, url, alike(url)), (2, None, None)]
