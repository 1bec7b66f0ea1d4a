"""The leak matrix: everybody asks for everything everywhere, and then every word the bot has said is looked at.

The rule it keeps: the look goes over what stands in the rooms as clients got it, edits and formatted texts included,
not over what the test expects to be there. What someone typed may be quoted to them. Each surface of the policy
table that passes the read gate has its probes here, and a new one without probes fails.
"""

import json
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from copp_bot.core import items
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.ids import Audience, RoomId, UserId
from copp_bot.core.store import items as items_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.rooms.personal import blog_key
from tests import policy
from tests.fakes.person import FakeWorld
from tests.features.library.library_house import number_in, shelve
from tests.house import House, community
from tests.leaks.people import (
    CONTENTS,
    DEACTIVATED,
    ENTERED,
    EX_MEMBER,
    NEWCOMER,
    OUTSIDER,
    OWNER,
    PLACES,
    POST_REDACTED,
    POST_WITHDRAWN,
    REDACTED,
    WITHDRAWN,
    Content,
    may_be_shown,
    may_read,
)
from tests.world import Person, Raw

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLACES_OF = [(name, place) for name, places in PLACES.items() for place in places]
COMMON = "everywhereword"
"""Stands in every content."""
MISSING = {"library": "L999999999", "blog": "B999999999"}
DENIED = {"library": ("show", "get"), "blog": ("show", "history")}
"""What is answered alike for what may not be read and for what is not there."""
MISSING_MEETING = "M999999999"
MEETING_ROOMS = {"ferrule": "rhythm/home", "gantry": "archive/home", "brindle": "coffee-shop"}
"""Contents of which a meeting is planned as well, and where."""


@dataclass
class Matrix:
    """The community with the contents in it.

    Args:
        numbers: content name -> short id.
        meetings: likewise of the meeting that is called alike.
        asked: event id -> what was typed there, by whom and where.
    """

    house: House
    numbers: dict[str, str] = field(default_factory=dict)
    asked: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    meetings: dict[str, str] = field(default_factory=dict)

    async def ask(self, name: str, place: str, text: str) -> str:
        """Type something; the answer is looked at later."""
        person = self.house.people[name]
        event = await person.say(await self.house.room(person, place), text)
        self.asked[event] = (name, place, text)
        return event

    async def answers(self, name: str, place: str) -> dict[str, list[str]]:
        """Everything the bot has answered to this person here and in their direct chat, by the event it answers."""
        found: dict[str, list[str]] = {}
        for raw in await self._of_bot(self.house.people[name], {place, "direct"}):
            found.setdefault(_replied(raw), []).append(str(raw["content"].get("body", "")))
        return found

    async def rooms(self) -> AsyncIterator[tuple[str, set[str], list[Raw]]]:
        """Every room in which somebody has asked: its place, who is there, and every event of the bot in it."""
        names = {person.user_id: name for name, person in self.house.people.items()}
        seen: dict[str, str] = {}
        for name, place in PLACES_OF:
            seen.setdefault(await self.house.room(self.house.people[name], place), f"{place} {name}")
        for room, label in seen.items():
            place, name = label.split(" ")
            members = await self.house.app.homeserver.members(RoomId(room))
            present = {names[u] for u, is_in in members.items() if is_in in ("join", "invite") and u in names}
            events = await self.house.people[name].timeline(room)
            yield place, present - {"fence"}, [raw for raw in events if raw["sender"] == self.house.bot]

    async def _of_bot(self, person: Person, places: set[str]) -> list[Raw]:
        events = [raw for place in places for raw in await person.timeline(await self.house.room(person, place))]
        return [raw for raw in events if raw["sender"] == self.house.bot and _replied(raw)]


