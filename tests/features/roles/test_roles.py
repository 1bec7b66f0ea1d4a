"""Granting and revoking: every role on every target, the last one in charge, and the mirror."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Place
from copp_bot.core.errors import SetupError, UserError
from copp_bot.core.ids import EventId, UserId
from copp_bot.core.matrix.port import Membership
from copp_bot.core.until import parse_until
from copp_bot.features.roles import service, store
from copp_bot.features.roles.commands import Handlers
from copp_bot.features.roles.events import Left
from copp_bot.features.roles.jobs import EndRunOut
from copp_bot.features.roles.service import Rules, Wish
from storage.tables.people import GrantRow
from tests.features.small_house import BOT, NOW, SmallHouse, declared, user

RULES = Rules(declared().policy(), declared().directory(), BOT)
COMMUNITY, RHYTHM, ARCHIVE = "community", "group:rhythm", "group:archive"
HOLDERS = {
    "member": (),
    "rhythm-steward": (("steward", RHYTHM),),
    "steward": (("steward", COMMUNITY),),
    "lead": (("lead_steward", COMMUNITY),),
    "secretariat": (("secretariat", COMMUNITY),),
}
MAY = {
    ("lead", "member", "steward"),
    ("lead", "rhythm-steward", "steward"),
    ("lead", "steward", "steward"),
    *(("secretariat", target, role) for target in ("member", "rhythm-steward", "steward", "lead")
      for role in ("steward", "lead_steward", "secretariat")),
}  # fmt: skip
"""Who may grant what to whom, in the community as declared."""
LATER = NOW + timedelta(days=30)


def people(house: SmallHouse, suffix: str = "") -> dict[str, UserId]:
    """One person of each kind."""
    return {name: house.member(f"{name}{suffix}", "rhythm", roles=roles) for name, roles in HOLDERS.items()}


@pytest.mark.parametrize("role", ["steward", "lead_steward", "secretariat"])
@pytest.mark.parametrize("target", HOLDERS)
@pytest.mark.parametrize("issuer", HOLDERS)
def test_who_may_grant_what_to_whom(house: SmallHouse, issuer: str, target: str, role: str) -> None:
    """The whole table, in the community's scope."""
    by, to = people(house)[issuer], people(house, "-2")[target]
    wish = Wish(to, role, until=LATER)
    if (issuer, target, role) in MAY:
        change = service.grant(house.effects, RULES, house.viewer(by), wish)
        assert (change.scope, change.until) == (COMMUNITY, LATER)
        assert store.held(house.session, to, role, COMMUNITY, NOW)
    else:
        with pytest.raises(UserError):
            service.grant(house.effects, RULES, house.viewer(by), wish)
        assert house.effects.tasks == [] and house.effects.trail == []


@pytest.mark.parametrize("target", [name for name in HOLDERS if name != "member"])
@pytest.mark.parametrize("issuer", HOLDERS)
def test_who_may_revoke_from_whom(house: SmallHouse, issuer: str, target: str) -> None:
    """What one may grant to those below; nobody takes from an equal."""
    by, of = people(house)[issuer], people(house, "-2")[target]
    ((role, scope),) = HOLDERS[target]
    group = "rhythm" if scope == RHYTHM else None
    allowed = (issuer == "lead" and role == "steward") or (issuer == "secretariat" and target != "secretariat")
    wish = Wish(of, role, group)
    if allowed:
        service.revoke(house.effects, RULES, house.viewer(by), wish)
        assert store.held(house.session, of, role, scope, NOW) is None
    else:
        with pytest.raises(UserError):
            service.revoke(house.effects, RULES, house.viewer(by), wish)
        assert store.held(house.session, of, role, scope, NOW)


@pytest.mark.parametrize("who", [name for name in HOLDERS if name not in ("member", "secretariat")])
def test_everyone_may_lay_down_their_own_role(house: SmallHouse, who: str) -> None:
    """Also who may revoke nothing else."""
    mine = people(house)[who]
    ((role, scope),) = HOLDERS[who]
    service.revoke(house.effects, RULES, house.viewer(mine), Wish(mine, role, "rhythm" if scope == RHYTHM else None))
    assert store.held(house.session, mine, role, scope, NOW) is None


