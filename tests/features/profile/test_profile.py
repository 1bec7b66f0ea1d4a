"""Profiles: what people may set, and what others learn of them."""

import pytest
from sqlmodel import Session

from copp_bot.core.commands.declare import Args
from copp_bot.core.errors import UserError
from copp_bot.core.ids import UserId
from copp_bot.core.languages import find_language
from copp_bot.features.profile import service
from copp_bot.features.profile.commands import Handlers
from copp_bot.features.profile.zones import find_zones, is_exact
from storage.tables.items import ItemRow
from tests.features.small_house import BOT, NOW, SmallHouse, declared, user


@pytest.fixture
def run() -> Handlers:
    """The commands."""
    return Handlers(declared().directory(), BOT)


def interests(house: SmallHouse, who: UserId, words: str) -> tuple[str, ...]:
    """Set someone's interests."""
    return service.set_interests(house.effects, who, words)


def item(session: Session, number: int, author: UserId, audience: str) -> None:
    """Something shared."""
    session.add(
        ItemRow(
            number=number, kind="library", scope="community", audience=audience, author=author,
            title=f"T{number}", created_at=NOW, updated_at=NOW,
        )
    )  # fmt: skip
    session.flush()


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("fr", "fr"), ("FR", "fr"), ("fr-CA", "fr"), ("pt_BR", "pt"), ("French", "fr"), ("français", "fr"),
        ("FRANCAIS", "fr"), ("Deutsch", "de"), ("ελληνικά", "el"), (" norsk ", "no"), ("Norwegian", "no"),
    ],
)  # fmt: skip
def test_languages_by_code_and_name(said: str, code: str) -> None:
    """In English, in themselves, with or without accents."""
    assert find_language(said) == code


@pytest.mark.parametrize("said", ["", "xx", "tlh", "klingon", "x" * 10_000, "\u202efr\u202c", "🙂"])
def test_what_is_no_language(said: str) -> None:
    """A sentence with an example, and never the whole of a long text."""
    with pytest.raises(UserError) as caught:
        find_language(said)
    assert "!me language" in caught.value.sentence and len(caught.value.sentence) < 300


def test_a_near_language_is_suggested() -> None:
    """With the command to copy."""
    with pytest.raises(UserError, match="!me language de"):
        find_language("deutch")


@pytest.mark.parametrize(
    ("said", "zones"),
    [
        ("Europe/Paris", ("Europe/Paris",)),
        ("europe/paris", ("Europe/Paris",)),
        ("Paris", ("Europe/Paris",)),
        ("new york", ("America/New_York",)),
        ("São Paulo", ("America/Sao_Paulo",)),
        ("Istanbul", ("Asia/Istanbul", "Europe/Istanbul")),
        ("UTC", ("UTC",)),
        ("Pariss", ("Europe/Paris",)),
        ("Atlantis", ()),
        ("", ()),
        ("../../etc/passwd", ()),
        ("x" * 10_000, ()),
    ],
)
def test_zones(said: str, zones: tuple[str, ...]) -> None:
    """By name, by city, or nearly so."""
    assert find_zones(said) == zones


def test_near_is_not_meant() -> None:
    """What is only spelled nearly so is asked about, not set."""
    assert is_exact("paris", "Europe/Paris") and not is_exact("Pariss", "Europe/Paris")


def test_an_ambiguous_zone_is_asked_about(house: SmallHouse, run: Handlers) -> None:
    """Nothing is set; the numbers stand for full names, which are clear."""
    anna = house.member("anna")
    reply = run.timezone(house.context(anna), Args({"zone": "istanbul"}))
    assert reply.choices == ("me timezone Asia/Istanbul", "me timezone Europe/Istanbul")
    assert service.profile(house.session, anna).timezone is None
    reply = run.timezone(house.context(anna), Args({"zone": "Asia/Istanbul"}))
    assert service.profile(house.session, anna).timezone == "Asia/Istanbul"
    assert "15:00" in reply.plain


@pytest.mark.parametrize(
    ("said", "stored"),
    [
        ("drama, assessment", ("assessment", "drama")),
        ("Drama; drama\nDRAMA", ("Drama",)),
        ("  #rhythm ,, \u202eslam ", ("rhythm", "slam")),
        ("none", ()),
    ],
)
def test_interests(house: SmallHouse, said: str, stored: tuple[str, ...]) -> None:
    """As typed, once each, without what cannot be seen."""
    assert interests(house, user("anna"), said) == stored


@pytest.mark.parametrize("said", ["", ",;,", "x" * 61, ",".join(str(number) for number in range(21))])
def test_bad_interests(house: SmallHouse, said: str) -> None:
    """Refused with a sentence; the earlier ones stay."""
    interests(house, user("anna"), "drama")
    with pytest.raises(UserError):
        interests(house, user("anna"), said)
    assert service.profile(house.session, user("anna")).interests == ("drama",)


