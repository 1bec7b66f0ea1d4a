"""The trail as sentences, with people by today's mapping."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

import copp_bot
from copp_bot.core.commands.declare import Args
from copp_bot.core.ids import COMMUNITY, Scope, UserId
from copp_bot.core.store import audit as audit_store
from copp_bot.features.audit.commands import Handlers
from copp_bot.features.audit.render import ACTIONS, MOST_LINES
from storage.tables.people import PersonRow
from tests.features.small_house import NOW, SmallHouse, declared, user


def note(
    house: SmallHouse, action: str, actor: UserId | None, target: UserId | None, scope: str = COMMUNITY, at: int = 0
) -> None:
    """An entry, so many minutes after now."""
    after = {"role": "steward", "until": "2027-01-31T23:00:00+00:00"} if action.startswith("role.") else {"x": "1"}
    moment = NOW + timedelta(minutes=at)
    audit_store.add(house.session, moment, action, Scope(scope), actor, target, (None, after), "$cause")
    house.session.flush()


def trail(house: SmallHouse, who: UserId | None = None, **options: str) -> list[str]:
    """What the Secretariat reads."""
    args = Args({"user": who}, options)
    reply = Handlers(declared().directory()).audit(house.context(house.member("sara")), args)
    assert reply.private
    return reply.plain.split("\n")


def test_sentences(house: SmallHouse) -> None:
    """Newest first, on the reader's clock, people by name."""
    anna, lea = house.member("anna"), house.member("lea")
    note(house, "role.granted", lea, anna, "group:rhythm")
    note(house, "role.ended", None, anna, at=1)
    note(house, "polls.opened", lea, None, at=2)
    assert trail(house) == [
        "25 Nov 2026, 13:02 · Lea · polls.opened · the community: x=1",
        "25 Nov 2026, 13:01 · the role steward of Anna in the community came to its end",
        "25 Nov 2026, 13:00 · Lea made Anna steward in Rhythm and language until 31 Jan 2027",
    ]


def test_every_act_has_a_sentence() -> None:
    """Nobody is shown the name of an event type or a room id."""
    sources = "\n".join(path.read_text() for path in Path(copp_bot.__file__).parent.rglob("*.py"))
    acts = set(re.findall(r"(?:\.audit|leave_trace)\([^\"()]*\"([a-z_.]+)\"", sources))
    assert len(acts) > 20 and acts <= set(ACTIONS)
    assert {f"{kind}.withdraw" for kind in ("blog", "comment", "journal", "library", "meeting")} <= set(ACTIONS)


def test_the_forgotten_stay_unnamed(house: SmallHouse) -> None:
    """Their number means nobody any more."""
    house.member("sara")
    anna = house.member("anna")
    note(house, "group.left", anna, None, "group:rhythm")
    house.session.delete(house.session.exec(select(PersonRow).where(PersonRow.user_id == anna)).one())
    house.session.flush()
    assert trail(house)[0].endswith("someone since forgotten left Rhythm and language")


def test_of_one_person(house: SmallHouse) -> None:
    """What they did and what was done to them; of a stranger as of one without entries."""
    anna, bea, carl = house.member("anna"), house.member("bea"), house.member("carl")
    note(house, "role.revoked", anna, bea)
    note(house, "role.revoked", bea, carl)
    assert (len(trail(house, anna)), len(trail(house, bea))) == (1, 2)
    assert trail(house, user("nobody")) == trail(house, house.member("dora")) == ["There is nothing in the trail."]


def test_what_repeats_is_one_line(house: SmallHouse) -> None:
    """So that the rooms of one person do not hide the rest."""
    anna = house.member("anna")
    note(house, "role.revoked", anna, anna)
    for minute in range(50):
        note(house, "rooms.brought", None, anna, at=minute)
    assert len(trail(house)) == 2 and trail(house)[0].endswith("(50 times)")


def test_at_most_so_many_lines_on_a_page(house: SmallHouse) -> None:
    """The newest first, and the way to the older ones."""
    for number in range(MOST_LINES + 5):
        note(house, "group.left", house.member(f"p{number}"), None, "group:rhythm", at=number)
    first, second = trail(house), trail(house, page="2")
    assert (len(first), first[-1]) == (MOST_LINES + 1, "Older: !audit page:2")
    assert len(second) == 5 and not set(first) & set(second)
    assert trail(house, page="3") == ["There is nothing older."]
    assert trail(house, user("p1"), page="2") == ["There is nothing older."]


@pytest.mark.parametrize("scope", ["group:gone", "group:rhythm", "community", "nonsense"])
def test_any_scope_is_shown(house: SmallHouse, scope: str) -> None:
    """Also that of a group which is not declared any more."""
    note(house, "group.left", house.member("anna"), None, scope)
    assert "Anna left" in trail(house)[0]
