"""Opening and closing by command: who may, what is refused and how, and keys that are never given twice."""

import string
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copp_bot.core.commands.declare import Args
from copp_bot.core.errors import UserError
from copp_bot.core.permissions import Role
from copp_bot.features.groups import opening, store
from copp_bot.features.groups.commands import Handlers
from copp_bot.features.groups.jobs import Ends
from copp_bot.features.groups.service import House
from copp_bot.rooms import opened
from copp_bot.rooms.declared import DeclaredRooms
from copp_bot.rooms.models import GroupFile, GroupKind, RoomEntry, is_key
from tests.features.small_house import BOT, NOW, SmallHouse, declared, user

LEAD, OFFICE = (("lead_steward", "community"),), (("secretariat", "community"),)
DRAMA = {"kind": "training"}


@pytest.fixture
def run(house: SmallHouse) -> Handlers:
    """The commands."""
    core = house.core
    return Handlers(core, House(core.rooms, BOT))


def new(house: SmallHouse, run: Handlers, title: str, where: str = "direct", **options: str) -> str:
    """What the lead steward is shown."""
    lea = house.member("lea", roles=LEAD)
    return run.new(house.context(lea, where), Args({"title": title}, options)).plain


def refused(house: SmallHouse, run: Handlers, title: str, **options: str) -> str:
    """The sentence against it."""
    with pytest.raises(UserError) as caught:
        new(house, run, title, **options)
    return caught.value.sentence


@pytest.mark.parametrize(
    ("title", "options", "words"),
    [
        ("x" * 5000, DRAMA, "5000 characters; 80 are the most"),
        ('""', DRAMA, "is empty"),
        ("Drama\nand more", DRAMA, "one line"),
        ("Dra\u202ema", DRAMA, "invisible"),
        ("Drama", {}, "kind:training, kind:project, kind:topic"),
        ("Drama", {"kind": "club"}, "kind:training, kind:project, kind:topic"),
        ("rhythm and LANGUAGE", DRAMA, "There is “Rhythm and language” already"),
        ("Library", {"kind": "topic"}, "already"),
        ("Drama", {**DRAMA, "until": "2020-01-01"}, "has passed"),
        ("Drama", {**DRAMA, "until": "soon"}, "not a date"),
        ("Drama", {**DRAMA, "until": "2099-01-01"}, "five years"),
        ("Drama", {**DRAMA, "aim": "y" * 500}, "500 characters; 400 are the most"),
        ("Drama", {**DRAMA, "steward": "@nobody"}, "not a member of the community"),
        ("Drama", {**DRAMA, "steward": "@x:elsewhere.org"}, "account elsewhere"),
        ("Drama", {**DRAMA, "steward": "@:x"}, "takes a person"),
        ("Drama", {**DRAMA, "steward": "Nonsense"}, "@nonsense:example.org is not a member"),
        ("Drama", {**DRAMA, "steward": BOT}, "I hold no roles"),
        ("Drama", {**DRAMA, "steward": "@lea"}, "own rank"),
        ("Drama", {"kind": "topic", "until": "2027-01-31"}, "topical room"),
    ],
)
def test_bad_input_has_a_sentence(
    house: SmallHouse, run: Handlers, title: str, options: dict[str, str], words: str
) -> None:
    assert words in refused(house, run, title, **options)
    assert house.tasks_of(opening.OPEN_TASK) == []


def test_who_may_open_and_close(house: SmallHouse, run: Handlers) -> None:
    """The lead steward opens, the Secretariat does both; what the others get says nothing of what is there."""
    may_open: set[str] = set()
    may_close: set[str] = set()
    people = {"member": (), "steward": (("steward", "community"),), "lead": LEAD, "office": OFFICE}
    for name, roles in people.items():
        who = house.member(name, roles=roles)
        for command, args, may in (
            (run.new, Args({"title": f"Of {name}"}, DRAMA), may_open),
            (run.close, Args({"key": "hush"}), may_close),
        ):
            try:
                command(house.context(who), args)
            except UserError as error:
                assert "Hush" not in error.sentence and error.sentence.startswith("That is for")
            else:
                may.add(name)
    assert (may_open, may_close) == ({"lead", "office"}, {"office"})


