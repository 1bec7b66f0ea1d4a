"""Out: whoever leaves, is kicked or banned, ends the account or loses a role has no access on any surface soon after.

The rule it keeps: what is tried afterwards was possible before, or the proof says so and fails.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from tests.rigs.driver import HttpPerson
from tests.rigs.load import NOWHERE, answered
from tests.rigs.proofs.burst import WITHIN
from tests.rigs.stage import Stage
from tests.world import Refused

WAYS = ("leave", "kick", "ban", "deactivate", "demote")
GROUP, SHELF, OFFICE = "rhythm", "rhythm/library", "stewards"
SURFACES = ("the chat", "the pages", "the room")
AT_ONCE = 5
"""People who go out together."""
DEADLINE = 60.0
"""Seconds in which rights follow."""
_LINK = re.compile(r"http://\S+?(/sign-in/[\w-]+)")
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')
_NUMBER = re.compile(r"\bL\d+\b")


@dataclass
class Leaver:
    """Somebody who has access, and loses it in one way.

    Args:
        direct: the direct chat with the bot.
        browser: signed in on the pages.
    """

    person: HttpPerson
    way: str
    direct: str
    browser: aiohttp.ClientSession


@dataclass
class Out:
    """What was seen.

    Args:
        tries: way and whether the bot was up -> how often.
        seconds: until nothing was open, one each.
        wrong: what was still open, and where nothing had been open before.
    """

    tries: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Secret:
    """What the group alone may read: a resource, and its number."""

    word: str
    number: str


async def prove_out(stage: Stage, size: int, deadline: float = DEADLINE) -> Out:
    """So many people go out, in every way in turn, while the bot is up and while it is not."""
    seen, life = Out(), await stage.running()
    await stage.secretary.join(stage.rooms["root"])
    secret = await _shelve(stage)
    for start in range(0, size, AT_ONCE):
        ways = [WAYS[number % len(WAYS)] for number in range(start, min(start + AT_ONCE, size))]
        is_up = start // AT_ONCE % 2 == 0
        leavers = [await _enter(stage, way) for way in ways]
        try:
            for one in leavers:
                shown = await _shown(stage, one, secret)
                seen.wrong += [f"{one.way}: {what} was not open before" for what in SURFACES if what not in shown]
            if not is_up:
                await life.stop()
            for one in leavers:
                await _go(stage, one)
                name = f"{one.way}, {'up' if is_up else 'down'}"
                seen.tries[name] = seen.tries.get(name, 0) + 1
            began = time.monotonic()
            if not is_up:
                life = await stage.running()
            await asyncio.gather(*(_shut(stage, one, secret, seen, began, deadline) for one in leavers))
        finally:
            for one in leavers:
                await one.browser.close()
    await life.stop()
    return seen


async def _shelve(stage: Stage) -> Secret:
    """The secretary, who is a visible member of every group, shelves something there."""
    word = f"zz{secrets.token_hex(6)}"
    room = stage.rooms[SHELF]
    await stage.until(lambda: _is_mirrored(stage, stage.secretary, room), WITHIN)
    event = await stage.secretary.say(room, f"!library add {NOWHERE}/{word} Title {word}")
    answer = await _answer(stage, stage.secretary, room, event)
    found = _NUMBER.search(answer)
    assert found is not None, answer
    return Secret(word, found[0])


async def _enter(stage: Stage, way: str) -> Leaver:
    """A member of the group with a direct chat and a session on the pages; a steward where a role is to go."""
    person = await stage.person(f"out-{secrets.token_hex(3)}")
    for key in ("root", GROUP):
        await stage.secretary.invite(stage.rooms[key], person.user_id)
        await person.join(stage.rooms[key])
    await stage.until(lambda: _is_in(stage, person, SHELF), WITHIN)
    direct = await person.create_direct(stage.bot)
    await person.wait_for(direct, lambda raw: raw["sender"] == stage.bot and raw["type"] == "m.room.message", WITHIN)
    if way == "demote":
        await _told(stage, f"!role grant {person.user_id} steward")
        await stage.until(lambda: _is_in(stage, person, OFFICE), WITHIN)
    return Leaver(person, way, direct, await _signed_in(stage, person, direct))


async def _signed_in(stage: Stage, person: HttpPerson, direct: str) -> aiohttp.ClientSession:
    """As a browser does it: the link from the chat, and the button on its page."""
    answer = await _answer(stage, person, direct, await person.say(direct, "!web"))
    found = _LINK.search(answer)
    assert found is not None, answer
    browser = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
    url = f"http://127.0.0.1:{stage.web_port}{found[1]}"
    async with browser.get(url) as page:
        token = _TOKEN.search(await page.text())
    async with browser.post(url, data={"csrf": token[1]} if token else {}) as page:
        assert page.status == 200, await page.text()
    return browser


async def _go(stage: Stage, one: Leaver) -> None:
    root, user = stage.rooms["root"], one.person.user_id
    if one.way == "leave":
        await one.person.leave(root)
    elif one.way == "kick":
        await stage.secretary.kick(root, user)
    elif one.way == "ban":
        await stage.secretary.ban(root, user)
    elif one.way == "deactivate":
        await one.person.deactivate()
    else:
        await stage.secretary.say(stage.rooms[OFFICE], f"!role revoke {user} steward")


async def _shut(stage: Stage, one: Leaver, secret: Secret, seen: Out, began: float, deadline: float) -> None:
    """Wait until nothing is open any more."""
    still = {"everything"}

    async def is_out() -> bool:
        nonlocal still
        still = await _open(stage, one, secret)
        return not still

    try:
        await stage.until(is_out, deadline)
    except TimeoutError:
        seen.wrong.append(f"{one.way}: still open: {', '.join(sorted(still))}")
        return
    seen.seconds.append(time.monotonic() - began)


async def _open(stage: Stage, one: Leaver, secret: Secret) -> set[str]:
    """Rooms first; when they are closed, what else is open."""
    away = {stage.rooms[OFFICE]} if one.way == "demote" else set(stage.rooms.values()) - {stage.rooms["reception"]}
    if rooms := away & await stage.rooms_of(one.person.user_id):
        return {f"{len(rooms)} rooms"}
    if one.way != "demote":
        return await _shown(stage, one, secret)
    levels = await stage.secretary.state_event(stage.rooms[OFFICE], "m.room.power_levels") or {}
    return {"power"} if one.person.user_id in levels.get("users", {}) else set()


async def _shown(stage: Stage, one: Leaver, secret: Secret) -> set[str]:
    """The surfaces that show what is the group's to this person."""
    tries = (_in_chat(stage, one, secret), _on_pages(stage, one, secret), _in_room(stage, one))
    return {name for name, is_shown in zip(SURFACES, [await tried for tried in tries], strict=True) if is_shown}


