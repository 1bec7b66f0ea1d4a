"""Duty, hand-over, roster, the log and the team: who serves where, and what ends by itself."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.ids import EventId, Scope, UserId
from copp_bot.core.reply import Reply
from copp_bot.core.store import duty
from copp_bot.core.store import people as people_store
from copp_bot.features.stewards import service
from copp_bot.features.stewards.commands import Handlers
from copp_bot.features.stewards.store import SevenRoles
from tests.features.small_house import NOW, SmallHouse, user

COMMUNITY, RHYTHM, ARCHIVE, HUSH = "community", "group:rhythm", "group:archive", "group:hush"


@pytest.fixture
def run(house: SmallHouse) -> Handlers:
    """The commands."""
    return Handlers(house.core.rooms)


def steward(house: SmallHouse, name: str, *scopes: str) -> UserId:
    """A steward of these scopes, in their groups."""
    groups = [scope.removeprefix("group:") for scope in scopes if scope != COMMUNITY]
    return house.member(name, *groups, roles=tuple(("steward", scope) for scope in scopes))


def later(ctx: Context, by: timedelta) -> Context:
    """The same person some time later."""
    ctx.effects.now += by
    return ctx


def on(run: Handlers, ctx: Context, **options: str) -> Reply:
    """``!duty on``."""
    return run.duty(ctx, Args({"state": "on"}, options))


def off(run: Handlers, ctx: Context, **options: str) -> Reply:
    """``!duty off``."""
    return run.duty(ctx, Args({"state": "off"}, options))


def there(house: SmallHouse, scope: str = COMMUNITY) -> list[str]:
    """Who is on duty now."""
    return [row.user_id for row in duty.on_duty(house.session, scope, house.effects.now)]


def did(run: Handlers, ctx: Context, role: str, target: UserId | None = None, note: str = "") -> Reply:
    """``!did``."""
    return run.did(ctx, Args({"role": role, "user": target, "note": note}))


def test_duty_ends_by_itself(house: SmallHouse, run: Handlers) -> None:
    ctx = house.context(steward(house, "matteo", COMMUNITY))
    assert "until 25 Nov 2026, 18:00" in on(run, ctx, until="2026-11-25T18:00").plain
    assert there(house) == [user("matteo")]
    later(ctx, timedelta(hours=4, minutes=59))
    assert there(house) == [user("matteo")]
    later(ctx, timedelta(minutes=1))
    assert there(house) == []
    with pytest.raises(UserError, match="not on duty"):
        off(run, ctx)


def test_on_again_changes_the_end_and_is_one_duty(house: SmallHouse, run: Handlers) -> None:
    ctx = house.context(steward(house, "matteo", COMMUNITY))
    on(run, ctx, until="2026-11-25T18:00")
    on(run, ctx)
    later(ctx, timedelta(days=2))
    assert there(house) == [user("matteo")]
    assert "Nobody is on duty" in off(run, ctx).plain
    assert there(house) == []


def test_off_has_no_end(house: SmallHouse, run: Handlers) -> None:
    ctx = house.context(steward(house, "matteo", COMMUNITY))
    on(run, ctx)
    with pytest.raises(UserError, match="Leave until: out"):
        off(run, ctx, until="2026-12-01")
    assert there(house) == [user("matteo")]


@pytest.mark.parametrize(
    ("scopes", "where", "group", "expected"),
    [
        ((COMMUNITY,), "direct", None, COMMUNITY),
        ((COMMUNITY,), "stewards", None, COMMUNITY),
        ((RHYTHM,), "direct", None, RHYTHM),
        ((RHYTHM,), "rhythm/home", None, RHYTHM),
        ((COMMUNITY, RHYTHM), "direct", None, COMMUNITY),
        ((COMMUNITY, RHYTHM), "rhythm/home", None, RHYTHM),
        ((RHYTHM, ARCHIVE), "direct", "archive", ARCHIVE),
        ((RHYTHM, ARCHIVE), "direct", "Archive", ARCHIVE),
    ],
)
def test_where_one_serves(
    house: SmallHouse, run: Handlers, scopes: tuple[str, ...], where: str, group: str | None, expected: str
) -> None:
    ctx = house.context(steward(house, "sam", *scopes), where)
    assert service.scope_of(ctx, run.rooms, group) == expected


@pytest.mark.parametrize(
    ("scopes", "where", "group", "words"),
    [
        ((RHYTHM, ARCHIVE), "direct", None, "Which group do you mean? Add one of: group:archive, group:rhythm"),
        ((RHYTHM,), "direct", "archive", "That is for stewards of that group"),
        ((RHYTHM,), "direct", "hush", "That is for stewards of that group"),
        ((RHYTHM,), "direct", "nowhere", "That is for stewards of that group"),
        ((COMMUNITY,), "direct", "rhythm", "That is for stewards of that group"),
        ((), "direct", None, "That is for stewards, the lead"),
    ],
)
def test_where_one_does_not_serve(
    house: SmallHouse, run: Handlers, scopes: tuple[str, ...], where: str, group: str | None, words: str
) -> None:
    """And a group that is there is refused like one that is not."""
    ctx = house.context(steward(house, "sam", *scopes), where)
    with pytest.raises(UserError, match=re.escape(words)):
        service.scope_of(ctx, run.rooms, group)


def test_a_grant_that_lets_serve_nowhere_is_no_place_to_serve(house: SmallHouse, run: Handlers) -> None:
    anna = steward(house, "anna", RHYTHM)
    house.grant(anna, "forgotten", ARCHIVE)
    assert service.scope_of(house.context(anna), run.rooms, None) == RHYTHM


def test_which_group_is_asked_privately(house: SmallHouse, run: Handlers) -> None:
    anna = steward(house, "anna", RHYTHM, ARCHIVE)
    with pytest.raises(UserError, match="Which group") as asked:
        service.scope_of(house.context(anna, "coffee-shop"), run.rooms, None)
    assert asked.value.private


def test_the_lead_serves_every_group_that_there_is(house: SmallHouse, run: Handlers) -> None:
    lead = house.context(house.member("birgit", roles=(("lead_steward", COMMUNITY),)))
    assert service.scope_of(lead, run.rooms, "hush") == HUSH
    with pytest.raises(UserError, match="There is no group nowhere"):
        service.scope_of(lead, run.rooms, "nowhere")


def test_a_note_is_read_by_the_others_and_by_the_next(house: SmallHouse, run: Handlers) -> None:
    matteo, birgit = steward(house, "matteo", COMMUNITY), steward(house, "birgit", COMMUNITY)
    on(run, house.context(matteo))
    reply = run.handover(house.context(matteo), Args({"note": "Two wait <b>here</b>."}))
    assert there(house) == [] and "off duty" in reply.plain
    (posted,) = house.sent_to("!stewards")
    assert posted.plain == "Matteo hands over (the community): Two wait <b>here</b>."
    assert "<b>" not in posted.html
    assert "Last note, by Matteo" in on(run, house.context(birgit)).plain
    late = later(house.context(birgit), timedelta(days=15))
    assert "Last note" not in on(run, late).plain


def test_a_groups_note_stays_among_its_stewards(house: SmallHouse, run: Handlers) -> None:
    aino, nikos = steward(house, "aino", HUSH), steward(house, "nikos", HUSH)
    steward(house, "matteo", COMMUNITY)
    run.handover(house.context(aino), Args({"note": "Secret thing."}))
    assert [target for target, _reply in house.effects.sent] == [nikos]


def test_a_note_goes_with_the_message_that_left_it(house: SmallHouse, run: Handlers) -> None:
    ctx = house.context(steward(house, "matteo", COMMUNITY))
    run.handover(ctx, Args({"note": "A word too many."}))
    service.take_back(house.effects, ctx.message.event_id)
    assert "Last note" not in on(run, ctx).plain


def test_a_group_is_not_named_among_all_stewards(house: SmallHouse, run: Handlers) -> None:
    """Those of one group sit in the stewards' room too, and so do others who may not know of it."""
    aino = house.context(steward(house, "aino", HUSH), "stewards")
    answers = [on(run, aino), run.roster(aino, Args()), did(run, aino, "welcomed"), off(run, aino)]
    assert [answer.private for answer in answers] == [True] * 4
    lead = house.context(house.member("birgit", roles=(("lead_steward", COMMUNITY),)), "stewards")
    assert on(run, lead, group="hush").private