def test_find_by_interest(house: SmallHouse) -> None:
    """Findable members alone, by folded words, without the one who asks."""
    for name, words in {"anna": "drama", "bea": "Théâtre, drama in class", "carl": "Drama"}.items():
        interests(house, house.member(name), words)
    service.set_findable(house.effects, user("carl"), False)
    interests(house, house.newcomer("nora"), "drama")
    found = service.find(house.session, house.viewer(user("anna")), "DRAMA", BOT)
    assert [one.user_id for one in found] == [user("bea")]
    assert found[0].interests == ("drama in class", "Théâtre")
    assert service.find(house.session, house.viewer(user("anna")), "theatre", BOT)
    assert not service.find(house.session, house.viewer(user("anna")), "dram", BOT)
    assert not service.find(house.session, house.viewer(user("anna")), "%", BOT)


def test_find_names_are_capped(house: SmallHouse) -> None:
    """A popular interest does not list everybody."""
    for number in range(service.MOST_FOUND + 5):
        interests(house, house.member(f"p{number}"), "drama")
    found = service.find(house.session, house.viewer(house.member("anna")), "drama", BOT)
    assert len(found) == service.MOST_FOUND


def test_who_answers_alike_of_whom_nothing_may_be_told(house: SmallHouse, run: Handlers) -> None:
    """Unfindable, newcomer, unknown, elsewhere, the bot: the same words."""
    anna = house.member("anna")
    service.set_findable(house.effects, house.member("carl"), False)
    house.newcomer("nora")
    people = [user("carl"), user("nora"), user("nobody"), UserId("@x:elsewhere.org"), BOT]
    ctx = house.context(anna)
    answers = {run.who(ctx, Args({"user": who})).plain.replace(who, "X") for who in people}
    assert len(answers) == 1


def test_who_names_what_is_shared_alone(house: SmallHouse, run: Handlers) -> None:
    """No draft, no journal, no comment, also not to oneself; as many as a room takes."""
    anna = house.member("anna")
    for number in range(1001, 1021):
        item(house.session, number, anna, "community")
    for number, kind in ((1031, "journal"), (1032, "comment"), (1033, "blog")):
        item(house.session, number, anna, f"private:{anna}" if kind != "comment" else "community")
        house.session.get_one(ItemRow, 21 + number - 1031).kind = kind
    house.session.flush()
    reply = run.who(house.context(anna), Args())
    assert "T103" not in reply.plain and len(reply.choices) == service.SHARED_IN_DIRECT
    assert reply.choices[0] == "library show L1020"
    assert len(run.who(house.context(anna, "coffee-shop"), Args()).lines) <= 8


def test_who_shows_what_may_be_read_here(house: SmallHouse, run: Handlers) -> None:
    """The same question shows the group's things in the group's room only, and none of another group."""
    anna, bea = house.member("anna", "rhythm"), house.member("bea", "rhythm", "archive")
    for number, audience in ((1001, "community"), (1002, "group:rhythm"), (1003, "group:archive")):
        item(house.session, number, bea, audience)
    args = Args({"user": bea})
    assert run.who(house.context(anna, "rhythm/home"), args).plain.count("T1") == 2
    assert run.who(house.context(anna, "coffee-shop"), args).plain.count("T1") == 1
    assert run.who(house.context(anna), args).plain.count("T1") == 2
    assert len(run.who(house.context(anna, "rhythm/home"), args).items) == 2


@pytest.mark.parametrize("where", ["reception", "coffee-shop"])
def test_where_others_than_members_read_the_answer_is_private(house: SmallHouse, run: Handlers, where: str) -> None:
    """Reception is read by newcomers, the Coffee shop is not."""
    anna, bea = house.member("anna"), house.member("bea")
    interests(house, bea, "drama")
    is_private = where == "reception"
    assert run.find(house.context(anna, where), Args({"interest": "drama"})).private is is_private
    assert run.who(house.context(anna, where), Args({"user": bea})).private is is_private


def test_a_stranger_in_the_room_makes_it_private(house: SmallHouse, run: Handlers) -> None:
    """Somebody who is no member any more is still in the Coffee shop."""
    anna, bea = house.member("anna"), house.member("bea")
    house.membership(house.member("ex"), "root", "leave")
    assert run.who(house.context(anna, "coffee-shop"), Args({"user": bea})).private


def test_me_is_always_private(house: SmallHouse, run: Handlers) -> None:
    """What is mine is shown to me."""
    anna = house.member("anna", "rhythm", roles=(("steward", "group:rhythm"),))
    reply = run.me(house.context(anna, "coffee-shop"), Args())
    assert reply.private
    assert "steward in Rhythm and language" in reply.plain and "Anna" in reply.plain