async def _in_chat(stage: Stage, one: Leaver, secret: Secret) -> bool:
    try:
        for asked in (f"!library search {secret.word}", f"!library show {secret.number}"):
            event = await one.person.say(one.direct, asked)
            if f"Title {secret.word}" in await _answer(stage, one.person, one.direct, event):
                return True
    except Refused:  # an account that has ended says nothing
        return False
    return False


async def _on_pages(stage: Stage, one: Leaver, secret: Secret) -> bool:
    for path in (f"/library?q={secret.word}", f"/library/{secret.number}"):
        async with one.browser.get(f"http://127.0.0.1:{stage.web_port}{path}") as page:
            if f"Title {secret.word}" in await page.text():
                return True
    return False


async def _in_room(stage: Stage, one: Leaver) -> bool:
    """Is something that is said now read by them?"""
    word = f"zz{secrets.token_hex(6)}"
    await stage.secretary.say(stage.rooms[SHELF], word)
    try:
        return any(raw["content"].get("body") == word for raw in await one.person.timeline(stage.rooms[SHELF]))
    except Refused:
        return False


async def _told(stage: Stage, command: str) -> str:
    room = stage.rooms[OFFICE]
    await stage.until(lambda: _is_in(stage, stage.secretary, OFFICE), WITHIN)
    return await _answer(stage, stage.secretary, room, await stage.secretary.say(room, command))


async def _answer(stage: Stage, person: HttpPerson, room: str, event: str) -> str:
    raw = await person.wait_for(room, lambda raw: answered(raw, stage.bot) == event, WITHIN)
    return str(raw["content"]["body"])


async def _is_mirrored(stage: Stage, person: HttpPerson, room: str) -> bool:
    """Does the bot know that they are there? Before, it answers them privately."""
    there = "SELECT count(*) FROM membership WHERE room_id = ? AND user_id = ? AND membership = 'join'"
    return bool(stage.count(there, room, person.user_id))


async def _is_in(stage: Stage, person: HttpPerson, key: str) -> bool:
    return stage.rooms[key] in await person.joined()


def ways(tries: dict[str, int]) -> Sequence[str]:
    """How often each way was tried, for the figures."""
    return [f"{name} {count}" for name, count in sorted(tries.items())]
