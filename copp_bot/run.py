"""What the command line does, without the parsing: opens what is needed, and says what is wrong in a sentence."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from typing import Any

from sqlmodel import Session

from copp_bot.core import backoff, lock
from copp_bot.core.clock import SystemClock
from copp_bot.core.databases import explained, open_database
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import RoomId, UserId, is_user_id
from copp_bot.core.matrix.client import Client
from copp_bot.core.matrix.login import connect
from copp_bot.core.matrix.port import Forbidden, Missing, Unavailable
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.settings import Settings, is_token
from copp_bot.features.roles.service import end_seeded, seed_grants
from copp_bot.features.roles.tasks import recover
from copp_bot.rooms import apply as rooms_apply
from copp_bot.rooms import opened as rooms_opened
from copp_bot.rooms.declaration import load
from copp_bot.rooms.declared import Declaration
from copp_bot.rooms.patience import patiently
from storage import migrate
from storage.database import Database

log = logging.getLogger(__name__)
TOKEN_FILE = "access-token"  # noqa: S105 - a file name
Grant = tuple[str, str, str]
"""Person, role, scope."""


async def sign_in(settings: Settings, *, wait: bool = False) -> Client:
    """The bot's account. The token is kept in the data folder, readable by the operator alone.

    Args:
        wait: wait for a homeserver that is not there yet, instead of giving up.
    """
    token = await asyncio.to_thread(kept_token, settings)
    failures = 0
    while True:
        try:
            client = await connect(settings, kept_token=token)
        except SetupError as error:
            if not wait or not isinstance(error.__cause__, Unavailable):
                raise
            failures += 1
            pause = backoff.delay(failures)
            log.warning("%s Trying again in %d s.", error, backoff.told(pause))
            await asyncio.sleep(pause)
            continue
        if client.access_token != token:
            await asyncio.to_thread(keep_token, settings, client.access_token)
        return client


def kept_token(settings: Settings) -> str | None:
    """The access token of the last sign-in."""
    path = settings.data_dir / TOKEN_FILE
    try:
        token = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(
            _("The kept access token {file} cannot be read ({reason}).").format(file=path, reason=error.strerror),
            _("Move it away; the bot signs in anew."),
        ) from None
    return token if is_token(token) else None


def keep_token(settings: Settings, token: str) -> None:
    """Write it, for its owner's eyes alone."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / TOKEN_FILE
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(token)


@asynccontextmanager
async def opened(settings: Settings, *, wait: bool = False) -> AsyncIterator[tuple[Client, Database]]:
    """The homeserver and the database, with the instance lock held."""
    held = lock.take(settings.data_dir)
    try:
        database = open_database(settings)
    except SetupError:
        held.close()
        raise
    try:
        client = await sign_in(settings, wait=wait)
        try:
            yield client, database
        finally:
            await client.close()
    finally:
        database.close()
        held.close()


def check(settings: Settings) -> Declaration:
    """The declaration, checked in full; raises every mistake at once."""
    from copp_bot import app  # noqa: PLC0415 - the other commands start faster without it

    declared = load(settings.rooms_config)
    app.check_names(declared, app.unconnected_features(settings, declared))
    return declared


async def plan(settings: Settings) -> Sequence[str]:
    """The sentences of what ``apply`` would do. A database that was lost takes the roles back first."""
    declared = check(settings)
    async with opened(settings) as (client, database):
        await patiently(lambda: recover(client, database, SystemClock().now()))
        declared = await opened_too(declared, client, database)
        _observed, steps = await rooms_apply.look_and_plan(declared, surroundings(settings, client, database))
        return [step.sentence for step in steps]


async def apply(
    settings: Settings,
    grants: Sequence[Grant] = (),
    progress: rooms_apply.Progress | None = None,
    *,
    ended: Sequence[Grant] = (),
) -> rooms_apply.Outcome:
    """Make the homeserver match the declaration.

    Args:
        grants: to give before, and to invite afterwards: how the first people get in.
        ended: to take before, from those whom in the chat only somebody above them could put down.
    """
    declared = check(settings)
    async with opened(settings) as (client, database):
        now = SystemClock().now()
        for person, _role, _scope in grants:
            await check_account(client, person)
        await patiently(lambda: recover(client, database, now))
        await database.write(lambda session: _decide(session, declared, grants, ended))
        declared = await opened_too(declared, client, database)
        outcome = await rooms_apply.apply(declared, surroundings(settings, client, database), progress)
        root = outcome.rooms.get(ROOT_KEY)
        refused = [root and await _refusal(client, root, UserId(person)) for person, _role, _scope in grants]
        return replace(outcome, refused=(*outcome.refused, *filter(None, refused)))


def _decide(session: Session, declared: Declaration, grants: Sequence[Grant], ended: Sequence[Grant]) -> None:
    now = SystemClock().now()
    effects = RowEffects(session, now, f"apply:{now.isoformat()}", Batch())
    seed_grants(session, grants, now)
    end_seeded(effects, declared.policy(), ended)
    effects.batch.flush(session)


async def check_account(client: Client, person: str) -> None:
    """Roles are for accounts of our own homeserver that are there: others could be registered by anybody.

    Raises:
        SetupError: this is none.
    """
    server = client.user_id.partition(":")[2]
    if not is_user_id(person) or person.partition(":")[2] != server:
        raise SetupError(
            _("“{person}” is no account of {server}.").format(person=person, server=server),
            _("Write the Matrix id in full, like @you:{server}. Nothing was changed.").format(server=server),
        )
    try:
        await patiently(lambda: client.profile_name(UserId(person)))
    except Missing:
        raise SetupError(
            _("There is no account {person} on the homeserver.").format(person=person),
            _("Look at the spelling, or register it first. Nothing was changed."),
        ) from None


async def _refusal(client: Client, root: RoomId, person: UserId) -> str | None:
    """Invite someone into the community; why it was refused, or None."""
    try:
        await patiently(lambda: client.invite(root, person))
    except (Forbidden, Missing) as error:
        return _("{person} could not be invited ({code}).").format(person=person, code=error.errcode or error.status)
    return None


async def opened_too(declared: Declaration, client: Client, database: Database) -> Declaration:
    """The declaration with what was opened and closed by command."""
    return await rooms_opened.whole(declared, client, client.user_id, database)


async def run(settings: Settings) -> None:
    """Run the bot until it is told to stop."""
    from copp_bot.app import App  # noqa: PLC0415 - the other commands start faster without it

    declared = check(settings)
    async with opened(settings, wait=True) as (client, database):
        await patiently(lambda: recover(client, database, SystemClock().now()))
        app = App(settings, client, database, declared)
        log.info("%s starts on %s; stop it with Ctrl-C", client.user_id, settings.homeserver)
        await until_stopped(app.run)


async def until_stopped(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine function until SIGINT or SIGTERM."""
    task = asyncio.create_task(work())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def upgrade(settings: Settings) -> tuple[str | None, str | None]:
    """Migrate; the revisions before and after."""
    held = lock.take(settings.data_dir)
    try:
        with explained(settings.database), closing(Database(settings.database, alone=True)) as database:
            return migrate.upgrade(database.engine)
    finally:
        held.close()


def surroundings(settings: Settings, client: Client, database: Database) -> rooms_apply.Surroundings:
    """What planning and applying need."""
    creators = [UserId(person) for person in settings.emergency_creators]
    return rooms_apply.Surroundings(client, database, SystemClock(), creators)