def test_a_note_has_an_end(house: SmallHouse, run: Handlers) -> None:
    ctx = house.context(steward(house, "matteo", COMMUNITY))
    with pytest.raises(UserError, match="at most 1000 characters"):
        run.handover(ctx, Args({"note": "x" * 1_001}))


def test_the_roster_names_those_who_serve_the_scope_itself(house: SmallHouse, run: Handlers) -> None:
    """Whoever is there first, then the least loaded; a role that holds everywhere serves no group by itself."""
    matteo, busy, away = (steward(house, name, COMMUNITY) for name in ("matteo", "busy", "away"))
    steward(house, "aino", RHYTHM)
    house.member("lucia")
    people_store.ensure(house.session, matteo, NOW).timezone = "Asia/Tokyo"
    on(run, house.context(matteo))
    did(run, house.context(busy), "connected")
    said = run.roster(house.context(matteo), Args()).plain.split("\n")
    assert [line.split(" –")[0] for line in said] == ["Matteo", "Away", "Busy"]
    assert said[0] == "Matteo – on duty · there it is 21:00"
    assert said[2] == "Busy – away · 1 deed this week"
    assert away in service.serving(house.session, house.core.policy, Scope(COMMUNITY), NOW)


def test_who_has_left_or_lost_the_role_is_not_in_the_roster(house: SmallHouse) -> None:
    gone = steward(house, "gone", COMMUNITY)
    house.grant(steward(house, "past"), "steward", COMMUNITY, until=NOW - timedelta(days=1))
    assert service.serving(house.session, house.core.policy, Scope(COMMUNITY), NOW) == (gone,)
    house.membership(gone, "root", "leave")
    assert service.serving(house.session, house.core.policy, Scope(COMMUNITY), NOW) == ()