def test_the_last_in_charge_stays(house: SmallHouse) -> None:
    """Someone without an end date must remain, and be a member."""
    sara = house.member("sara", roles=(("secretariat", COMMUNITY),))
    lay_down = Wish(sara, "secretariat")
    gone = house.member("gone", roles=(("secretariat", COMMUNITY),))
    house.membership(gone, "root", "leave")
    house.grant(house.member("guest"), "secretariat", COMMUNITY, LATER)
    with pytest.raises(UserError, match="nobody in charge"):
        service.revoke(house.effects, RULES, house.viewer(sara), lay_down)
    house.grant(house.member("other"), "secretariat", COMMUNITY)
    service.revoke(house.effects, RULES, house.viewer(sara), lay_down)


def test_who_does_not_remain_in_charge(house: SmallHouse) -> None:
    """A steward."""
    sara = house.member("sara", roles=(("secretariat", COMMUNITY),))
    house.member("bea", roles=(("steward", COMMUNITY),))
    with pytest.raises(UserError, match="nobody in charge"):
        service.revoke(house.effects, RULES, house.viewer(sara), Wish(sara, "secretariat"))


def test_who_serves_for_a_time_may_go_while_somebody_else_serves_for_a_time(house: SmallHouse) -> None:
    for name in ("carl", "dora"):
        house.grant(house.member(name), "secretariat", COMMUNITY, LATER)
    carl = user("carl")
    service.revoke(house.effects, RULES, house.viewer(carl), Wish(carl, "secretariat"))
    assert store.held(house.session, carl, "secretariat", COMMUNITY, NOW) is None


def test_what_holds_everywhere_is_given_for_everywhere_in_a_groups_room_too(house: SmallHouse) -> None:
    sara, anna = house.member("sara", roles=(("secretariat", COMMUNITY),)), house.member("anna", "rhythm")
    for role, scope in (("lead_steward", COMMUNITY), ("steward", RHYTHM)):
        change = service.grant(house.effects, RULES, house.viewer(sara), Wish(anna, role, here="rhythm"))
        assert change.scope == scope


def test_roles_are_for_accounts_of_this_server(house: SmallHouse) -> None:
    sara = house.member("sara", roles=(("secretariat", COMMUNITY),))
    stranger = UserId("@anna:elsewhere.org")
    house.membership(stranger, "root")
    with pytest.raises(UserError, match="has an account elsewhere"):
        service.grant(house.effects, RULES, house.viewer(sara), Wish(stranger, "steward"))


def test_a_role_held_elsewhere_is_named_to_whoever_may_take_it(house: SmallHouse) -> None:
    """As people write it; to nobody else."""
    sara = house.member("sara", roles=(("secretariat", COMMUNITY),))
    aino = house.member("aino", "rhythm", roles=(("steward", RHYTHM),))
    with pytest.raises(UserError, match=f"!role revoke {aino} steward group:rhythm"):
        service.revoke(house.effects, RULES, house.viewer(sara), Wish(aino, "Steward"))
    with pytest.raises(UserError) as caught:
        service.revoke(house.effects, RULES, house.viewer(aino), Wish(sara, "lead steward"))
    assert "group:" not in caught.value.sentence


def test_one_for_a_time_may_go(house: SmallHouse) -> None:
    """As long as anybody remains."""
    guest = house.member("guest")
    house.grant(guest, "secretariat", COMMUNITY, LATER)
    with pytest.raises(UserError, match="nobody in charge"):
        service.revoke(house.effects, RULES, house.viewer(guest), Wish(guest, "secretariat"))
    house.member("sara", roles=(("secretariat", COMMUNITY),))
    service.revoke(house.effects, RULES, house.viewer(guest), Wish(guest, "secretariat"))


def refused_targets(house: SmallHouse) -> dict[str, Wish]:
    """Wishes that are refused because of whom they name, or how."""
    return {
        "serve": Wish(BOT, "steward"),
        "elsewhere": Wish(UserId("@anna:elsewhere.org"), "steward"),
        "not a member": Wish(user("nobody"), "steward"),
        "is not a member": Wish(house.newcomer("nora"), "steward"),
        "not in the group": Wish(house.member("anna"), "steward", "rhythm"),
        "no role of that name": Wish(user("anna"), "emperor"),
        "no group": Wish(user("anna"), "steward", "no-such-group"),
        "whole community": Wish(user("anna"), "lead_steward", "rhythm"),
    }


