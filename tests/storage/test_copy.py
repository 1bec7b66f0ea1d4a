"""A database copied to the other kind and back: every value, every number, every word."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlmodel import Session, SQLModel

from storage import copy as copying
from storage import migrate, search
from storage.database import Database
from storage.errors import Unusable
from storage.tables.activity import ActivityRow
from storage.tables.audit import AuditRow
from storage.tables.inbox import InboxRow, InboxState
from storage.tables.items import ItemRow, ItemTagRow
from storage.tables.people import PersonRow
from storage.tables.rooms import RoomRow
from tests.databases import KINDS, Databases

NOW = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
BOTH_WAYS = [(KINDS[0], KINDS[1]), (KINDS[1], KINDS[0])]
SEEN = ["public", "group:a"]
pytestmark = pytest.mark.usefixtures("postgresql")


@pytest.fixture(params=BOTH_WAYS, ids=lambda pair: f"{pair[0]}-to-{pair[1]}")
def pair(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    """A filled database of one kind, and an empty one of the other."""
    urls = [databases.make(kind, tmp_path / role) for kind, role in zip(request.param, ("old", "new"), strict=True)]
    made = [Database(url) for url in urls]
    with Session(made[0].engine) as session, session.begin():
        fill(session)
    yield made[0], made[1]
    for database, url in zip(made, urls, strict=True):
        database.close()
        databases.drop(url)


def fill(session: Session) -> None:
    """Something of every kind of column, and numbers that were given and taken back."""
    for number in range(1200):
        session.add(ActivityRow(day=f"d{number}", scope="community", measure="m", value=number))
    event_body = {"body": "ünï \u202e 😀", "nested": [1, 2.5, None, True, {"\0": "\ud800"}], "big": 2**60}
    session.add(
        InboxRow(event_id="$a", room_id="!a", sender="@a", kind="x", body=event_body, sent_at=NOW, received_at=NOW)
    )
    session.add(RoomRow(room_id="!a", key="k", creators=["@b", "@a"], power_levels=None, joined_at=None))
    session.add(AuditRow(at=NOW, action="x", scope="s", before=None, after={"a": None}, cause="$a"))
    people = [PersonRow(user_id=f"@{name}", first_seen=NOW, findable=name != "b") for name in "abc"]
    session.add_all(people)
    for number, (audience, title) in enumerate(
        [("public", "Drum"), ("group:a", "Drums two"), ("group:b", "Drum b")], 7
    ):
        said: dict[str, Any] = {"scope": audience, "audience": audience, "author": "@a", "title": title}
        session.add(ItemRow(id=number, number=number * 1000, kind="x", created_at=NOW, updated_at=NOW, **said))
        session.flush()
        session.add(ItemTagRow(item_id=number, tag="été"))
        search.put(session, number, audience, title, "tambour et école", keywords=["été"], marks=["kind:library"])
    session.flush()
    session.delete(people[-1])


def contents(database: Database) -> dict[str, list[Any]]:
    """Every row of every table of ours."""
    with database.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table)).all()))
            for table in SQLModel.metadata.sorted_tables
        }


def answers(database: Database) -> list[object]:
    """What searches say."""
    with Session(database.engine) as session:
        words = ("drum", "tambour", "ecole", "ete drum", "b")
        found: list[object] = [search.candidates(session, SEEN, word, marks=["kind:library"]) for word in words]
        return [*found, search.suggest(session, SEEN, "dru", 9), search.candidates(session, ["group:b"], "drum")]


def test_every_row_and_every_word_arrives(pair: tuple[Database, Database]) -> None:
    old, new = pair
    seen: list[tuple[str, int, int]] = []
    before = contents(old)
    counts = copying.copy(old.engine, new.engine, lambda *step: seen.append(step))
    assert contents(new) == contents(old) == before
    assert answers(new) == answers(old) and answers(new)[0] == [8, 7]
    assert counts["activity"] == 1200 and counts["item"] == 3
    assert seen[-1][1] == seen[-1][2] and {"activity", "search"} <= {name for name, _done, _total in seen}
    with Session(new.engine) as session, session.begin():
        search.remove(session, 7)  # the index knows what it holds
        assert search.candidates(session, SEEN, "tambour") == [8]


def test_a_number_is_never_given_twice(pair: tuple[Database, Database]) -> None:
    """The newest person is forgotten; the audit may still speak of their number."""
    old, new = pair
    copying.copy(old.engine, new.engine, lambda *step: None)
    with Session(new.engine) as session, session.begin():
        row = PersonRow(user_id="@new", first_seen=NOW)
        session.add(row)
        entry = AuditRow(at=NOW, action="y", scope="s", cause="$b")
        session.add(entry)
        event_row = InboxRow(event_id="$b", room_id="!a", sender="@a", kind="x", sent_at=NOW, received_at=NOW)
        session.add(event_row)
        session.flush()
        assert (row.number, entry.id, event_row.id) == (4, 2, 2)
        assert event_row.state is InboxState.NEW


def refused(old: Database, new: Database, error: type[Unusable]) -> None:
    """Copying is refused and leaves the target as it was."""
    before = contents(new)
    with pytest.raises(error):
        copying.copy(old.engine, new.engine, lambda *step: None)
    assert contents(new) == before


def test_a_target_that_is_not_empty_is_refused(pair: tuple[Database, Database]) -> None:
    old, new = pair
    with new.engine.begin() as connection:
        connection.execute(text("INSERT INTO meta (name, value) VALUES ('a', 'b')"))
    refused(old, new, copying.NotEmpty)


def test_a_source_of_another_schema_is_refused(pair: tuple[Database, Database]) -> None:
    old, new = pair
    with old.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    refused(old, new, copying.WrongSchema)


def test_broken_off_half_way_nothing_is_there(pair: tuple[Database, Database]) -> None:
    old, new = pair

    def power_cut(name: str, _done: int, _total: int) -> None:
        if name == "item_tag":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copying.copy(old.engine, new.engine, power_cut)
    assert not any(contents(new).values())
    copying.copy(old.engine, new.engine, lambda *step: None)
    assert contents(new) == contents(old)


def test_rows_that_did_not_arrive_are_noticed(pair: tuple[Database, Database]) -> None:
    old, new = pair

    def loses(connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> Any:
        return statement, parameters[:-1] if "INSERT INTO activity" in statement and len(parameters) > 9 else parameters

    event.listen(new.engine, "before_cursor_execute", loses, retval=True)
    refused(old, new, copying.CountsDiffer)


def test_a_target_without_tables_is_made_ready(
    pair: tuple[Database, Database], databases: Databases, tmp_path: Path
) -> None:
    old, new = pair
    url = f"sqlite:///{tmp_path / 'none.sqlite3'}" if new.is_sqlite else databases.server().create("none")
    fresh = Database(url)
    copying.copy(old.engine, fresh.engine, lambda *step: None)
    assert contents(fresh) == contents(old)
    assert migrate.revision(fresh.engine) == migrate.newest()
    fresh.close()
    databases.drop(url)