def probes(surface: str, content: Content, number: str, meeting: str = MISSING_MEETING) -> tuple[str, ...]:
    """What someone types to get at a content by a surface; none of it changes anything for those who may see it."""
    known: dict[str, tuple[str, ...]] = {
        "!library search": (
            f"!library search {content.inside}",
            f"!library search {content.title}",
            f"!library search {content.title[:5]}",
            f"!library search {COMMON} #{content.tag}",
            f"!library search {COMMON} lang:en",
            f"!library search {COMMON} group:rhythm lang:de",
            f'!library search "what is {COMMON}" by:@{content.author}',
        ),
        "!library show": (f"!library show {number}",),
        "!library get": (f"!library get {number}",),
        "!library list": ("!library list", f"!library list #{content.tag}", "!library list group:archive"),
        "!library tags": ("!library tags",),
        "!library audience": (f"!library audience {number} community sure:no",),
        "!library withdraw": (f"!library withdraw {number[0]}0{number[1:]}x",),
        "!library add": (),
        "!library edit": (f"!library edit {number}",),
        "!search": (
            f"!search {content.inside}",
            f"!search {COMMON} by:@{content.author}",
        ),
        "!blog search": (
            f"!blog search {content.inside}",
            f"!blog search {COMMON} lang:en",
        ),
        "!blog show": (f"!blog show {number}",),
        "!blog history": (f"!blog history {number}",),
        "!blog list": ("!blog list", f"!blog list #{content.tag}"),
        "!blog preview": (f"!blog preview {number}",),
        "!blog edit": (f"!blog edit {number}",),
        "!blog publish": (f"!blog publish {number} group group:nowhere",),
        "!blog withdraw": (),
        "!meet new": (),
        "!meet list": ("!meet list",),
        "!meet show": (f"!meet show {meeting}",),
        "!meet move": (f"!meet move {meeting} nowhen",),
        "!meet cancel": (f"!meet cancel {meeting} on:2020-01-01",),
        "!meet rsvp": (f"!meet rsvp {meeting} maybe",),
        "job meetings.remind": (),
    }
    assert surface in known, f"add what someone types to get at a content by {surface} to probes()"
    return known[surface]