def test_wrong_targets(house: SmallHouse) -> None:
    """Each with its own reason."""
    sara = house.viewer(house.member("sara", roles=(("secretariat", COMMUNITY),)))
    for words, wish in refused_targets(house).items():
        with pytest.raises(UserError, match=words):
            service.grant(house.effects, RULES, sara, wish)


@pytest.mark.parametrize("space", ["root", "rhythm"])
def test_who_is_invited_already_has_to_accept(house: SmallHouse, space: str) -> None:
    """To invite them once more would not help."""
    sara = house.viewer(house.member("sara", roles=(("secretariat", COMMUNITY),)))
    nora = house.newcomer("nora") if space == "root" else house.member("nora")
    house.membership(nora, space, "invite")
    with pytest.raises(UserError, match=r"has been invited to .* and has not accepted yet\. Grant the role once"):
        service.grant(house.effects, RULES, sara, Wish(nora, "steward", None if space == "root" else space))


def test_an_unknown_group_is_refused_like_a_known_one(house: SmallHouse) -> None:
    """Who may grant nothing in a group learns nothing of it."""
    matteo = house.viewer(house.member("matteo", roles=(("steward", COMMUNITY),)))
    sentences = set()
    for group in ("hush", "no-such-group"):
        with pytest.raises(UserError) as caught:
            service.grant(house.effects, RULES, matteo, Wish(user("anna"), "steward", group))
        sentences.add(caught.value.sentence)
    assert len(sentences) == 1


def test_granting_again_changes_the_end(house: SmallHouse) -> None:
    """One grant is in force; the same again is refused."""
    lea, anna = house.member("lea", roles=(("lead_steward", COMMUNITY),)), house.member("anna", "rhythm")
    for until in (LATER, None):
        service.grant(house.effects, RULES, house.viewer(lea), Wish(anna, "Steward", "RHYTHM", until))
    assert [(g.scope, g.until) for g in store.in_force(house.session, NOW) if g.user_id == anna] == [(RHYTHM, None)]
    with pytest.raises(UserError, match="already"):
        service.grant(house.effects, RULES, house.viewer(lea), Wish(anna, "steward", "rhythm"))


def test_what_follows_a_change(house: SmallHouse) -> None:
    """Power levels, the mirror, the trail, and a word to the person."""
    lea, anna = house.member("lea", "rhythm", roles=(("lead_steward", COMMUNITY),)), house.member("anna", "rhythm")
    run = Handlers(house.core, RULES)
    args = Args({"user": anna, "role": "steward"}, {"until": "2027-01-31"})
    reply = run.grant(house.context(lea, "rhythm/home"), args)
    assert "steward in Rhythm and language until 31 Jan 2027" in reply.plain
    assert house.effects.tasks == [("rooms.power", {"scope": RHYTHM}), ("roles.mirror", {})]
    assert house.effects.trail == [("role.granted", RHYTHM, lea, anna)]
    (told,) = house.sent_to(anna)
    assert told.mentions == (anna,) and not told.notice


@pytest.mark.parametrize("said", ["yesterday", "2027-13-01", "2027-1-31", "31.13.2027", "", "9999-12-31", "x" * 5000])
def test_bad_ends(said: str) -> None:
    """A sentence, with the form to use or the reason."""
    with pytest.raises(UserError, match="until:") as caught:
        parse_until(said, NOW, ZoneInfo("Europe/Paris"))
    assert len(caught.value.sentence) < 200


