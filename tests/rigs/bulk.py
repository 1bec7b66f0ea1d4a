"""A community comes up on a homeserver that limits how fast it may be used, and the bot answers meanwhile.

``python -m tests.rigs.bulk`` runs 30 rooms and 50 people on Synapse's own limits, which takes the better part of an
hour, and prints the figures. The rule it keeps: what the bot asks is watched at its HTTP session, below all that waits.
"""

import argparse
import asyncio
import logging
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from copp_bot.app import App
from copp_bot.core.clock import SystemClock
from copp_bot.core.ids import RoomId, RoomKey, UserId
from copp_bot.core.matrix.client import Client
from copp_bot.core.matrix.http import Http
from copp_bot.core.matrix.port import RateLimited
from copp_bot.core.settings import Settings
from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.demo.homeserver_config import Limits
from copp_bot.features.roles.service import seed_grants
from copp_bot.rooms.apply import Surroundings, apply
from copp_bot.rooms.declaration import load
from copp_bot.rooms.declared import Declaration
from storage import migrate
from storage.database import Database
from tests.house import ROOMS_CONFIG, is_answer, running
from tests.rigs.driver import PASSWORD, HttpPerson
from tests.rigs.person import ADMIN
from tests.world import Refused

LONG = 10.0
"""Seconds: a longer wait for an invitation is the invited person's alone."""
TIGHT: Mapping[str, Any] = {
    "rc_room_creation": {"per_second": 0.8, "burst_count": 2},
    "rc_message": {"per_second": 4, "burst_count": 3},
    "rc_invites": {
        "per_room": {"per_second": 10, "burst_count": 3},
        "per_user": {"per_second": 3, "burst_count": 2},
        "per_issuer": {"per_second": 6, "burst_count": 3},
    },
}
"""Limits of the same shape as Synapse's own, and so quick that a test can wait for them."""
BY_HAND = {"createRoom": "rooms", "invite": "invites"}


