"""Who gets a case, who may see it, and that nobody learns who has reported."""

from dataclasses import replace
from datetime import timedelta

import pytest

from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.ids import EventId, UserId
from copp_bot.features.cases import routing, service, store
from copp_bot.features.cases.commands import Handlers
from copp_bot.features.cases.events import Redacted
from copp_bot.features.cases.jobs import Reminders
from copp_bot.features.cases.service import Reported
from copp_bot.features.cases.store import CaseRow
from copp_bot.features.cases.tasks import Opening
from tests.features.small_house import SmallHouse, user

COMMUNITY, RHYTHM = "community", "group:rhythm"
WORDS = "something <b>hurtful</b>"


@pytest.fixture
def run(house: SmallHouse) -> Handlers:
    """The commands, with people of every kind in the community."""
    for name in ("lucia", "goran", "zofia"):
        house.member(name, "rhythm")
    for name, role, scope, groups in (
        ("matteo", "steward", COMMUNITY, ()),
        ("teresa", "steward", COMMUNITY, ("rhythm",)),
        ("aino", "steward", RHYTHM, ("rhythm",)),
        ("birgit", "lead_steward", COMMUNITY, ("rhythm",)),
        ("odile", "secretariat", COMMUNITY, ("rhythm",)),
        ("hedda", "secretariat", COMMUNITY, ("rhythm",)),
    ):
        house.member(name, *groups, roles=((role, scope),))
        for key in {"steward": ("stewards",), "lead_steward": ("stewards",)}.get(role, ("stewards", "secretariat")):
            house.membership(user(name), key)
    return Handlers(house.core)


def replying(ctx: Context, event: str = "$bad") -> Context:
    """The same person, as a reply to a message."""
    return replace(ctx, message=replace(ctx.message, reply_to=EventId(event)))


def report(house: SmallHouse, run: Handlers, by: str, where: str, about: str, kind: str = "report") -> CaseRow:
    """A message of ``about`` is reported, and the homeserver still has it."""
    ctx = replying(house.context(user(by), where))
    run.report(ctx, Args({"reason": "It hurts."}))
    return desked(house, about)


def desked(house: SmallHouse, about: str | None = None) -> CaseRow:
    """The newest case after its task has run."""
    case = store.open_cases(house.session)[-1]
    reported = Reported(user(about), WORDS) if about else None
    Opening(house.core).done(house.effects, payload={"case": case.id}, reported=reported)
    return case


@pytest.mark.parametrize(
    ("where", "about", "by", "expected"),
    [
        ("coffee-shop", "goran", "lucia", ["!stewards"]),
        ("rhythm/home", "goran", "lucia", ["@aino:example.org"]),
        ("rhythm/home", "aino", "lucia", ["@matteo:example.org"]),
        ("coffee-shop", "aino", "lucia", ["@matteo:example.org"]),
        ("coffee-shop", "matteo", "lucia", ["@birgit:example.org"]),
        ("coffee-shop", "matteo", "birgit", ["@hedda:example.org", "@odile:example.org"]),
        ("coffee-shop", "birgit", "lucia", ["!secretariat"]),
        ("coffee-shop", "odile", "lucia", ["@hedda:example.org"]),
        ("rhythm/home", "goran", "aino", ["@birgit:example.org"]),
    ],
)
def test_who_gets_a_report(
    house: SmallHouse, run: Handlers, where: str, about: str, by: str, expected: list[str]
) -> None:
    case = report(house, run, by, where, about)
    assert sorted(case.cards) == expected
    assert user(about) not in case.cards and user(by) not in case.cards


@pytest.mark.parametrize("about", ["goran", "aino", "matteo", "birgit", "odile"])
def test_nobody_learns_who_reported_and_whom_it_concerns_sees_nothing(
    house: SmallHouse, run: Handlers, about: str
) -> None:
    case = report(house, run, "lucia", "rhythm/home", about)
    cards = [reply for target, reply in house.effects.sent if target != user("lucia")]
    assert cards and not any("ucia" in reply.plain + reply.html for reply in cards)
    with pytest.raises((NotFound, UserError)):
        service.find(house.session, house.core.policy, house.viewer(user(about)), case.number)
    if house.viewer(user(about)).grants:
        assert f"C{case.number}" not in run.cases(house.context(user(about)), Args()).plain