SHARED = [one for one, gate in policy.SURFACES.items() if gate == policy.ITEMS and one.startswith("!")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def matrix(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Matrix]:
    """Everybody has come, shared, and partly gone again."""
    world = FakeWorld()
    logs = _Lines()
    logging.getLogger().addHandler(logs)
    async with community(world, tmp_path_factory.mktemp("leaks")) as house:
        made = Matrix(house)
        await peopled(house)
        for content in CONTENTS:
            made.numbers[content.name] = await shared(house, content)
        for name, room in MEETING_ROOMS.items():
            made.meetings[name] = await _planned(house, name, room)
        await _own_room(house)
        await taken_back(made)
        await gone(house)
        await _everything_asked(made)
        yield made
        _look_at_logs(logs.lines)
    logging.getLogger().removeHandler(logs)
    await world.close()


async def test_nothing_is_shown_to_those_who_may_not_read_it(matrix: Matrix) -> None:
    looked = 0
    async for place, present, events in matrix.rooms():
        for raw in events:
            typed = matrix.asked.get(_replied(raw), ("", "", ""))[2].casefold()
            said = json.dumps(raw, ensure_ascii=False).casefold()
            for content in CONTENTS:
                telling = [word for word in (*content.words, matrix.numbers[content.name].casefold())
                           if word in said and word not in typed]  # fmt: skip
                allowed = may_be_shown(place, present, content) or _is_answer_to_author(content, raw, present)
                assert allowed or not telling, (place, sorted(present), content, raw["content"])
                looked += bool(telling)
    assert looked > 500


@pytest.mark.parametrize(("name", "place"), PLACES_OF)
async def test_everything_is_shown_to_those_who_may(matrix: Matrix, name: str, place: str) -> None:
    """Else silence would pass."""
    answers = await matrix.answers(name, place)
    for content in CONTENTS:
        present = {name} if place == "direct" else await _present(matrix, place)
        shown = [_body(matrix, answers, name, place, text) for text in _direct_probes(matrix, content)]
        if may_be_shown(place, present, content) and name != OUTSIDER:
            assert all(content.title in body for body in shown[:-1]) and content.file in shown[-1], (content, shown)
        else:
            assert not any(content.title in body for body in shown[1:])


@pytest.mark.parametrize(("name", "place"), PLACES_OF)
async def test_denied_is_answered_like_what_does_not_exist(matrix: Matrix, name: str, place: str) -> None:
    answers = await matrix.answers(name, place)
    present = {name} if place == "direct" else await _present(matrix, place)
    for content in (content for content in CONTENTS if not may_be_shown(place, present, content)):
        number = matrix.numbers[content.name]
        for verb in DENIED[content.kind]:
            none = MISSING[content.kind]
            denied = _body(matrix, answers, name, place, f"!{content.kind} {verb} {number}")
            missing = _body(matrix, answers, name, place, f"!{content.kind} {verb} {none}")
            assert denied.replace(number, none) == missing


@pytest.mark.parametrize(("name", "place"), PLACES_OF)
async def test_meetings_are_shown_to_those_who_may_alone(matrix: Matrix, name: str, place: str) -> None:
    answers = await matrix.answers(name, place)
    present = {name} if place == "direct" else await _present(matrix, place)
    for content in (content for content in CONTENTS if content.name in matrix.meetings):
        number = matrix.meetings[content.name]
        shown = _body(matrix, answers, name, place, f"!meet show {number}")
        listed = _body(matrix, answers, name, place, "!meet list")
        is_shown = may_be_shown(place, present, content)
        assert (content.title in shown, content.title in listed) == (is_shown, is_shown)
        missing = _body(matrix, answers, name, place, f"!meet show {MISSING_MEETING}")
        assert is_shown or shown.replace(number, MISSING_MEETING) == missing


@pytest.mark.parametrize(("name", "place"), PLACES_OF)
async def test_counts_tell_of_what_is_shown_alone(matrix: Matrix, name: str, place: str) -> None:
    answers = await matrix.answers(name, place)
    present = {name} if place == "direct" else await _present(matrix, place)
    for kind in DENIED:
        there = [content for content in CONTENTS if content.kind == kind and name != OUTSIDER]
        body = _body(matrix, answers, name, place, f"!{kind} search {COMMON} lang:en")
        found = re.match(r"(\d+) found for ", body)
        assert (int(found[1]) if found else 0) == sum(may_be_shown(place, present, one) for one in there), body


async def test_who_went_is_in_no_room(matrix: Matrix) -> None:
    house = matrix.house
    gone = {UserId(house.people[name].user_id) for name in (EX_MEMBER, DEACTIVATED)}
    for key, room in house.rooms.items():
        members = await house.app.homeserver.members(room)
        there = {user for user, membership in members.items() if membership in ("join", "invite")}
        assert key == "reception" or not gone & there, key


async def test_every_surface_has_its_probes() -> None:
    for surface in SHARED:
        probes(surface, CONTENTS[0], "L1001")


async def test_the_table_has_both_answers() -> None:
    answers = [may_read(name, content) for name in PLACES for content in CONTENTS]
    assert 0.2 < sum(answers) / len(answers) < 0.7


def _direct_probes(matrix: Matrix, content: Content) -> tuple[str, ...]:
    """Those that show the title, and last the one that brings the file or the comment."""
    number = matrix.numbers[content.name]
    if content.kind == "blog":
        return f"!search {content.inside}", f"!blog search {content.inside}", f"!blog show {number}"
    return f"!library search {content.inside}", f"!library show {number}", f"!library get {number}"


def _body(matrix: Matrix, answers: dict[str, list[str]], name: str, place: str, text: str) -> str:
    event = next(e for e, asked in matrix.asked.items() if asked == (name, place, text))
    return "\n".join(answers[event])


async def _present(matrix: Matrix, place: str) -> set[str]:
    names = {person.user_id: name for name, person in matrix.house.people.items()}
    members = await matrix.house.app.homeserver.members(matrix.house.rooms[place])
    return {names[u] for u, is_in in members.items() if is_in in ("join", "invite") and u in names} - {"fence"}


def _is_answer_to_author(content: Content, raw: Raw, present: set[str]) -> bool:
    """What was said when it was shared, where it was shared, before its audience was changed."""
    return content.audience is not None and content.author in present and "Shelved as" in json.dumps(raw)


def _replied(raw: Raw) -> str:
    relation = raw.get("content", {}).get("m.relates_to", {})
    return str(relation.get("m.in_reply_to", {}).get("event_id", ""))


async def peopled(house: House) -> None:
    people = [await house.enter(name, *groups, roles=roles) for name, groups, roles in ENTERED]
    await house.newcomer(NEWCOMER)
    await house.outsider(OUTSIDER)
    await house.settled()
    for person in people:
        for room in await person.invited():
            await person.join(room)
    await house.settled()
    for name in PLACES:
        await house.direct(house.people[name])


async def _own_room(house: House) -> None:
    """The blog room of someone who has posted for all members is a place to ask at, too."""
    key = blog_key(UserId(house.people[OWNER].user_id))
    room = await house.database.read(lambda session: rooms_store.room_id(session, key))
    assert room is not None
    house.rooms["own"] = room


async def _posted(house: House, content: Content) -> str:
    """A draft, published and commented on unless it is private."""
    author, text = house.people[content.author], f"The {content.inside} of what is {COMMON} and of that."
    command = f"!blog new {content.title} #{content.tag} lang:en\n{text}"
    number = number_in(await house.ask(author, "direct", command))
    if not content.room:
        return number
    group, _, home = content.room.partition("/")
    whose = f"group group:{group}" if home else "public yes" if content.audience == "public" else "community"
    await house.ask(author, "direct", f"!blog publish {number} {whose}")
    if content.has_file_or_comment:
        root = await _publication(house, content)
        await author.say(house.rooms[content.room], f"A {content.file} of mine.", thread=root)
        await house.settled()
    return number


async def _publication(house: House, content: Content) -> str:
    timeline = await house.people[content.author].timeline(house.rooms[content.room])
    return next(str(raw["event_id"]) for raw in timeline if content.title in json.dumps(raw["content"]) and
                "m.relates_to" not in raw["content"] and raw["sender"] == house.bot)  # fmt: skip


async def shared(house: House, content: Content) -> str:
    if content.kind == "blog":
        return await _posted(house, content)
    text = f"The {content.inside} of what is {COMMON} and of that which we have."
    number = await shelve(house, content.author, content.room, text, f"{content.title} #{content.tag} lang:en",
                          f"{content.file}.pdf")  # fmt: skip
    narrowed = content.audience
    if narrowed is not None and narrowed.partition(":")[0] in ("public", "private", "people"):
        if narrowed.startswith("private:"):
            narrowed = f"private:{house.people[content.author].user_id}"
        await house.database.write(lambda session: _change(house, session, int(number[1:]), narrowed))
        await house.settled()
    return number


def _change(house: House, session: object, number: int, audience: str) -> None:
    """As the author's own command would; there is no command for private things and lists of people yet."""
    effects = RowEffects(session, house.app.clock.now(), f"$leaks-{number}", Batch())  # type: ignore[arg-type]
    everything = frozenset({Audience("community"), Audience("group:rhythm"), Audience("group:archive")})
    item = items_store.by_number(effects.session, everything, "library", number)
    assert item is not None
    items.change_audience(effects, item, Audience(audience))
    effects.batch.flush(effects.session)


async def _planned(house: House, name: str, room: str) -> str:
    content = next(content for content in CONTENTS if content.name == name)
    answer = await house.ask(house.people[content.author], room, f"!meet new {content.title} | tomorrow 18:00")
    found = re.search(r"\bM\d+", answer)
    assert found, answer
    return found[0]


async def taken_back(matrix: Matrix) -> None:
    house = matrix.house
    author = house.people[WITHDRAWN.author]
    await matrix.ask(WITHDRAWN.author, WITHDRAWN.room, f"!library withdraw {matrix.numbers[WITHDRAWN.name]}")
    await house.settled()
    room = house.rooms[REDACTED.room]
    posted = [raw for raw in await author.timeline(room) if REDACTED.file in json.dumps(raw["content"])]
    await author.redact(room, next(raw["event_id"] for raw in posted if raw["sender"] == author.user_id))
    await matrix.ask(POST_WITHDRAWN.author, "direct", f"!blog withdraw {matrix.numbers[POST_WITHDRAWN.name]}")
    writer = house.people[POST_REDACTED.author]
    direct = await house.direct(writer)
    typed = [raw for raw in await writer.timeline(direct) if POST_REDACTED.title in json.dumps(raw["content"])]
    await writer.redact(direct, next(raw["event_id"] for raw in typed if raw["sender"] == writer.user_id))
    await house.settled()


async def gone(house: House) -> None:
    await house.people[EX_MEMBER].leave(house.rooms["root"])
    await house.people[DEACTIVATED].deactivate()
    await house.settled()


async def _everything_asked(matrix: Matrix) -> None:
    for name, place in PLACES_OF:
        texts = dict.fromkeys(
            text for content in CONTENTS for surface in SHARED
            for text in probes(surface, content, matrix.numbers[content.name],
                               matrix.meetings.get(content.name, MISSING_MEETING))
            if surface == "!search" or surface.startswith((f"!{content.kind} ", "!meet "))
        )  # fmt: skip
        missing = [f"!{kind} {verb} {MISSING[kind]}" for kind, verbs in DENIED.items() for verb in verbs]
        for text in [*texts, *missing]:
            await matrix.ask(name, place, text)
        for author in {content.author for content in CONTENTS}:
            await matrix.ask(name, place, f"!who {matrix.house.people[author].user_id}")
        await matrix.house.settled()


class _Lines(logging.Handler):
    """Every line that is logged."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines.append(self.format(record).casefold())


def _look_at_logs(lines: list[str]) -> None:
    """No word of a content is logged, whoever may read it."""
    words = [word for content in CONTENTS for word in content.words]
    assert not [line for line in lines if any(word in line for word in words)]
