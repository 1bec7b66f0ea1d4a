"""How tests write posts and look at what stands in the rooms."""

from tests.features.library.library_house import number_in
from tests.house import House
from tests.world import Person, Raw

HOME = "rhythm/home"


async def draft(house: House, name: str, title: str, text: str) -> str:
    """A draft written in the direct chat; its short id."""
    return number_in(await house.ask(house.people[name], "direct", f"!blog new {title}\n{text}"))


async def post(house: House, name: str, title: str, text: str, whose: str = "group group:rhythm") -> str:
    """A published post; its short id."""
    number = await draft(house, name, title, text)
    answer = await house.ask(house.people[name], "direct", f"!blog publish {number} {whose}")
    assert "is published" in answer, answer
    return number


async def messages(house: House, person: Person, place: str, word: str) -> list[Raw]:
    """The bot's messages at a place that hold a word, as they were sent."""
    room = await house.room(person, place)
    await house.settled()
    return [
        raw
        for raw in await person.timeline(room)
        if raw["sender"] == house.bot and word in str(raw["content"].get("body", ""))
    ]


async def publication(house: House, name: str, place: str, word: str) -> str:
    """The event id of the message that shows a post."""
    found = [
        raw for raw in await messages(house, house.people[name], place, word) if "m.relates_to" not in raw["content"]
    ]
    return str(found[0]["event_id"])


async def comment(house: House, name: str, place: str, root: str, text: str) -> str:
    """Write in a thread; the event id."""
    event = await house.people[name].say(await house.room(house.people[name], place), text, thread=root)
    await house.settled()
    return event