def test_a_steward_outside_the_group_sees_the_message_alone(house: SmallHouse, run: Handlers) -> None:
    """Not the room's name, nor a link that they could not open."""
    report(house, run, "lucia", "rhythm/home", "aino")
    (card,) = house.sent_to(user("matteo"))
    assert "“something <b>hurtful</b>”" in card.plain and "<b>" not in card.html
    assert "rhythm" not in card.plain.lower() and "matrix.to/#/!" not in card.html


def test_it_is_told_nowhere_in_the_room(house: SmallHouse, run: Handlers) -> None:
    """Also when it is refused."""
    ctx = replying(house.context(user("lucia"), "coffee-shop"))
    for _time in range(2):
        assert run.report(ctx, Args({})) is None
    assert house.effects.redactions == [ctx.message.event_id] * 2
    assert house.sent_to("!coffee-shop") == []
    first, second = house.sent_to(user("lucia"))
    assert "thank you" in first.plain and "reported that already" in second.plain


def test_the_quote_goes_with_the_message_and_when_the_case_is_taken(house: SmallHouse, run: Handlers) -> None:
    case = report(house, run, "lucia", "coffee-shop", "goran")
    assert "hurtful" in house.sent_to("!stewards")[0].plain
    Redacted(house.core)(house.effects, EventId("$bad"))
    run.case(house.context(user("matteo"), "stewards"), Args({"case": case.number, "act": "take"}))
    assert len(house.effects.edits) == 2
    assert not any("hurtful" in reply.plain for _txn, reply in house.effects.edits)
    assert "Looked after by Matteo" in house.effects.edits[-1][1].plain


def test_who_takes_a_report_back_takes_its_words_along_and_the_case_stands(house: SmallHouse, run: Handlers) -> None:
    ctx = house.context(user("lucia"))
    run.report(ctx, Args({"reason": "Too many words."}))
    case = desked(house)
    Redacted(house.core)(house.effects, ctx.message.event_id)
    house.session.refresh(case)
    assert (case.reason, case.cards, case.closed_at) == ("", {}, None)
    run.case(house.context(user("matteo"), "stewards"), Args({"case": case.number, "act": "take"}))
    assert house.effects.edits == []


def test_who_may_look_at_what(house: SmallHouse, run: Handlers) -> None:
    """What one may not see is answered like what is not there."""
    number = report(house, run, "lucia", "rhythm/home", "goran").number
    sees = {"aino": True, "birgit": True, "odile": True, "matteo": False, "teresa": False}
    for name, may in sees.items():
        viewer = house.viewer(user(name))
        if may:
            assert service.find(house.session, house.core.policy, viewer, number).number == number
            continue
        with pytest.raises(NotFound) as hidden:
            service.find(house.session, house.core.policy, viewer, number)
        with pytest.raises(NotFound) as missing:
            service.find(house.session, house.core.policy, viewer, 999)
        assert str(hidden.value).replace(str(number), "N") == str(missing.value).replace("999", "N")


def test_whom_a_case_is_about_or_against_and_who_has_lost_the_role_see_nothing(
    house: SmallHouse, run: Handlers
) -> None:
    case, policy = report(house, run, "lucia", "rhythm/home", "goran"), house.core.policy
    birgit, matteo, goran = (house.viewer(user(name)) for name in ("birgit", "matteo", "goran"))
    assert routing.may_see(policy, birgit, case)
    case.against = birgit.user_id
    assert not routing.may_see(policy, birgit, case)
    case.against, case.about = None, birgit.user_id
    assert not routing.may_see(policy, birgit, case)
    case.about = None
    for viewer, may in ((matteo, True), (goran, False)):
        case.desk = f"{routing.PERSON}{viewer.user_id}"
        assert routing.may_see(policy, viewer, case) is may


