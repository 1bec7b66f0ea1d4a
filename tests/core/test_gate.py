"""The read gate: every viewer at every place against plain set logic, worked out here from who is where.

The rule it keeps: the expectation is computed from memberships alone, by other means than the gate's own.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlmodel import Session

from copp_bot.core import items, mirror
from copp_bot.core.context import Place
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.errors import NotFound
from copp_bot.core.ids import COMMUNITY, Audience, RoomId, RoomKey, Scope, UserId
from copp_bot.core.people import load_viewer
from copp_bot.core.store import items as item_store
from copp_bot.core.store import rooms as rooms_store
from storage.database import Database
from storage.tables.items import ItemState
from storage.tables.people import PersonRow
from storage.tables.rooms import MembershipRow, RoomKind, RoomRow
from tests.databases import Databases

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
BOT = UserId("@copp:example.org")
SPACES = {
    "root": {"anna", "ben", "cara", "dora", "steward", "invited-to-a"},
    "a": {"anna", "cara", "steward", "lost"},
    "b": {"ben", "cara"},
}
"""Who is in which space. ``lost`` is in a group's space but has left the community."""
ROOMS: dict[str, tuple[str | None, str | None, set[str]]] = {
    "reception": ("public", "community", {"anna", "newcomer"}),
    "coffee": ("community", "community", {"anna", "ben", "cara", "dora"}),
    "coffee-with-a-stranger": ("community", "community", {"anna", "ben", "outsider"}),
    "coffee-with-an-ex-member": ("community", "community", {"anna", "gone"}),
    "a/home": ("group:a", "group:a", {"anna", "cara"}),
    "a/home-with-ben": ("group:a", "group:a", {"anna", "ben"}),
    "a/home-with-lost": ("group:a", "group:a", {"anna", "lost"}),
    "b/home": ("group:b", "group:b", {"ben", "cara"}),
    "stewards": ("roles:steward", "community", {"steward", "anna"}),
    "undeclared": (None, None, {"anna", "cara"}),
}
"""Key -> readers, scope, who is in it."""
DIRECT = {
    "direct-anna": ("anna", {"anna"}, set[str]()),
    "direct-ben": ("ben", {"ben"}, set[str]()),
    "direct-anna-with-cara": ("anna", {"anna", "cara"}, set[str]()),
    "direct-anna-inviting-dora": ("anna", {"anna"}, {"dora"}),
    "direct-newcomer": ("newcomer", {"newcomer"}, set[str]()),
    "direct-outsider": ("outsider", {"outsider"}, set[str]()),
    "direct-gone": ("gone", {"gone"}, set[str]()),
    "direct-lost": ("lost", {"lost"}, set[str]()),
}
"""Direct chats: whose, who is joined, who is invited."""
PEOPLE = (
    "anna",
    "ben",
    "cara",
    "dora",
    "steward",
    "newcomer",
    "outsider",
    "gone",
    "lost",
    "deactivated",
    "invited-to-a",
)
AUDIENCES = ("public", "community", "group:a", "group:b", "group:none", "private:@anna:example.org", "people:x")


def who(name: str) -> UserId:
    """The id of a name."""
    return UserId(f"@{name}:example.org")


def may_read(name: str, audience: str) -> bool:
    """May this person read it at all?"""
    if audience == "public":
        return True
    if name not in SPACES["root"]:
        return False
    if audience == "community":
        return True
    if audience.startswith("group:"):
        return name in SPACES.get(audience[6:], set())
    return audience == f"private:{who(name)}"


def may_come(readers: str | None, audience: str) -> bool:
    """May all who could come to read a room of these readers read it?"""
    if readers is None or readers == "public":
        return audience == "public"
    return audience in ("public", "community") or (readers.startswith("group:") and audience == readers)


def expected(name: str, place: str, audience: str) -> bool:
    """What may be shown to this viewer at this place."""
    if place in DIRECT:
        _owner, joined, invited = DIRECT[place]
        return audience == "public" or (joined | invited <= {name} and may_read(name, audience))
    readers, _scope, people = ROOMS[place]
    return may_come(readers, audience) and all(may_read(one, audience) for one in people | {name})


