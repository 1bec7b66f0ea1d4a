"""Groups: who may know of them, asking, deciding, inviting, leaving."""

from dataclasses import replace
from datetime import timedelta

import pytest

from copp_bot.core.commands.declare import Args
from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.ids import UserId
from copp_bot.core.permissions import Role
from copp_bot.features.groups import service, store
from copp_bot.features.groups.commands import Handlers
from copp_bot.features.groups.service import House
from tests.features.small_house import BOT, NOW, SmallHouse, declared, user

COMMUNITY, RHYTHM = "community", "group:rhythm"


@pytest.fixture
def run(house: SmallHouse) -> Handlers:
    """The commands."""
    return Handlers(house.core, House(declared().directory(), BOT))


def ask(house: SmallHouse, run: Handlers, who: UserId, key: str = "rhythm") -> str:
    """What is answered to a request."""
    return run.join(house.context(who), Args({"key": key})).plain


@pytest.mark.parametrize(
    ("where", "titles"),
    [
        ("direct", {"Family archives in the classroom", "Hush", "Rhythm and language"}),
        ("coffee-shop", {"Family archives in the classroom", "Rhythm and language"}),
        ("rhythm/home", {"Family archives in the classroom", "Rhythm and language"}),
        ("hush/home", {"Family archives in the classroom", "Hush", "Rhythm and language"}),
        ("reception", set()),
    ],
)
def test_which_groups_are_named_where(house: SmallHouse, run: Handlers, where: str, titles: set[str]) -> None:
    """By the place as much as by the person; in shared rooms nothing of who is in which."""
    anna = house.member("anna", "rhythm", "hush")
    ctx = house.context(anna, where)
    assert {known.info.title for known in service.known(ctx.session, run.house, ctx.viewer, ctx.place)} == titles
    plain = run.groups(ctx, Args()).plain
    assert ("you are in it" in plain) is (where == "direct")
    assert ("direct chat" in plain) is (where != "direct")
    assert ("name none here" in plain) is (not titles)


def test_newcomers_learn_of_no_group(house: SmallHouse, run: Handlers) -> None:
    """Listed means listed to members."""
    assert "Rhythm" not in run.groups(house.context(house.newcomer("nora")), Args()).plain


def test_sizes_are_bands(house: SmallHouse, run: Handlers) -> None:
    """Without the bot."""
    for number in range(4):
        house.member(f"p{number}", "rhythm")
    plain = run.groups(house.context(house.member("anna")), Args()).plain
    assert "1–4 people" in plain and "nobody yet" in plain


def test_a_request_goes_before_the_stewards_once(house: SmallHouse, run: Handlers) -> None:
    """With two choices that stay open until someone who may has chosen."""
    anna = house.member("anna")
    assert "I have asked" in ask(house, run, anna)
    assert "already" in ask(house, run, anna)
    (card,) = house.sent_to("!stewards")
    assert [option.command for option in card.options] == [
        f"group accept {anna} rhythm",
        f"group decline {anna} rhythm",
    ]
    assert not card.once


def test_the_groups_own_stewards_are_asked_where_they_are(house: SmallHouse, run: Handlers) -> None:
    """In the stewards' room when they are in it, else in their direct chat."""
    aino = house.member("aino", "rhythm", roles=(("steward", RHYTHM),))
    nikos = house.member("nikos", "archive", roles=(("steward", "group:archive"),))
    ask(house, run, house.member("anna"))
    assert len(house.sent_to(aino)) == 1 and not house.sent_to(nikos)
    house.membership(aino, "stewards")
    ask(house, run, house.member("bea"))
    assert len(house.sent_to(aino)) == 1 and len(house.sent_to("!stewards")) == 2


def test_only_a_role_that_decides_is_asked(house: SmallHouse) -> None:
    """Not one that may do something else there, nor one that is not declared any more."""
    for name, role in (("helper", "helper"), ("former", "forgotten"), ("aino", "steward")):
        house.grant(house.member(name, "rhythm"), role, RHYTHM)
    policy = declared().policy()
    helper = Role("helper", "helpers", 5, 0, everywhere=False, permissions=frozenset({"groups.members"}))
    policy = replace(policy, roles={**policy.roles, "helper": helper})
    room = service.stewards_room(house.session)
    assert service.deciders_elsewhere(house.effects, policy, room, "rhythm") == (user("aino"),)


def test_a_request_for_a_group_that_is_gone_is_not_open(house: SmallHouse, run: Handlers) -> None:
    anna, sara = house.member("anna"), house.member("sara", roles=(("secretariat", COMMUNITY),))
    store.ask(house.session, anna, "gone", NOW, "test")
    with pytest.raises(NotFound, match="There is no group gone"):
        run.decline(house.context(sara, "stewards"), Args({"user": anna, "key": "gone"}))
    with pytest.raises(NotFound, match="There is no group gone"):
        run.invite(house.context(sara, "stewards"), Args({"users": (anna,), "key": "gone"}))