def test_a_closed_case_is_told_and_can_be_appealed_to_somebody_else(house: SmallHouse, run: Handlers) -> None:
    case = report(house, run, "lucia", "coffee-shop", "goran")
    matteo = house.context(user("matteo"), "stewards")
    run.case(matteo, Args({"case": case.number, "act": "close", "text": "We have talked."}))
    assert "We have talked." in house.sent_to(user("lucia"))[-1].plain
    with pytest.raises(UserError, match="closed already"):
        run.case(matteo, Args({"case": case.number, "act": "take"}))
    run.appeal(house.context(user("lucia")), Args({"text": "Not enough."}))
    appeal = desked(house)
    assert list(appeal.cards) == [user("birgit")]
    assert not routing.may_see(house.core.policy, house.viewer(user("matteo")), appeal)


def test_an_appeal_against_the_lead_goes_to_the_secretariat(house: SmallHouse, run: Handlers) -> None:
    case = report(house, run, "lucia", "coffee-shop", "matteo")
    close = Args({"case": case.number, "act": "close", "text": "Done."})
    run.case(house.context(user("birgit")), close)
    run.appeal(house.context(user("lucia")), Args({"text": "No."}))
    assert list(desked(house).cards) == ["!secretariat"]


def test_there_is_an_end_to_appeals(house: SmallHouse, run: Handlers) -> None:
    lucia = house.context(user("lucia"))
    assert "Nothing was decided" in (run.appeal(lucia, Args({"text": "Why?"})) or run.cases(lucia, Args())).plain
    case = report(house, run, "lucia", "coffee-shop", "goran")
    run.case(house.context(user("matteo")), Args({"case": case.number, "act": "close", "text": "Done."}))
    house.effects.now += timedelta(days=31)
    with pytest.raises(UserError, match="Nothing was decided"):
        service.appeal(house.context(user("lucia")), "Late.")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Answer the message with !report"),
        ({"user": user("lucia")}, "That is you yourself"),
        ({"reason": "x" * 4_001}, "at most 4000"),
    ],
)
def test_what_is_no_report(house: SmallHouse, run: Handlers, values: dict[str, object], words: str) -> None:
    reply = run.report(house.context(user("lucia")), Args(values))
    assert reply is not None and words in reply.plain
    assert store.open_cases(house.session) == []


def test_one_person_cannot_bury_the_stewards(house: SmallHouse, run: Handlers) -> None:
    lucia = house.context(user("lucia"))
    for number in range(21):
        reply = run.support(lucia, Args({"text": f"help {number}"}))
    assert reply is not None and "20 cases open already" in reply.plain
    assert len(store.open_cases(house.session)) == 20


def test_a_case_that_nobody_touches_is_called_to_mind_once_a_day(house: SmallHouse, run: Handlers) -> None:
    case = report(house, run, "lucia", "coffee-shop", "goran")

    def reminded(after: timedelta) -> list[str]:
        house.effects.now += after
        before = len(house.effects.sent)
        Reminders(house.core)(house.effects, house.effects.now)
        return [str(target) for target, _reply in house.effects.sent[before:]]

    assert reminded(timedelta(hours=23)) == []
    assert reminded(timedelta(hours=1)) == ["!stewards"]
    assert reminded(timedelta(hours=23)) == []
    run.case(house.context(user("matteo")), Args({"case": case.number, "act": "take"}))
    assert reminded(timedelta(hours=1)) == [user("matteo")]
    house.membership(user("matteo"), "root", "leave")
    assert reminded(timedelta(hours=24)) == ["!stewards"]
    run.case(house.context(user("birgit")), Args({"case": case.number, "act": "close", "text": "Done."}))
    assert reminded(timedelta(days=9)) == []


def test_forgetting_leaves_no_name(house: SmallHouse, run: Handlers) -> None:
    case = report(house, run, "lucia", "coffee-shop", "goran")
    run.case(house.context(user("matteo")), Args({"case": case.number, "act": "take"}))
    service.forget(house.effects, UserId(user("goran")))
    service.forget(house.effects, UserId(user("matteo")))
    (kept,) = store.open_cases(house.session)
    house.session.refresh(kept)
    assert (kept.about, kept.owner) == (None, None)
    service.forget(house.effects, UserId(user("lucia")))
    assert store.open_cases(house.session) == []
