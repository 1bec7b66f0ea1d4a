"""A space upgraded by the button of a client, on a real Synapse: followed when it verifiably follows, not before."""

from pathlib import Path

import pytest

from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.driver import HttpPerson
from tests.rigs.load import answered
from tests.rigs.stage import Stage, stage
from tests.world import Refused

pytestmark = [pytest.mark.synapse, pytest.mark.asyncio(loop_scope="session")]
WITHIN = 120.0
GROUP, HOME = "rhythm", "rhythm/home"


async def test_an_upgraded_space_is_followed_and_the_old_one_opens_nothing(
    synapse: LocalHomeserver, tmp_path: Path
) -> None:
    async with stage(synapse, tmp_path / "bot") as made:
        made.settings["emergency_creators"] = made.secretary.user_id
        await made.furnish()
        await made.running()
        anna, ben = await made.members("anna", "ben")
        for person in (made.secretary, anna, ben):
            await _into(made, person)
        old, home = made.rooms[GROUP], made.rooms[HOME]
        new = await made.secretary.upgrade(old, "12")
        await made.until(lambda: _is_told(made, "I cannot join it. Invite"), WITHIN)
        await made.secretary.invite(new, made.bot)
        await _apply(made)
        await made.until(lambda: _is_told(made, "power there is 0"), WITHIN)
        levels = await made.secretary.state_event(new, "m.room.power_levels")
        assert levels is not None
        await made.secretary.set_state(
            new, "m.room.power_levels", "", {**levels, "users": {**levels.get("users", {}), made.bot: 100}}
        )
        await _apply(made)
        await made.until(lambda: _has_key(made, new), WITHIN)
        await made.until(lambda: _is_in(anna, new), WITHIN)
        await ben.leave(new)
        await made.until(lambda: _is_out(ben, home), WITHIN)
        assert old in await ben.joined()
        with pytest.raises(Refused):
            await ben.join(home)
        root = await made.secretary.state(made.rooms["root"])
        children = {raw["state_key"]: raw["content"] for raw in root if raw["type"] == "m.space.child"}
        assert children[new].get("via") and not children[old]


async def _into(made: Stage, person: HttpPerson) -> None:
    if person is not made.secretary:
        await made.secretary.invite(made.rooms[GROUP], person.user_id)
        await person.join(made.rooms[GROUP])
    await made.until(lambda: _is_in(person, made.rooms[HOME]), WITHIN)


async def _apply(made: Stage) -> None:
    room = made.rooms["secretariat"]
    asked = await made.secretary.say(room, "!rooms apply")
    await made.secretary.wait_for(room, lambda raw: answered(raw, made.bot) == asked, WITHIN)


async def _is_told(made: Stage, words: str) -> bool:
    timeline = await made.secretary.timeline(made.rooms["secretariat"])
    return any(words in str(raw["content"]) for raw in timeline if raw["sender"] == made.bot)


async def _has_key(made: Stage, room: str) -> bool:
    return made.rows("SELECT key FROM room WHERE room_id = ?", room) == [(GROUP,)]


async def _is_in(person: HttpPerson, room: str) -> bool:
    return room in await person.joined()


async def _is_out(person: HttpPerson, room: str) -> bool:
    return room not in await person.joined()