def test_an_unlisted_group_is_answered_like_none(house: SmallHouse, run: Handlers) -> None:
    """On every command, to who is outside."""
    ctx = house.context(house.member("anna"))
    for command in (run.join, run.leave, run.members):
        sentences = set()
        for key in ("hush", "nope"):
            with pytest.raises(UserError) as caught:
                command(ctx, Args({"key": key}))
            sentences.add(caught.value.sentence.replace(key, "KEY"))
        assert len(sentences) == 1


def test_asking_where_one_is_or_is_invited(house: SmallHouse, run: Handlers) -> None:
    """Nobody is bothered."""
    assert "You are in" in ask(house, run, house.member("anna", "rhythm"))
    bea = house.member("bea")
    house.membership(bea, "rhythm", "invite")
    assert "invited" in ask(house, run, bea)
    assert house.effects.sent == []


def test_a_request_that_nobody_answers_may_be_repeated(house: SmallHouse, run: Handlers) -> None:
    """After as long as its choices live."""
    anna = house.member("anna")
    ask(house, run, anna)
    house.effects.now = NOW + store.OPEN_FOR + timedelta(seconds=1)
    assert "I have asked" in ask(house, run, anna)


@pytest.mark.parametrize(
    ("roles", "groups", "may"),
    [
        ((), ("rhythm",), False),
        ((("steward", COMMUNITY),), (), False),
        ((("steward", "group:archive"),), ("archive",), False),
        ((("steward", RHYTHM),), ("rhythm",), True),
        ((("lead_steward", COMMUNITY),), ("rhythm",), True),
        ((("secretariat", COMMUNITY),), ("rhythm",), True),
    ],
)
def test_who_decides(
    house: SmallHouse, run: Handlers, roles: tuple[tuple[str, str], ...], groups: tuple[str, ...], may: bool
) -> None:
    """Those who hold the permission in the group's scope, wherever they choose."""
    anna = house.member("anna")
    ask(house, run, anna)
    ctx = house.context(house.member("decider", *groups, roles=roles), "stewards")
    args = Args({"user": anna, "key": "rhythm"})
    if not may:
        for command in (run.accept, run.decline):
            with pytest.raises(UserError, match="That is for"):
                command(ctx, args)
        return
    run.accept(ctx, args)
    (payload,) = house.tasks_of("groups.invite")
    assert (payload["users"], payload["rooms"], payload["asked"]) == ([anna], ["!rhythm"], True)
    assert house.effects.trail[-1] == ("group.accepted", RHYTHM, ctx.viewer.user_id, anna)
    with pytest.raises(UserError, match="No request"):
        run.accept(ctx, args)


def test_declining_is_kind_and_names_nobody(house: SmallHouse, run: Handlers) -> None:
    """The one who asked may ask again."""
    anna, lea = house.member("anna"), house.member("lea", "rhythm", roles=(("lead_steward", COMMUNITY),))
    ask(house, run, anna)
    run.decline(house.context(lea, "stewards"), Args({"user": anna, "key": "rhythm"}))
    (told,) = house.sent_to(anna)
    assert lea not in told.plain and "Lea" not in told.plain and "ask again" in told.plain
    assert "I have asked" in ask(house, run, anna)


def test_who_has_left_the_community_is_not_accepted(house: SmallHouse, run: Handlers) -> None:
    """The request was made as a member."""
    anna, lea = house.member("anna"), house.member("lea", "rhythm", roles=(("lead_steward", COMMUNITY),))
    ask(house, run, anna)
    house.membership(anna, "root", "leave")
    with pytest.raises(UserError, match="not in the community"):
        run.accept(house.context(lea, "stewards"), Args({"user": anna, "key": "rhythm"}))


@pytest.mark.parametrize(
    ("role", "scope", "where", "key", "rooms"),
    [
        ("steward", COMMUNITY, "direct", "", ["!root"]),
        ("steward", COMMUNITY, "direct", "community", ["!root"]),
        ("steward", COMMUNITY, "coffee-shop", "", ["!root"]),
        ("steward", COMMUNITY, "direct", "rhythm", None),
        ("steward", RHYTHM, "rhythm/home", "", ["!rhythm"]),
        ("steward", RHYTHM, "direct", "rhythm", ["!rhythm"]),
        ("steward", RHYTHM, "direct", "", None),
        ("steward", RHYTHM, "rhythm/home", "community", None),
        ("steward", RHYTHM, "direct", "archive", None),
        ("steward", RHYTHM, "direct", "nope", None),
        ("lead_steward", COMMUNITY, "rhythm/home", "", ["!root", "!rhythm"]),
        ("lead_steward", COMMUNITY, "direct", "hush", ["!root", "!hush"]),
        ("lead_steward", COMMUNITY, "direct", "nope", None),
        ("", COMMUNITY, "rhythm/home", "", None),
    ],
)
def test_who_invites_where(
    house: SmallHouse, run: Handlers, role: str, scope: str, where: str, key: str, rooms: list[str] | None
) -> None:
    """The group of the room, the one named, or the community; the way in only for those who may open it."""
    by = house.member("by", "rhythm", "hush", roles=((role, scope),) if role else ())
    args = Args({"users": (user("anna"), user("bea")), "key": key})
    if rooms is None:
        with pytest.raises(UserError):
            run.invite(house.context(by, where), args)
        assert house.effects.tasks == []
        return
    run.invite(house.context(by, where), args)
    (payload,) = house.tasks_of("groups.invite")
    assert (payload["rooms"], payload["answer"], payload["actor"]) == (rooms, "answer", by)