@pytest.mark.parametrize(
    ("permissions", "grants"), [({opening.NEW}, {"steward"}), ({opening.NEW, "roles.grant"}, set())]
)
def test_a_steward_is_named_by_who_may_grant_that_role(
    house: SmallHouse, permissions: set[str], grants: set[str]
) -> None:
    """The permission alone, or the role alone, is not enough."""
    anna, policy = house.member("anna", roles=(("opener", "community"),)), declared().policy()
    opener = Role(
        "opener", "openers", 60, 0, everywhere=True, permissions=frozenset(permissions), grants=frozenset(grants)
    )
    ctx = replace(house.context(anna), policy=replace(policy, roles={**policy.roles, "opener": opener}))
    rooms, bea = DeclaredRooms(declared()), house.member("bea")
    assert opening.plan(ctx, rooms, opening.Said("Drama", "training", None, None, None), BOT).key == "drama"
    with pytest.raises(UserError, match="Naming a steward is not yours to do"):
        opening.plan(ctx, rooms, opening.Said("Drama", "training", None, None, bea), BOT)


def test_a_plan_is_for_discreet_places(house: SmallHouse, run: Handlers) -> None:
    lea = house.member("lea", roles=LEAD)
    args = Args({"title": "Drama"}, DRAMA)
    assert not run.new(house.context(lea), args).private
    assert not run.new(house.context(lea, "stewards"), args).private
    assert run.new(house.context(lea, "coffee-shop"), args).private


def test_a_refusal_names_no_group_where_others_read(house: SmallHouse, run: Handlers) -> None:
    """That there is a group of this title may be known to the one who asks alone."""
    lea = house.context(house.member("lea", roles=LEAD), "coffee-shop")
    max_ = house.context(house.member("max", roles=OFFICE), "coffee-shop")
    closing = run.close(max_, Args({"key": "hush"}))
    assert "Hush" in closing.plain and closing.private
    with pytest.raises(UserError, match="Hush") as refused:
        run.new(lea, Args({"title": "Hush"}, DRAMA))
    assert refused.value.private
    with pytest.raises(UserError, match="Hush") as refused:
        run.reopen(max_, Args({"key": "hush"}))
    assert refused.value.private


def test_the_plan_is_carried_out_once(house: SmallHouse, run: Handlers) -> None:
    assert "!group open drama" in new(house, run, "Drama", **DRAMA, steward="@anna" if house.member("anna") else "")
    lea = user("lea")
    run.open(house.context(lea), Args({"key": "drama"}))
    (payload,) = house.tasks_of(opening.OPEN_TASK)
    assert (payload["key"], payload["steward"], payload["actor"]) == ("drama", user("anna"), lea)
    with pytest.raises(UserError, match="no plan"):
        run.open(house.context(lea), Args({"key": "drama"}))


def test_a_plan_ends_after_a_week(house: SmallHouse, run: Handlers) -> None:
    new(house, run, "Drama", **DRAMA)
    house.effects.now = NOW + opening.PLAN_LIFE + timedelta(seconds=1)
    with pytest.raises(UserError, match="no plan"):
        run.open(house.context(user("lea")), Args({"key": "drama"}))


def test_a_key_is_never_given_twice(house: SmallHouse, run: Handlers) -> None:
    """Not to a declared room, a room of the past, something opened before, or another's plan; one's own plan again."""
    assert "(rhythm-2)" in new(house, run, "Rhythm", **DRAMA)
    assert "(root-2)" in new(house, run, "Root", **DRAMA)
    assert "(drama)" in new(house, run, "Drama", **DRAMA)
    assert "(drama)" in new(house, run, "Drama", **DRAMA)
    max_ = house.member("max", roles=OFFICE)
    assert "(drama-2)" in run.new(house.context(max_), Args({"title": "Drama"}, DRAMA)).plain
    assert store.plan(house.session, "drama") is not None
    opened.keep(house.session, opened.Opened("poems", declared_entry("rhythm")))
    assert "(poems-2)" in new(house, run, "Poems", **DRAMA)