@pytest.fixture(scope="module")
def session(databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """The mirror of all that."""
    url = databases.make(database_kind, tmp_path_factory.mktemp("gate"))
    database = Database(url)
    with Session(database.engine) as made:
        _fill(made)
        yield made
        made.rollback()
    database.close()
    databases.drop(url)


def _fill(session: Session) -> None:
    for key, people in SPACES.items():
        scope = "community" if key == "root" else f"group:{key}"
        session.add(RoomRow(room_id=f"!{key}", key=key, kind=RoomKind.SPACE, scope=scope, readers=scope))
        _members(session, key, people, "join")
    session.add(RoomRow(room_id="!~anna", key="~anna", kind=RoomKind.SPACE, scope="person:@anna:example.org"))
    _members(session, "~anna", {"anna", "cara"}, "join")
    session.add(
        PersonRow(user_id=who("cara"), display_name="Cara", language="fr", timezone="Europe/Paris", first_seen=NOW)
    )
    _members(session, "a", {"invited-to-a"}, "invite")
    _members(session, "root", {"gone"}, "leave")
    _members(session, "root", {"deactivated"}, "leave")
    for key, (readers, owner_scope, people) in ROOMS.items():
        named = None if owner_scope is None else key
        session.add(RoomRow(room_id=f"!{key}", key=named, kind=RoomKind.ROOM, scope=owner_scope, readers=readers))
        _members(session, key, people, "join")
        _members(session, key, {"left-long-ago"}, "leave")
    for key, (owner, joined, invited) in DIRECT.items():
        owned = f"direct:{who(owner)}"
        session.add(RoomRow(room_id=f"!{key}", kind=RoomKind.DIRECT, scope=owned, readers=owned))
        _members(session, key, joined, "join")
        _members(session, key, invited, "invite")
    session.flush()


def _members(session: Session, key: str, people: set[str], membership: str) -> None:
    names = [who(name) for name in people] + ([BOT] if membership == "join" else [])
    session.add_all(
        MembershipRow(room_id=f"!{key}", user_id=name, membership=membership, by=name, since=NOW) for name in names
    )


@pytest.mark.parametrize("place", [*ROOMS, *DIRECT])
@pytest.mark.parametrize("name", PEOPLE)
def test_every_viewer_at_every_place(session: Session, name: str, place: str) -> None:
    viewer = load_viewer(session, who(name), NOW)
    seen = items.audiences(session, viewer, mirror.place_of(session, RoomId(f"!{place}")), BOT)
    assert {audience for audience in AUDIENCES if Audience(audience) in seen} == {
        audience for audience in AUDIENCES if expected(name, place, audience)
    }
    assert not any(audience.startswith("private:") and audience != f"private:{who(name)}" for audience in seen)


def test_the_table_has_both_answers() -> None:
    answers = [expected(*row) for row in itertools.product(PEOPLE, [*ROOMS, *DIRECT], AUDIENCES)]
    assert 0.1 < sum(answers) / len(answers) < 0.5


def test_a_room_that_the_house_does_not_know_shows_public_things(session: Session) -> None:
    place = mirror.place_of(session, RoomId("!nowhere"))
    assert items.audiences(session, load_viewer(session, who("anna"), NOW), place, BOT) == {"public"}


def test_a_direct_chat_with_a_third_person_is_no_direct_chat(session: Session) -> None:
    for name, is_alone in (("anna-with-cara", False), ("anna-inviting-dora", False), ("anna", True)):
        place = mirror.place_of(session, RoomId(f"!direct-{name}"))
        assert (place.is_direct, place.is_shared_chat) == (is_alone, not is_alone), name


@pytest.mark.parametrize("key", ["direct-anna-with-cara", "direct-anna-inviting-dora"])
def test_the_gate_itself_looks_who_is_in_a_direct_chat(session: Session, key: str) -> None:
    place = Place(RoomId(f"!{key}"), None, COMMUNITY, None, is_direct=True)
    assert items.audiences(session, load_viewer(session, who("anna"), NOW), place, BOT) == {"public"}


def test_groups_count_for_members_of_the_community_alone(session: Session) -> None:
    assert load_viewer(session, who("lost"), NOW).groups == frozenset()
    assert load_viewer(session, who("cara"), NOW).groups == {"a", "b"}


def test_a_members_own_space_is_no_group(session: Session) -> None:
    assert load_viewer(session, who("anna"), NOW).groups == {"a"}


def test_a_viewer_is_known_by_name_language_and_zone(session: Session) -> None:
    cara, anna = (load_viewer(session, who(name), NOW) for name in ("cara", "anna"))
    assert (cara.name, cara.language, cara.timezone) == ("Cara", "fr", "Europe/Paris")
    assert (anna.name, anna.language, anna.timezone) == (None, None, None)


@pytest.mark.parametrize("key", [*SPACES, *ROOMS])
def test_who_is_in_a_room(session: Session, key: str) -> None:
    people = SPACES[key] if key in SPACES else ROOMS[key][2]
    assert rooms_store.joined_users(session, f"!{key}") == sorted([BOT, *map(who, people)])
    for name in (*PEOPLE, "left-long-ago"):
        assert rooms_store.is_joined(session, f"!{key}", who(name)) == (name in people)
        assert not rooms_store.is_joined(session, None, who(name))
    invited = {"invited-to-a"} if key == "a" else set()
    assert set(rooms_store.present_users(session, f"!{key}")) == {BOT, *map(who, people | invited)}


def test_the_one_who_is_left_aside_is_never_outside(session: Session) -> None:
    """The bot may be in a room before it is in the space."""
    with session.begin_nested() as savepoint:
        _members(session, "new-space", {"anna"}, "join")
        bot_there = session.get(MembershipRow, ("!new-space", BOT))
        session.delete(bot_there)
        session.flush()
        assert not rooms_store.someone_outside(session, "!direct-anna", "!new-space", BOT)
        assert rooms_store.someone_outside(session, "!direct-ben", "!new-space", BOT)
        savepoint.rollback()


@pytest.mark.parametrize("name", PEOPLE)
def test_which_rooms_somebody_is_in(session: Session, name: str) -> None:
    spaces = {key for key, people in SPACES.items() if name in people} | (
        {"~anna"} if name in ("anna", "cara") else set()
    )
    rooms = {key for key, (_readers, scope, people) in ROOMS.items() if scope and name in people}
    expected = dict.fromkeys(spaces, RoomKind.SPACE) | dict.fromkeys(rooms, RoomKind.ROOM)
    assert rooms_store.joined_keys(session, who(name)) == expected


@pytest.mark.parametrize("key", ROOMS)
def test_a_place_is_the_room_as_declared(session: Session, key: str) -> None:
    readers, scope, _people = ROOMS[key]
    named = RoomKey(key) if scope else None
    assert mirror.place_of(session, RoomId(f"!{key}")) == Place(
        RoomId(f"!{key}"), named, Scope(scope or COMMUNITY), readers
    )


@pytest.mark.parametrize("key", DIRECT)
def test_a_direct_chat_is_read_by_its_person(session: Session, key: str) -> None:
    owner, joined, invited = DIRECT[key]
    place = mirror.place_of(session, RoomId(f"!{key}"))
    is_alone = len(joined | invited) == 1
    assert (place.key, place.readers) == (None, f"direct:{who(owner)}" if is_alone else None)


def test_denied_is_answered_like_not_found(session: Session) -> None:
    with session.begin_nested() as savepoint:
        effects = RowEffects(session, NOW, "$cause", Batch())
        rows = {a: items.create(effects, _new(a)) for a in ("public", "community", "group:a")}
        draft = items.create(effects, _new("community"))
        draft.state = ItemState.DRAFT
        session.flush()
        for place, audience in itertools.product([*ROOMS, *DIRECT], rows):
            viewer = load_viewer(session, who("anna"), NOW)
            seen = items.audiences(session, viewer, mirror.place_of(session, RoomId(f"!{place}")), BOT)
            number = rows[audience].number
            found = _found(session, seen, number)
            assert (found is rows[audience]) == expected("anna", place, audience)
            if found is None:
                assert _words(session, seen, number) == _words(session, seen, 999).replace("999", str(number))
            assert _found(session, seen, draft.number) is None
            newest = item_store.newest(session, seen, "library", 10)
            assert {row.audience for row in newest} == {a for a in rows if expected("anna", place, a)}
        savepoint.rollback()


def test_the_longest_number_that_can_be_said_is_not_found(session: Session) -> None:
    """Twelve digits: more than a database's integer holds."""
    assert _found(session, frozenset({Audience("public")}), 10**12 - 1) is None


def _new(audience: str) -> items.NewItem:
    return items.NewItem("library", Scope(COMMUNITY), Audience(audience), who("anna"), f"for {audience}", text="rhythm")


def _found(session: Session, seen: frozenset[Audience], number: int) -> object:
    try:
        return items.find(session, seen, "library", "L", number)
    except NotFound:
        return None


def _words(session: Session, seen: frozenset[Audience], number: int) -> str:
    with pytest.raises(NotFound) as caught:
        items.find(session, seen, "library", "L", number)
    return caught.value.sentence
