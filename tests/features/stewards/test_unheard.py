"""First posts and their answers: what counts as one, who is asked when, and who may know."""

from datetime import timedelta

import pytest

from copp_bot.core.commands.declare import Args
from copp_bot.core.ids import EventId, RoomId, Scope, UserId
from copp_bot.core.matrix.port import Membership
from copp_bot.core.reply import Reply
from copp_bot.core.store import people as people_store
from copp_bot.core.talk import Talk
from copp_bot.features.stewards import events, service, store, unheard
from copp_bot.features.stewards.commands import Handlers
from copp_bot.features.stewards.jobs import Unheard
from tests.features.small_house import BOT, NOW, SmallHouse, user

COMMUNITY, RHYTHM, HUSH = "community", "group:rhythm", "group:hush"
HOUR = timedelta(hours=1)


def come(house: SmallHouse, name: str, key: str = "reception") -> UserId:
    """Somebody comes for the first time."""
    who = user(name)
    people_store.ensure(house.session, who, house.effects.now).display_name = name.title()
    house.membership(who, key)
    event = Membership(EventId("$join"), RoomId(f"!{key}"), who, house.effects.now, who, "join", was="leave")
    unheard.came(house.effects, house.place(key), event, BOT)
    return who


def say(
    house: SmallHouse,
    who: UserId,
    event: str,
    *,
    key: str = "reception",
    answers: tuple[str, ...] = (),
    mentions: tuple[UserId, ...] = (),
) -> None:
    """Somebody speaks."""
    replied = tuple(EventId(one) for one in answers)
    talk = Talk(EventId(event), RoomId(f"!{key}"), who, house.effects.now, replied, mentions)
    unheard.said(house.effects, house.place(key), talk)


def steward(house: SmallHouse, name: str, scope: str = COMMUNITY, *, there: bool = True) -> UserId:
    """A steward, on duty or away."""
    groups = [scope.removeprefix("group:")] if scope != COMMUNITY else []
    who = house.member(name, *groups, roles=(("steward", scope),))
    if there:
        service.start(house.effects, who, Scope(scope), None)
    return who


def run_job(house: SmallHouse, after: timedelta) -> list[tuple[str, Reply]]:
    """What the job says after this time."""
    house.effects.now += after
    before = len(house.effects.sent)
    Unheard(house.core)(house.effects, house.effects.now)
    return list(house.effects.sent[before:])


def asked(said: list[tuple[str, Reply]]) -> list[str]:
    """Who of them was asked about a first post."""
    return [str(target) for target, reply in said if "nobody has answered" in reply.plain]


@pytest.mark.parametrize(
    ("who", "answers", "mentions", "is_answer"),
    [
        ("lucia", ("$first",), (), True),
        ("lucia", (), ("noor",), True),
        ("noor", ("$first",), (), False),
        ("noor", (), ("noor",), False),
        ("lucia", ("$another",), (), False),
        ("lucia", (), ("petra",), False),
        ("lucia", (), (), False),
    ],
)
def test_what_answers_a_first_post(
    house: SmallHouse, who: str, answers: tuple[str, ...], mentions: tuple[str, ...], is_answer: bool
) -> None:
    noor = come(house, "noor")
    say(house, noor, "$first")
    house.effects.now += HOUR
    say(house, user(who), "$second", answers=answers, mentions=tuple(user(name) for name in mentions))
    assert [one.user_id for one in unheard.waiting(house.session)] == ([] if is_answer else [noor])


def test_a_mention_before_the_first_post_answers_nothing(house: SmallHouse) -> None:
    noor = come(house, "noor")
    say(house, user("lucia"), "$hello", mentions=(noor,))
    say(house, noor, "$first")
    assert [one.event_id for one in unheard.waiting(house.session)] == ["$first"]


def test_only_the_first_post_of_someone_new_is_waited_for(house: SmallHouse) -> None:
    noor, old = come(house, "noor"), house.member("old")
    say(house, noor, "$first")
    say(house, noor, "$second", key="coffee-shop")
    say(house, old, "$chat")
    assert [(one.user_id, one.event_id) for one in unheard.waiting(house.session)] == [(noor, "$first")]


def test_who_comes_back_or_serves_is_not_new(house: SmallHouse) -> None:
    noor = come(house, "noor")
    say(house, noor, "$first")
    say(house, user("lucia"), "$reply", answers=("$first",))
    come(house, "noor", "root")
    house.grant(user("matteo"), "steward", COMMUNITY)
    come(house, "matteo", "root")
    assert store.newcomer(house.session, user("matteo")) is None
    assert unheard.waiting(house.session) == ()


def test_a_first_post_that_was_taken_back_waits_for_nobody(house: SmallHouse) -> None:
    noor = come(house, "noor")
    say(house, noor, "$first")
    events.redacted(house.effects, EventId("$first"))
    assert unheard.waiting(house.session) == ()
    say(house, noor, "$anew")
    assert [one.event_id for one in unheard.waiting(house.session)] == ["$anew"]