def test_at_most_so_many_at_a_time(house: SmallHouse, run: Handlers) -> None:
    """A raid with a steward's account is slowed down."""
    sara = house.member("sara", roles=(("secretariat", COMMUNITY),))
    many = tuple(user(f"p{number}") for number in range(service.MOST_INVITED + 1))
    with pytest.raises(UserError, match="At most"):
        run.invite(house.context(sara), Args({"users": many}))


def test_leaving(house: SmallHouse, run: Handlers) -> None:
    """By name or in the group's room; privately; a role everywhere stays everywhere."""
    anna = house.member("anna", "rhythm")
    assert run.leave(house.context(anna, "coffee-shop"), Args({"key": "rhythm"})).private
    run.leave(house.context(anna, "rhythm/home"), Args())
    assert house.tasks_of("groups.leave") == [{"user": anna, "room": "!rhythm"}] * 2
    house.membership(anna, "archive")
    with pytest.raises(UserError, match="Type one of: !group leave archive, !group leave rhythm"):
        run.leave(house.context(anna), Args())
    with pytest.raises(UserError, match="Type one of: !group members archive, !group members rhythm"):
        run.members(house.context(anna, "coffee-shop"), Args())
    with pytest.raises(UserError, match="You are in no group yet"):
        run.leave(house.context(house.member("dora")), Args())
    lea = house.member("lea", "rhythm", roles=(("lead_steward", COMMUNITY),))
    with pytest.raises(UserError, match="every group"):
        run.leave(house.context(lea), Args({"key": "rhythm"}))


def test_members_are_for_members_and_in_their_room(house: SmallHouse, run: Handlers) -> None:
    """Elsewhere the answer is private; the bot is not counted."""
    anna = house.member("anna", "rhythm")
    house.member("aino", "rhythm", roles=(("steward", RHYTHM),))
    here = run.members(house.context(anna, "rhythm/home"), Args())
    assert here.plain == "Rhythm and language has 2 members:\nStewards: Aino\nAnna" and not here.private
    assert run.members(house.context(anna, "coffee-shop"), Args({"key": "rhythm"})).private
    with pytest.raises(UserError):
        run.members(house.context(anna, "coffee-shop"), Args())


def test_ones_only_group_is_meant_in_the_direct_chat(house: SmallHouse, run: Handlers) -> None:
    """Who is in several has to say which; in a room the only one of the asker is not told."""
    anna, zofia = house.member("anna", "rhythm"), house.member("zofia", "rhythm", "archive")
    assert "Rhythm and language" in run.members(house.context(anna), Args()).plain
    for ctx in (house.context(zofia), house.context(anna, "coffee-shop")):
        with pytest.raises(UserError):
            run.members(ctx, Args())


TALKING = [
    ("leave", {}),
    ("leave", {"key": "rhythm"}),
    ("members", {}),
    ("members", {"key": "rhythm"}),
    ("invite", {"users": (user("ben"),), "key": "rhythm"}),
    ("accept", {"user": user("ben"), "key": "rhythm"}),
    ("decline", {"user": user("ben"), "key": "rhythm"}),
]


@pytest.mark.parametrize("where", ["reception", "coffee-shop", "archive/home"])
@pytest.mark.parametrize(("verb", "values"), TALKING)
def test_no_group_is_named_where_others_read(
    house: SmallHouse, run: Handlers, where: str, verb: str, values: dict[str, object]
) -> None:
    """Neither by an answer nor by a refusal: not its title, not its key, not who is in it."""
    anna = house.member("anna", "rhythm", roles=(("steward", "group:rhythm"),))
    house.member("ben")
    ask(house, run, user("ben"), "rhythm")
    house.membership(anna, "archive/home")
    try:
        is_private = getattr(run, verb)(house.context(anna, where), Args(dict(values))).private
    except UserError as refused:
        is_private = refused.private
    assert is_private


def test_a_group_is_named_in_its_own_rooms(house: SmallHouse, run: Handlers) -> None:
    anna = house.member("anna", "rhythm", roles=(("steward", "group:rhythm"),))
    ben = house.member("ben")
    home = house.context(anna, "rhythm/home")
    assert not run.members(home, Args()).private
    assert not run.invite(home, Args({"users": (ben,)})).private
