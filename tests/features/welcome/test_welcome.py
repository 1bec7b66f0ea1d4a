"""Greeting: one message for all, once for ever."""

from datetime import timedelta

import pytest

from copp_bot.core.ids import UserId
from copp_bot.core.store import people as people_store
from copp_bot.features.welcome.jobs import Welcome
from copp_bot.features.welcome.render import MOST_NAMES
from storage.tables.stewards import DutyRow
from tests.features.small_house import NOW, SmallHouse


def greet(house: SmallHouse) -> None:
    """One run of the job."""
    Welcome(house.core)(house.effects, NOW)


def test_one_message_for_all(house: SmallHouse) -> None:
    """Mentions them, says the declared text, and puts who waits before the stewards."""
    nora, petra, anna = house.newcomer("nora"), house.newcomer("petra"), house.newcomer("anna")
    house.now += timedelta(minutes=1)
    house.membership(anna, "root")  # let in already
    greet(house)
    (greeting,) = house.sent_to("!reception")
    assert set(greeting.mentions) == {nora, petra, anna} and not greeting.notice
    assert greeting.plain.startswith("Hello ") and "!help" in greeting.plain
    (card,) = house.sent_to("!stewards")
    assert [option.command for option in card.options] == [f"group invite {nora} {petra} community"]
    assert "Anna" not in card.plain


def test_it_is_signed_by_who_is_on_duty_never_by_who_is_away(house: SmallHouse) -> None:
    matteo = house.member("matteo", roles=(("steward", "community"),))
    for name, ended in (("away", NOW), ("matteo", None)):
        row = DutyRow(user_id=f"@{name}:example.org", scope="community", since=NOW, ended_at=ended)
        house.session.add(row)
    house.session.flush()
    house.newcomer("nora")
    greet(house)
    (greeting,) = house.sent_to("!reception")
    assert greeting.plain.endswith("Matteo is on duty and glad to help.")
    assert matteo not in greeting.mentions


def test_who_was_in_before_is_not_greeted(house: SmallHouse) -> None:
    """Nobody has to let them in."""
    house.member("anna")
    greet(house)
    assert house.effects.sent == []


def test_not_again(house: SmallHouse) -> None:
    """Not on the next run, not after leaving and coming back."""
    nora = house.newcomer("nora")
    greet(house)
    house.membership(nora, "reception", "leave")
    greet(house)
    house.membership(nora, "reception")
    greet(house)
    assert len(house.sent_to("!reception")) == 1


@pytest.mark.parametrize(("role", "scope"), [("steward", "community"), ("steward", "group:rhythm"),
                                             ("secretariat", "community")])  # fmt: skip
def test_who_looks_after_others_is_not_greeted(house: SmallHouse, role: str, scope: str) -> None:
    """Nor is the bot, which is in every room."""
    house.member("stella", "rhythm", roles=((role, scope),))
    greet(house)
    assert house.effects.sent == []


@pytest.mark.parametrize("membership", ["invite", "ban", "join"])
def test_who_needs_no_steward_is_not_on_the_card(house: SmallHouse, membership: str) -> None:
    """Invited, banned or in."""
    nora = house.newcomer("nora")
    house.now += timedelta(minutes=1)
    house.membership(nora, "root", membership)
    greet(house)
    assert house.sent_to("!reception") and not house.sent_to("!stewards")


def test_who_has_left_before_the_run_is_not_greeted(house: SmallHouse) -> None:
    """But is when they come back."""
    nora = house.newcomer("nora")
    house.membership(nora, "reception", "leave")
    greet(house)
    assert house.effects.sent == []
    house.membership(nora, "reception")
    greet(house)
    assert len(house.sent_to("!reception")) == 1


def test_a_crowd_is_counted(house: SmallHouse) -> None:
    """Twenty names, the others as a number; all are greeted."""
    people: list[UserId] = [house.newcomer(f"p{number:02}") for number in range(MOST_NAMES + 5)]
    greet(house)
    (greeting,) = house.sent_to("!reception")
    assert "and 5 more!" in greeting.plain and greeting.mentions == tuple(people[:MOST_NAMES])
    greet(house)
    assert len(house.sent_to("!reception")) == 1


def test_a_name_is_never_markup(house: SmallHouse) -> None:
    """Whatever someone calls themselves."""
    people_store.ensure(house.session, house.newcomer("nora"), NOW).display_name = "<img src=x>\u202e@room"
    house.session.flush()
    greet(house)
    assert "<img" not in house.sent_to("!reception")[0].html and "\u202e" not in house.sent_to("!reception")[0].plain