def test_the_steward_on_duty_is_asked_once_and_later_a_second_one(house: SmallHouse) -> None:
    matteo, second, away = steward(house, "matteo"), steward(house, "second"), steward(house, "away", there=False)
    noor = come(house, "noor")
    run_job(house, timedelta())
    mine = store.newcomer(house.session, noor)
    assert mine is not None and mine.steward in (matteo, second)
    other = second if mine.steward == matteo else matteo
    say(house, noor, "$first")
    assert asked(run_job(house, 11 * HOUR)) == []
    assert asked(run_job(house, 1 * HOUR)) == [mine.steward]
    assert asked(run_job(house, 23 * HOUR)) == []
    assert asked(run_job(house, 1 * HOUR)) == [other]
    assert asked(run_job(house, 100 * HOUR)) == []
    assert away not in (mine.steward, other)


def test_an_answer_in_time_asks_nobody(house: SmallHouse) -> None:
    steward(house, "matteo")
    say(house, come(house, "noor"), "$first")
    house.effects.now += HOUR
    say(house, user("lucia"), "$reply", answers=("$first",))
    assert asked(run_job(house, 20 * HOUR)) == []
    assert unheard.heard(house.session, house.effects.now) == unheard.Heard(1, 1, 1.0)


def test_where_nobody_is_on_duty_the_stewards_room_is_asked(house: SmallHouse) -> None:
    steward(house, "away", there=False)
    say(house, come(house, "noor"), "$first")
    assert asked(run_job(house, 13 * HOUR)) == ["!stewards"]


@pytest.mark.parametrize(("serves", "expected"), [(True, ["@aino:example.org"]), (False, ["@birgit:example.org"])])
def test_a_groups_posts_are_spoken_of_with_those_who_are_in_it(
    house: SmallHouse, serves: bool, expected: list[str]
) -> None:
    """Also where nobody is on duty there; the community's steward on duty hears nothing of it."""
    matteo = steward(house, "matteo")
    house.member("birgit", "hush", roles=(("lead_steward", COMMUNITY),))
    if serves:
        steward(house, "aino", HUSH, there=False)
    noor = come(house, "noor", "root")
    house.membership(noor, "hush/home")
    say(house, noor, "$first", key="hush/home")
    assert asked(run_job(house, 13 * HOUR)) == expected
    run = Handlers(house.core.rooms)
    for who, where, knows in (
        (matteo, "direct", False),
        (UserId(expected[0]), "direct", True),
        (matteo, "stewards", False),
    ):
        said = run.unheard(house.context(who, where), Args()).plain
        assert ("Noor" in said) is knows


def test_who_has_left_the_room_waits_no_more(house: SmallHouse) -> None:
    steward(house, "matteo")
    noor = come(house, "noor")
    say(house, noor, "$first")
    house.membership(noor, "reception", "leave")
    assert asked(run_job(house, 13 * HOUR)) == []


def test_newcomers_are_shared_out(house: SmallHouse) -> None:
    """To those who serve, by language first, then evenly; those who lead are asked where nobody else serves."""
    spanish, other = steward(house, "spanish"), steward(house, "other")
    house.member("birgit", roles=(("lead_steward", COMMUNITY),))
    people_store.ensure(house.session, spanish, NOW).language = "es"
    lucia = come(house, "lucia")
    people_store.ensure(house.session, lucia, NOW).language = "es"
    for number in range(3):
        come(house, f"new{number}")
    said = dict(run_job(house, timedelta(minutes=15)))
    assert set(said) == {spanish, other}
    assert "Lucia" in said[spanish].plain
    care = store.in_care(house.session, NOW - timedelta(days=1))
    assert care == {spanish: 2, other: 2}
    assert run_job(house, timedelta(minutes=15)) == []


def test_a_thousand_newcomers_are_one_message_to_each_steward(house: SmallHouse) -> None:
    stewards = [steward(house, f"steward{number}") for number in range(3)]
    for number in range(1_000):
        come(house, f"new{number}")
    said = run_job(house, timedelta())
    assert sorted(str(target) for target, _reply in said) == sorted(stewards)
    assert all("more" in reply.plain and not reply.options for _target, reply in said)


def test_newcomers_in_words(house: SmallHouse) -> None:
    matteo = steward(house, "matteo")
    heard, silent, gone = come(house, "heard"), come(house, "silent", "root"), come(house, "gone")
    run_job(house, timedelta())
    say(house, heard, "$first")
    house.effects.now += 3 * HOUR
    say(house, matteo, "$reply", answers=("$first",))
    house.membership(gone, "reception", "leave")
    said = Handlers(house.core.rooms).welcome(house.context(matteo), Args()).plain.split("\n")
    assert sorted(said) == [
        "Heard – waits in Reception · came 3 hours ago · looked after by Matteo · was answered after 3 hours",
        "Silent – member · came 3 hours ago · looked after by Matteo · has not written yet",
    ]
    assert silent


def test_late_answers_and_none_are_counted_as_they_are(house: SmallHouse) -> None:
    for name, after in (("quick", 2), ("slow", 60), ("never", None), ("fresh", None)):
        house.effects.now = NOW + (timedelta(hours=50) if name == "fresh" else timedelta())
        say(house, come(house, name), f"${name}")
        if after is not None:
            house.effects.now = NOW + timedelta(hours=after)
            say(house, user("lucia"), f"$to-{name}", answers=(f"${name}",))
    assert unheard.heard(house.session, NOW + timedelta(hours=61)) == unheard.Heard(3, 1, 31.0)