@dataclass
class Figures:
    """What was seen. ``early``: calls made before the time that the server had named. Times are seconds."""

    calls: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    early: list[str] = field(default_factory=list)
    applied: float = 0.0
    invited: float = 0.0
    completed: float = 0.0
    answers: list[float] = field(default_factory=list)
    progress: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        answers = sorted(self.answers)
        middle = answers[len(answers) // 2] if answers else 0.0
        return (
            f"rooms made in {self.applied:.0f} s, everyone invited to the community after {self.invited:.0f} s more, "
            f"all in place after {self.completed:.0f} s more; {len(answers)} answers meanwhile, median {middle:.1f} s, "
            f"slowest {answers[-1] if answers else 0.0:.1f} s; calls {dict(self.calls)}, of them 429 "
            f"{dict(self.refused)}, before their time {len(self.early)}"
        )


class WatchedHttp(Http):
    """The bot's HTTP session, with a note of every call that is limited."""

    def __init__(self, base_url: str, figures: Figures) -> None:
        super().__init__(base_url)
        self._figures = figures
        self._until: dict[str, float] = {}

    async def call(
        self, method: str, path: str, data: str | None = None, *, token: str | None = None, waiting: float = 0.0
    ) -> dict[str, Any]:
        """As ``Http.call``."""
        kind, person = _kind(method, path, data)
        if kind is None:
            return await super().call(method, path, data, token=token, waiting=waiting)
        self._figures.calls[kind] += 1
        now = time.monotonic()
        if now < max(self._until.get(kind, 0.0), self._until.get(f"{kind} {person}", 0.0)):
            self._figures.early.append(f"{method} {path}")
        try:
            return await super().call(method, path, data, token=token, waiting=waiting)
        except RateLimited as error:
            self._figures.refused[kind] += 1
            key = f"{kind} {person}" if person and error.retry_after > LONG else kind
            self._until[key] = time.monotonic() + error.retry_after
            raise


@dataclass
class Scene:
    """The homeserver, the bot's account and the people."""

    homeserver: LocalHomeserver
    figures: Figures
    session: aiohttp.ClientSession
    admin: str = ""

    async def client(self) -> Client:
        """The bot: no administrator's token, nothing lifted."""
        user_id = await self.homeserver.create_account("copp", PASSWORD)
        token = await self.homeserver.login("copp", PASSWORD, "COPPBOT")
        return Client(WatchedHttp(self.homeserver.base_url, self.figures), UserId(user_id), token)

    async def person(self, name: str) -> HttpPerson:
        """Someone with a client, signed in by the administrator, since logins are limited too."""
        if not self.admin:
            await self.homeserver.create_account(ADMIN, PASSWORD, admin=True)
            self.admin = await self.homeserver.login(ADMIN, PASSWORD)
        user_id = await self.homeserver.create_account(name, PASSWORD)
        url = f"{self.homeserver.base_url}/_synapse/admin/v1/users/{user_id}/login"
        async with self.session.post(url, json={}, headers={"Authorization": f"Bearer {self.admin}"}) as answer:
            token = (await answer.json())["access_token"]
        return HttpPerson(self.homeserver.base_url, user_id, token, self.session)


def declared_with(rooms: int) -> Declaration:
    """A community of so many rooms, the root space among them: those of the shipped public area, and topical ones."""
    shipped = load(ROOMS_CONFIG)
    topic = next(room for room in shipped.rooms if room.key == "topic-democracy")
    given = [room for room in shipped.rooms if room.scope == topic.scope]
    more = [
        replace(topic, key=RoomKey(f"topic-{n}"), title=f"Topic {n}", order=f"{n:04d}")
        for n in range(rooms - 1 - len(given))
    ]
    kept = [*given, *more][: rooms - 1] if rooms > len(given) else [r for r in given if r.is_given][: rooms - 1]
    return replace(shipped, spaces=shipped.spaces[:1], rooms=tuple(kept), groups={})


async def run(folder: Path, rooms: int, people: int, limits: Limits, every: float) -> Figures:
    """Bring it all up, and measure.

    Args:
        every: seconds between two questions of the Secretariat.
    """
    figures = Figures()
    homeserver = await LocalHomeserver.start(folder / "synapse", server_name="bulk.localhost", test=True, limits=limits)
    try:
        async with aiohttp.ClientSession() as session:
            await _run(Scene(homeserver, figures, session), folder, (rooms, people), every)
    finally:
        await homeserver.stop()
    return figures


async def _run(scene: Scene, folder: Path, size: tuple[int, int], every: float) -> None:
    figures, (rooms, people) = scene.figures, size
    client, declared = await scene.client(), declared_with(rooms)
    settings = Settings(homeserver="http://127.0.0.1", user_id=client.user_id, data_dir=folder, web_port=0)
    database = Database(settings.database)
    migrate.upgrade(database.engine)
    begun = time.monotonic()
    said = figures.progress.append
    outcome = await apply(
        declared,
        Surroundings(client, database, SystemClock()),
        lambda number, total, sentence: said(f"{number} of {total}: {sentence}"),
    )
    assert not outcome.refused, outcome.refused
    figures.applied = time.monotonic() - begun
    logging.info("rooms made after %.0f s", figures.applied)
    changed = replace(declared, rooms=tuple(replace(room, topic=f"{room.topic}.") for room in declared.rooms))
    async with running(App(settings, client, database, changed)):
        await _with_people(scene, database, outcome.rooms, people, every, client)
    await client.close()
    database.close()


async def _with_people(
    scene: Scene, database: Database, rooms: Mapping[str, RoomId], people: int, every: float, client: Client
) -> None:
    figures = scene.figures
    olga = await scene.person("olga")
    now = SystemClock().now()
    await database.write(lambda session: seed_grants(session, [(olga.user_id, "secretariat", "community")], now))
    await _insist(lambda: client.invite(rooms["root"], UserId(olga.user_id)))
    await olga.join(rooms["root"])
    crowd = [await scene.person(f"p{number}") for number in range(people - 1)]
    direct = await olga.create_direct(client.user_id)
    await olga.wait_for(direct, lambda raw: raw["type"] == "m.room.member" and raw.get("state_key") == client.user_id
                        and raw["content"]["membership"] == "join", timeout=300)  # fmt: skip
    begun = time.monotonic()
    async with asking(olga, direct, client.user_id, every, figures):
        await _insist(partial(olga.say, direct, "!rooms apply"))
        for start in range(0, len(crowd), 20):
            names = " ".join(person.user_id for person in crowd[start : start + 20])
            await _insist(partial(olga.say, direct, f"!group invite {names} community"))
        async with asyncio.TaskGroup() as group:
            for person in crowd:
                group.create_task(_enter(person, rooms["root"]))
        figures.invited = time.monotonic() - begun
        logging.info("everyone in the community after %.0f s more", figures.invited)
        given = [rooms[room.key] for room in declared_with(len(rooms)).rooms if room.is_given and not room.roles]
        await _until_all_are_there(client, given, {p.user_id for p in (olga, *crowd)})
    figures.completed = time.monotonic() - begun - figures.invited


async def _until_all_are_there(client: Client, given: list[RoomId], everyone: set[str]) -> None:
    """Reading the members is not limited."""
    while True:
        there = [set(await client.members(room)) for room in given]
        missing = sum(len(everyone - people) for people in there)
        if not missing:
            return
        logging.info("%d of %d places are still to be given", missing, len(given) * len(everyone))
        await asyncio.sleep(min(20.0, 0.2 + missing / 10))


@asynccontextmanager
async def asking(person: HttpPerson, room: str, bot: str, every: float, figures: Figures) -> AsyncIterator[None]:
    """Somebody asks for help again and again inside the block, and waits for the answer."""

    async def on() -> None:
        while True:
            begun = time.monotonic()
            event = await person.say(room, "!help rooms")
            await person.wait_for(room, partial(_answers, bot, event), timeout=600)
            figures.answers.append(time.monotonic() - begun)
            await asyncio.sleep(every)

    task = asyncio.create_task(on())
    try:
        yield
    finally:
        if task.done():
            task.result()
        task.cancel()


def _answers(bot: str, event: str, raw: dict[str, Any]) -> bool:
    return is_answer(raw, bot, event)


async def _enter(person: HttpPerson, room: RoomId) -> None:
    """Wait for the invitation, and accept it as often as the server's limits make it necessary."""
    while room not in await person.invited():  # noqa: ASYNC110 - another process decides
        await asyncio.sleep(1.0)
    await _insist(lambda: person.join(room))


async def _insist(act: Any) -> None:
    """People are limited too; their clients try again."""
    while True:
        try:
            await act()
        except RateLimited as error:
            await asyncio.sleep(error.retry_after)
        except Refused as error:
            if error.status != 429:
                raise
            await asyncio.sleep(5.0)
        else:
            return


def _kind(method: str, path: str, data: str | None) -> tuple[str | None, str | None]:
    """Which limit a call is subject to, and who is invited by it."""
    if method == "PUT" and re.search(r"/(send|redact|state)/", path):
        return "messages", None
    last = path.partition("?")[0].rsplit("/", 1)[-1]
    if method != "POST" or last not in BY_HAND:
        return None, None
    invited = re.search(r'"user_id": ?"([^"]+)"', data or "")
    return BY_HAND[last], invited[1] if invited and last == "invite" else None


def main() -> None:
    """The full size, or what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=30)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--tight", action="store_true", help="the limits of the small test instead of Synapse's own")
    wanted = parser.parse_args()
    logging.basicConfig(level="INFO", stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger("apscheduler").setLevel("WARNING")
    logging.getLogger("copp_bot.core.tasks").setLevel("WARNING")
    limits: Limits = TIGHT if wanted.tight else "default"
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(run(Path(folder), wanted.rooms, wanted.people, limits, 3.0 if wanted.tight else 30.0))
    sys.stdout.write(f"{figures}\n")
    raise SystemExit(1 if figures.early else 0)


if __name__ == "__main__":
    main()