@pytest.mark.parametrize("said", ["2026-11-24", "2026-11-25T12:59", "2026-11-25T12:00Z", "2031-11-26"])
def test_ends_that_have_passed_or_are_too_far(said: str) -> None:
    """To the minute, in the reader's zone."""
    with pytest.raises(UserError, match="until:"):
        parse_until(said, NOW, ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    ("said", "until"),
    [
        (None, None),
        ("2026-11-25", datetime(2026, 11, 25, 23, tzinfo=UTC)),
        ("2027-07-31", datetime(2027, 7, 31, 22, tzinfo=UTC)),
        ("2026-11-25T13:01", datetime(2026, 11, 25, 12, 1, tzinfo=UTC)),
        ("2026-11-25T13:00Z", datetime(2026, 11, 25, 13, tzinfo=UTC)),
        ("2027-03-28T02:30", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    ],
)
def test_ends(said: str | None, until: datetime | None) -> None:
    """A day counts whole, in the reader's zone; a time that the clocks skip is the moment after."""
    assert parse_until(said, NOW, ZoneInfo("Europe/Paris")) == until


def test_grants_run_out(house: SmallHouse) -> None:
    """Once, with all that follows; the person is thanked."""
    anna = house.member("anna", "rhythm")
    house.grant(anna, "steward", RHYTHM, NOW)
    house.grant(house.member("bea"), "steward", COMMUNITY, LATER)
    job = EndRunOut(house.core)
    job(house.effects, NOW)
    job(house.effects, NOW)
    assert house.effects.trail == [("role.ended", RHYTHM, None, anna)]
    assert house.tasks_of("rooms.power") == [{"scope": RHYTHM}]
    assert len(house.sent_to(anna)) == 1


@pytest.mark.parametrize(("membership", "key", "ends"), [
    ("leave", "rhythm", True), ("ban", "rhythm", True), ("join", "rhythm", False), ("invite", "rhythm", False),
    ("leave", "rhythm/home", False), ("invite", "root", False),
])  # fmt: skip
def test_leaving_a_group_ends_the_roles_in_it(house: SmallHouse, membership: str, key: str, ends: bool) -> None:
    """The space counts; roles elsewhere stay."""
    anna = house.member("anna", "rhythm", roles=(("steward", RHYTHM), ("steward", COMMUNITY)))
    place: Place = house.place(key)
    change = Membership(EventId("$x"), place.room_id, anna, NOW, user_id=anna, membership=membership)
    Left(house.core)(house.effects, place, change)
    held = {g.scope for g in store.in_force(house.session, NOW)}
    assert held == ({COMMUNITY} if ends else {COMMUNITY, RHYTHM})


@pytest.mark.parametrize("membership", ["leave", "ban"])
def test_leaving_the_community_ends_every_role(house: SmallHouse, membership: str) -> None:
    """The Secretariat is told; who comes back has none; the last in charge keep theirs."""
    sara = house.member("sara", roles=(("secretariat", COMMUNITY),))
    anna = house.member("anna", "rhythm", roles=(("steward", RHYTHM), ("lead_steward", COMMUNITY)))
    for gone in (anna, sara):
        house.membership(gone, "root", membership)
        place = house.place("root")
        change = Membership(EventId("$x"), place.room_id, gone, NOW, user_id=gone, membership=membership)
        Left(house.core)(house.effects, place, change)
    house.membership(anna, "root", "join")
    assert [(g.user_id, g.role) for g in store.in_force(house.session, NOW)] == [(sara, "secretariat")]
    (told,) = house.sent_to(house.place("secretariat").room_id)
    assert "is out of the community and no longer lead steward in the community" in told.plain
    assert f"!role grant {anna} steward group:rhythm\n!role grant {anna} lead_steward" in told.plain
    assert not house.sent_to(anna) and not house.sent_to(sara)  # there is no direct chat


def test_mirror_and_restore(house: SmallHouse) -> None:
    """What was mirrored comes back into an empty table, and into no other."""
    house.grant(user("anna"), "steward", RHYTHM, LATER)
    house.grant(user("sara"), "secretariat", COMMUNITY)
    content = service.mirror_content(house.session, NOW)
    assert service.restore(house.session, content, NOW) == ()
    for grant in store.in_force(house.session, NOW):
        row = house.session.get(GrantRow, grant.id)
        house.session.delete(row)
    house.session.flush()
    assert service.restore(house.session, content, NOW) == (COMMUNITY, RHYTHM)
    assert service.mirror_content(house.session, NOW) == content


@pytest.mark.parametrize(
    "content",
    [
        None, {}, {"grants": None}, {"grants": {"user": "@a:b"}}, {"grants": [None, 7, [], {}]},
        {"grants": [{"user": "anna", "role": "steward", "scope": "community"}]},
        {"grants": [{"user": "@a:b", "role": ["x"], "scope": "community"}]},
        {"grants": [{"user": "@a:b", "role": "steward", "scope": "person:@a:b"}]},
        {"grants": [{"user": "@a:b", "role": "steward", "scope": "community", "until": "soon"}]},
        {"grants": [{"user": "@a:b", "role": "steward", "scope": "community", "until": 7}]},
        {"grants": [{"user": "@a:b", "role": "steward", "scope": "community", "until": "2020-01-01T00:00:00"}]},
    ],
)  # fmt: skip
def test_a_malformed_mirror_restores_nothing(house: SmallHouse, content: dict[str, object] | None) -> None:
    """And raises nothing."""
    assert service.restore(house.session, content, NOW) == ()
    assert store.is_empty(house.session)


def test_seed_grants_once(house: SmallHouse) -> None:
    """A second setup writes nothing."""
    grants = [(user("sara"), "secretariat", COMMUNITY), (user("aino"), "steward", RHYTHM)]
    assert service.seed_grants(house.session, grants, NOW) == 2
    assert service.seed_grants(house.session, grants, NOW) == 0


def test_list_tells_of_hidden_groups_to_those_inside_alone(house: SmallHouse) -> None:
    """And in the Coffee shop to nobody."""
    insider, outsider = house.member("insider", "hush"), house.member("outsider")
    house.grant(insider, "steward", "group:hush")
    run = Handlers(house.core, RULES)
    assert "Hush" in run.list(house.context(insider), Args()).plain
    assert "Hush" not in run.list(house.context(outsider), Args()).plain
    assert "Hush" not in run.list(house.context(insider, "coffee-shop"), Args()).plain
    assert run.list(house.context(insider, "reception"), Args()).private


def test_changes_name_hidden_groups_to_those_inside_alone(house: SmallHouse) -> None:
    """Granting, the question and laying down: what is said where others read along names no group unknown to them."""
    sara = house.member("sara", "hush", "rhythm", roles=(("secretariat", COMMUNITY),))
    anna, run = house.member("anna", "hush", "rhythm"), Handlers(house.core, RULES)
    place = house.context(sara, "coffee-shop")
    for group, title, is_private in (("hush", "Hush", True), ("rhythm", "Rhythm and language", False)):
        house.grant(sara, "steward", f"group:{group}")
        own, others = {"user": sara, "role": "steward"}, {"user": anna, "role": "steward"}
        acts = [(run.grant, others), (run.revoke, others), (run.revoke, own), (run.revoke, {**own, "confirm": "yes"})]
        for act, values in acts:
            reply = act(place, Args(values, {"group": group}))
            assert (title in reply.plain, reply.private) == (True, is_private)


@pytest.mark.parametrize(
    ("key", "group", "is_private"),
    [
        ("coffee-shop", "hush", True),
        ("coffee-shop", "nowhere", True),
        ("coffee-shop", "rhythm", False),
        ("reception", "rhythm", True),
        ("coffee-shop", None, False),
    ],
)
def test_a_refusal_shows_nobody_else_whether_there_is_a_group(
    house: SmallHouse, key: str, group: str | None, is_private: bool
) -> None:
    """What a stranger could learn from it is told privately, alike for a group that is there and one that is not."""
    sara = house.member("sara", roles=(("secretariat", COMMUNITY),))
    place, run = house.context(sara, key), Handlers(house.core, RULES)
    values = Args({"user": user("stranger"), "role": "steward"}, {"group": group} if group else {})
    for act in (run.grant, run.revoke):
        with pytest.raises(UserError) as refused:
            act(place, values)
        assert refused.value.private is is_private


def test_the_command_line_puts_down_one_of_equals(house: SmallHouse) -> None:
    """Whose account was stolen, for example; somebody stays in charge, and a trace stays of it."""
    odile, hedda = (house.member(name, roles=(("secretariat", COMMUNITY),)) for name in ("odile", "hedda"))
    grant = [(odile, "secretariat", COMMUNITY)]
    service.end_seeded(house.effects, RULES.policy, grant)
    assert store.held(house.session, odile, "secretariat", COMMUNITY, NOW) is None
    assert len(house.effects.trail) == 1
    service.end_seeded(house.effects, RULES.policy, grant)  # once more does nothing
    with pytest.raises(SetupError, match=r"nobody would be left .*--secretariat"):
        service.end_seeded(house.effects, RULES.policy, [(hedda, "secretariat", COMMUNITY)])
    assert store.held(house.session, hedda, "secretariat", COMMUNITY, NOW)
