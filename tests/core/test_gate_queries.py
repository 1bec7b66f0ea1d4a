"""Every query of items lets through what may be shown, and of that what was asked for, against plain filters."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.context import Place
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.feature import GroupInfo
from copp_bot.core.ids import COMMUNITY, Audience, RoomId, Scope, UserId
from copp_bot.core.narrowing import may_name
from copp_bot.core.permissions import Standing, Viewer
from copp_bot.core.readers import direct_place, place_among_members
from copp_bot.core.store import items as store
from copp_bot.core.store.items import Having, ItemRow
from storage.database import Database
from storage.tables.items import ItemState
from storage.tables.outbox import OutboxRow, OutboxState, ShownRow
from storage.tables.rooms import MembershipRow, RoomKind, RoomRow

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANNA, BEN, BOT = UserId("@anna:example.org"), UserId("@ben:example.org"), UserId("@copp:example.org")
PUBLIC, FOR_ALL, GROUP = Audience("public"), Audience("community"), Audience("group:a")
SEEN = (frozenset[Audience](), frozenset({PUBLIC}), frozenset({PUBLIC, FOR_ALL}), frozenset({PUBLIC, FOR_ALL, GROUP}))


@dataclass(frozen=True)
class Thing:
    """What is there, older by so many days."""

    audience: Audience
    author: UserId = ANNA
    kind: str = "library"
    tags: tuple[str, ...] = ()
    language: str = "en"
    licence: str = "CC0-1.0"
    scope: Scope = COMMUNITY
    age: int = 0
    is_live: bool = True


THINGS = (
    Thing(PUBLIC, tags=("drama", "music")),
    Thing(PUBLIC, BEN, tags=("drama",), language="fr", age=9),
    Thing(FOR_ALL, tags=("music",), licence="CC-BY-4.0"),
    Thing(GROUP, BEN, tags=("drama", "music"), scope=Scope("group:a")),
    Thing(PUBLIC, kind="blog", tags=("drama",)),
    Thing(FOR_ALL, BEN, kind="blog", age=9),
    Thing(PUBLIC, tags=("drama",), is_live=False),
)


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    """A session with the things in it, in this order."""
    database = Database(database_url)
    with Session(database.engine) as made:
        for thing in THINGS:
            effects = RowEffects(made, NOW - timedelta(days=thing.age), "$cause", Batch())
            new = items.NewItem(
                thing.kind, thing.scope, thing.audience, thing.author, "A thing", tags=thing.tags,
                language=thing.language, licence=thing.licence,
            )  # fmt: skip
            items.create(effects, new).state = ItemState.LIVE if thing.is_live else ItemState.WITHDRAWN
        made.flush()
        yield made
        made.rollback()
    database.close()


def ids_of(seen: frozenset[Audience], *kinds: str, **wanted: Any) -> list[int]:
    """The row ids of what may be shown and is so, newest first."""
    found = [
        number for number, thing in enumerate(THINGS, 1)
        if thing.is_live and thing.audience in seen and thing.kind in kinds
        and all(getattr(thing, name) == value for name, value in wanted.items())
    ]  # fmt: skip
    return found[::-1]


def ids(rows: Any) -> list[int]:
    """The row ids of rows."""
    return [row.id for row in rows]


@pytest.mark.parametrize("seen", SEEN)
def test_lists_show_what_may_be_shown(session: Session, seen: frozenset[Audience]) -> None:
    both = ("library", "blog")
    everything = list(range(1, len(THINGS) + 1))
    assert ids(store.newest(session, seen, "library", 10)) == ids_of(seen, "library")
    assert ids(store.newest(session, seen, "library", 1)) == ids_of(seen, "library")[:1]
    assert store.newest_ids(session, seen, both, 10, Having()) == ids_of(seen, *both)
    assert store.newest_ids(session, seen, ("blog",), 1, Having()) == ids_of(seen, "blog")[:1]
    assert store.among(session, seen, both, everything, Having()) == ids_of(seen, *both)[::-1]
    assert store.among(session, seen, both, [3], Having(language="fr")) == []
    french = store.newest(session, seen, "library", 10, Having(language="fr"))
    assert ids(french) == ids_of(seen, "library", language="fr")
    assert store.among(session, seen, both, [4, 1], Having()) == [n for n in (4, 1) if n in ids_of(seen, *both)]
    assert sorted(store.get_visible(session, seen, everything)) == ids_of(seen, *both)[::-1]
    assert sorted(store.get_visible(session, seen, [1, 3])) == [n for n in (1, 3) if n in ids_of(seen, *both)]


@pytest.mark.parametrize("seen", SEEN)
def test_numbers_and_authors_show_what_may_be_shown(session: Session, seen: frozenset[Audience]) -> None:
    for row_id, thing in enumerate(THINGS, 1):
        row = session.get(ItemRow, row_id)
        assert row is not None
        for kind in ("library", "blog"):
            found = store.by_number(session, seen, kind, row.number)
            assert (found is row) == (row_id in ids_of(seen, kind)), thing
    for author in (ANNA, BEN):
        expected = ids_of(seen, "library", "blog", author=author)
        assert ids(store.by_author(session, seen, author, 10)) == expected
        assert ids(store.by_author(session, seen, author, 1)) == expected[:1]
        assert ids(store.by_author(session, seen, author, 10, ("blog",))) == ids_of(seen, "blog", author=author)


@pytest.mark.parametrize("seen", SEEN)
def test_tags_are_counted_of_what_may_be_shown(session: Session, seen: frozenset[Audience]) -> None:
    for kind in ("library", "blog"):
        shown = [THINGS[row_id - 1] for row_id in ids_of(seen, kind)]
        counts = {tag: sum(tag in thing.tags for thing in shown) for tag in ("drama", "music")}
        assert dict(store.tag_counts(session, seen, kind)) == {tag: count for tag, count in counts.items() if count}


@pytest.mark.parametrize("seen", SEEN)
def test_filters_take_away(session: Session, seen: frozenset[Audience]) -> None:
    both = ("library", "blog")
    filters: dict[str, Any] = {"language": "fr", "licence": "CC-BY-4.0", "author": BEN, "scope": "group:a"}
    for name, value in filters.items():
        found = store.newest_ids(session, seen, both, 10, Having(**{name: value}))
        assert found == ids_of(seen, *both, **{name: value}), name
    assert store.newest_ids(session, seen, both, 10, Having(kind="blog")) == ids_of(seen, "blog")
    with_tags = [n for n in ids_of(seen, *both) if {"drama", "music"} <= set(THINGS[n - 1].tags)]
    assert store.newest_ids(session, seen, both, 10, Having(tags=("drama", "music"))) == with_tags
    with_one = [n for n in ids_of(seen, *both) if "music" in THINGS[n - 1].tags]
    assert store.newest_ids(session, seen, both, 10, Having(tags=("music",))) == with_one
    lately = Having(since=NOW - timedelta(days=1))
    assert store.newest_ids(session, seen, both, 10, lately) == ids_of(seen, *both, age=0)
    assert store.newest_ids(session, seen, both, 10, Having(since=NOW)) == ids_of(seen, *both, age=0)


AUDIENCES = ("public", "community", "group:a", "group:b", f"private:{ANNA}")
WIDENING = {
    *((former, "public") for former in AUDIENCES),
    *((same, same) for same in AUDIENCES),
    *((former, "community") for former in AUDIENCES[1:]),
    *((f"private:{ANNA}", to) for to in AUDIENCES),
}
"""Former and new audience, where everybody who could read it still may."""


@pytest.mark.parametrize("former", AUDIENCES)
@pytest.mark.parametrize("to", AUDIENCES)
def test_what_showed_it_goes_when_somebody_may_not_read_it_any_more(session: Session, former: str, to: str) -> None:
    effects = RowEffects(session, NOW, "$changed", Batch())
    item = items.create(effects, items.NewItem("library", COMMUNITY, Audience(former), ANNA, "A thing"))
    session.add(ShownRow(txn_id="shows", item_id=item.id or 0))
    session.add(
        OutboxRow(txn_id="shows", target="!room", lane="", event_type="m.room.message", cause="$asked",
                  created_at=NOW, state=OutboxState.SENT)
    )  # fmt: skip
    session.flush()
    items.change_audience(effects, item, Audience(to))
    redacted = [row["redacts"] for row in effects.batch.outgoing]
    assert redacted == ([] if (former, to) in WIDENING else ["txn:shows"])
    assert item.audience == to


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("listed", [True, False])
def test_which_groups_may_be_named(seen: frozenset[Audience], listed: bool) -> None:
    for key in ("a", "b"):
        info = GroupInfo(key, "A group", "project", "An aim", listed)
        is_in = key == "a" and GROUP in seen
        assert may_name(info, seen) == (is_in or (listed and FOR_ALL in seen))


@pytest.mark.parametrize("readers", ["public", "community"])
def test_what_is_for_members_goes_to_the_direct_chat_where_others_read(session: Session, readers: str) -> None:
    session.add(RoomRow(room_id="!root", key="root", kind=RoomKind.SPACE, scope=COMMUNITY, readers=COMMUNITY))
    session.add(RoomRow(room_id="!here", key="here", kind=RoomKind.ROOM, scope=COMMUNITY, readers=readers))
    chat = RoomRow(room_id="!chat", kind=RoomKind.DIRECT, scope=f"direct:{ANNA}", membership="join", joined_at=NOW)
    session.add(chat)
    for room in ("!root", "!here"):
        session.add(MembershipRow(room_id=room, user_id=ANNA, membership="join", by=ANNA, since=NOW))
    session.flush()
    place, anna = Place(RoomId("!here"), None, COMMUNITY, readers), Viewer(ANNA, Standing.MEMBER)
    nowhere = Place(RoomId(""), None, COMMUNITY, f"direct:{ANNA}", is_direct=True)
    assert direct_place(session, ANNA) == nowhere
    expected = place if readers == "community" else nowhere
    assert place_among_members(session, anna, place, BOT) == expected
    session.add(MembershipRow(room_id="!chat", user_id=ANNA, membership="join", by=ANNA, since=NOW))
    session.flush()
    assert direct_place(session, ANNA).room_id == "!chat"