@pytest.mark.parametrize(("where", "private"), [("direct", False), ("stewards", False), ("coffee-shop", True)])
def test_stewards_speak_of_it_among_themselves(house: SmallHouse, run: Handlers, where: str, private: bool) -> None:
    ctx = house.context(steward(house, "matteo", COMMUNITY), where)
    answers = [on(run, ctx), run.roster(ctx, Args()), did(run, ctx, "welcomed"), off(run, ctx)]
    assert [answer.private for answer in answers] == [private] * 4


def test_the_log_is_by_ones_own_word_about_others(house: SmallHouse, run: Handlers) -> None:
    ctx = house.context(steward(house, "matteo", COMMUNITY))
    with pytest.raises(UserError, match="name somebody else"):
        did(run, ctx, "welcomed", user("matteo"))
    with pytest.raises(UserError, match="I do not know @stranger"):
        did(run, ctx, "welcomed", user("stranger"))
    with pytest.raises(UserError, match="at most 1000"):
        did(run, ctx, "welcomed", None, "x" * 1_001)


def test_a_deed_goes_with_the_message_that_said_it(house: SmallHouse, run: Handlers) -> None:
    ctx = house.context(steward(house, "matteo", COMMUNITY))
    did(run, ctx, "coached")
    did(run, replace(ctx, message=replace(ctx.message, event_id=EventId("$other"))), "drove")
    service.take_back(house.effects, ctx.message.event_id)
    team = service.team(house.session, house.core.policy, house.core.rooms, NOW)
    assert [role for role, done in team.roles.items() if done] == [SevenRoles.DROVE]


def test_the_team_tells_what_is_thin(house: SmallHouse, run: Handlers) -> None:
    matteo, aino = steward(house, "matteo", COMMUNITY), steward(house, "aino", RHYTHM)
    lead = house.member("birgit", roles=(("lead_steward", COMMUNITY),))
    for who, language in ((matteo, "it"), (house.member("lucia"), "es"), (house.member("pablo"), "es")):
        people_store.ensure(house.session, who, NOW).language = language
    for who, role in ((matteo, "welcomed"), (matteo, "welcomed"), (aino, "welcomed"), (aino, "drove")):
        did(run, house.context(who), role)
    reply = run.team(house.context(lead), Args())
    said = reply.plain.split("\n")
    assert reply.private
    assert "welcomed: Matteo 2, Aino 1" in said
    assert "drove: Aino 1 – thin" in said
    assert "coached: nobody yet" in said
    assert "Languages that members read and no steward does: es (2)" in said
    assert any(line.startswith("Groups without a steward of their own: ") and "Hush" in line for line in said)
    later(house.context(lead), timedelta(days=29))
    assert "drove: nobody yet" in run.team(house.context(lead), Args()).plain


def test_forgetting_someone_leaves_what_others_did_without_the_name(house: SmallHouse, run: Handlers) -> None:
    matteo, aino = steward(house, "matteo", COMMUNITY), steward(house, "aino", COMMUNITY)
    on(run, house.context(matteo))
    run.handover(house.context(matteo), Args({"note": "bye"}))
    did(run, house.context(matteo), "welcomed", aino)
    did(run, house.context(aino), "coached", matteo, "told Matteo how")
    service.forget(house.effects, matteo)
    team = service.team(house.session, house.core.policy, house.core.rooms, NOW)
    assert {role: len(done) for role, done in team.roles.items() if done} == {SevenRoles.COACHED: 1}
    assert "Last note" not in on(run, house.context(aino)).plain
