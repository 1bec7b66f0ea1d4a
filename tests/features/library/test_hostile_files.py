"""Two hundred files that try to break what opens them, posted at once: each is answered, and the bot stays at work."""

import asyncio
import logging
import time
from contextlib import suppress

import pytest

from copp_bot.core.cage.run import CHILD
from tests.core.hostile import children, most_memory
from tests.core.hostile_files import Hostile, hostile_files
from tests.features.library.library_house import find_answer
from tests.house import House, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = "rhythm/library"
MEMORY = 512 * 1024
"""Kilobytes that a caged process may have."""
AT_ONCE = 10
"""Files that are posted before their answers are waited for; they are read later, one after another."""
HELP_WITHIN, PAUSE, GLANCE = 5.0, 0.5, 0.05
"""Seconds that help may take, between two questions, and between two looks at the memory."""
STEPS = ("ost it again", "ost that", "ost a smaller", "ost a simpler", "right ending")
"""What the author of a file that is not taken can do."""


@pytest.mark.one_database
async def test_each_is_answered_and_the_bot_stays_at_work(library: House, caplog: pytest.LogCaptureFixture) -> None:
    """A reason and a next step for every one, no traceback, memory within its limit, and help at any time."""
    caplog.set_level(logging.INFO)
    lucia, files = library.people["lucia"], await asyncio.to_thread(hostile_files)
    posted, is_over = dict[str, Hostile](), asyncio.Event()
    asking = asyncio.create_task(_ask_for_help(library, is_over))
    looking = asyncio.create_task(_look_at_memory(is_over))
    for number, file in enumerate(files, 1):
        mxc = await lucia.upload(file.data, "application/octet-stream", file.name)
        content = {"msgtype": "m.file", "body": "!library add", "filename": file.name, "url": mxc}
        event = await lucia.send(library.rooms[ROOM], "m.room.message", content)
        posted[event] = file
        if number % AT_ONCE == 0:
            await find_answer(library, lucia, library.rooms[ROOM], event)
    await library.settled()
    is_over.set()
    waited, used = await asking, await looking
    answers = dict(shown(await lucia.timeline(library.rooms[ROOM]), library.bot))
    wrong = {file.what: answers[event] for event, file in posted.items() if not _is_right(file, answers[event])}
    assert wrong == {}
    assert len(files) >= 200 and len(waited) > 5 and max(waited) < HELP_WITHIN
    assert not [record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert 0 < used <= MEMORY and not children()


async def _ask_for_help(library: House, is_over: asyncio.Event) -> list[float]:
    """Ask again and again; seconds that each answer took."""
    joao, waited = library.people["joao"], list[float]()
    while not is_over.is_set():
        begun = time.monotonic()
        event = await joao.say(library.rooms["coffee-shop"], "!help library")
        await find_answer(library, joao, library.rooms["coffee-shop"], event)
        waited.append(time.monotonic() - begun)
        with suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), PAUSE)
    return waited


async def _look_at_memory(is_over: asyncio.Event) -> int:
    """Kilobytes that the largest of the caged processes had, as far as one saw them."""
    most = 0
    while not is_over.is_set():
        most = max([most, *(most_memory(pid, str(CHILD)) for pid in children())])
        with suppress(TimeoutError):
            await asyncio.wait_for(is_over.wait(), GLANCE)
    return most


def _is_right(file: Hostile, answer: str) -> bool:
    is_taken = answer.startswith("Shelved as")
    return any(said in answer for said in file.said) and (is_taken or any(step in answer for step in STEPS))