def declared_entry(key: str) -> GroupFile:
    """A group's file, as it could be opened."""
    group = declared().groups[key]
    home = RoomEntry(title="Home", topic="Home", purpose="Home")
    return GroupFile(title=group.title, topic="t", purpose="p", kind=GroupKind.PROJECT, aim="a", rooms={"home": home})


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Drama in class", "drama-in-class"),
        ("L'école dehors", "l-ecole-dehors"),
        ("Straße & Œuvre", "strasse-oeuvre"),
        ("Ритм", "ritm"),
        ("2027 plans", "group-2027-plans"),
        ("!!!", "group"),
    ],
)
def test_keys_can_be_typed(title: str, key: str) -> None:
    assert opening.key_of(title) == key


@settings(max_examples=300)
@given(st.text(min_size=1, max_size=80) | st.text(string.printable, min_size=1, max_size=80))
def test_every_title_makes_a_key(title: str) -> None:
    assert is_key(opening.key_of(title))


def test_closing_says_what_it_means_and_asks(house: SmallHouse, run: Handlers) -> None:
    max_ = house.member("max", roles=OFFICE)
    reply = run.close(house.context(max_), Args({"key": "rhythm"}))
    assert "its 3 rooms are kept" in reply.plain and len(reply.lines) <= 8
    assert [option.command for option in reply.options] == ["group close rhythm yes"]
    assert house.tasks_of(opening.SET_TASK) == []
    run.close(house.context(max_), Args({"key": "rhythm", "confirm": "yes"}))
    (payload,) = house.tasks_of(opening.SET_TASK)
    assert (payload["key"], payload["closed"]) == ("rhythm", True)
    with pytest.raises(UserError, match="not closed"):
        run.reopen(house.context(max_), Args({"key": "rhythm"}))


@pytest.mark.parametrize("key", ["nope", "root", "reception", "stewards", "coffee-shop", "rhythm/home"])
def test_what_is_no_group_cannot_be_closed(house: SmallHouse, run: Handlers, key: str) -> None:
    with pytest.raises(UserError, match="no group or topical room"):
        run.close(house.context(house.member("max", roles=OFFICE)), Args({"key": key}))


def test_a_closed_group_is_for_reading(house: SmallHouse) -> None:
    opened.close(house.session, "rhythm", True)
    opened.close(house.session, "topic-democracy", True)
    now = opened.current(house.session, declared())
    closed = {room.key for room in now.all if room.closed}
    assert closed == {"rhythm", "rhythm/home", "rhythm/library", "rhythm/photos", "topic-democracy"}
    assert now.groups["rhythm"].closed and not now.groups["archive"].closed
    assert all(room.is_for_reading for room in now.rooms if room.closed)
    opened.close(house.session, "rhythm", False)
    assert opened.current(house.session, declared()).groups["rhythm"].closed is False


def test_the_file_is_stronger_than_the_command(house: SmallHouse) -> None:
    opened.keep(house.session, opened.Opened("rhythm", declared_entry("archive")))
    assert opened.current(house.session, declared()).groups["rhythm"].title == "Rhythm and language"


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"group": {}}', '{"club": {}}', '{"room": 3}'])
def test_what_is_no_declaration_is_not_taken(text: str) -> None:
    assert opened.read("drama", text) is None


def test_the_end_of_a_group_is_asked_about_once(house: SmallHouse) -> None:
    """The morning after its last day, and nothing closes by itself."""
    entry = declared_entry("rhythm").model_copy(update={"title": "Drama", "until": NOW.date()})
    opened.keep(house.session, opened.Opened("drama", entry))
    core = house.core
    assert isinstance(core.rooms, DeclaredRooms)
    core.rooms.become(opened.current(house.session, declared()))
    ends = Ends(core)
    ends(house.effects, NOW)
    assert house.sent_to("!secretariat") == []
    for day in (1, 2):
        ends(house.effects, NOW + timedelta(days=day))
    (card,) = house.sent_to("!secretariat")
    assert "“Drama” was 25 Nov 2026" in card.plain
    assert [option.command for option in card.options] == ["group close drama"]
