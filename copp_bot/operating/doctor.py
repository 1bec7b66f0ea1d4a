"""What an operator can mend: each finding with its remedy.

The rule it keeps: it only looks, also while the bot runs. It signs in with the password only when there is no token to
go on with and no bot at work, since a new token ends the old one.
"""

import shlex
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from copp_bot import run
from copp_bot.core import lock, trouble
from copp_bot.core.databases import explained
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.matrix.client import Client
from copp_bot.core.matrix.login import connect
from copp_bot.core.matrix.port import MatrixError
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.permissions import EVERYTHING
from copp_bot.core.settings import Settings
from copp_bot.core.store import inbox, meta
from copp_bot.core.store.inbox import InboxState
from copp_bot.core.store.said import NOTICED
from copp_bot.operating.database import open_as_it_stands, revision_of, sqlite_file
from copp_bot.rooms import apply as rooms_apply
from copp_bot.rooms import power
from copp_bot.rooms import store as rooms_store
from copp_bot.rooms.declared import Declaration
from copp_bot.rooms.notices import Notice
from copp_bot.rooms.observe import Observed
from copp_bot.rooms.power import RoleGrant
from storage import migrate
from storage.database import Database

FREE_BYTES = 500_000_000
SKEW = timedelta(seconds=30)
"""A clock that is this far off makes deadlines and reminders wrong."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; the sentence of an unwell one says what to do."""

    is_well: bool
    sentence: str


async def examine(settings: Settings) -> list[Finding]:
    """Look at everything in turn; one failure does not hide the next."""
    declared, finding = _declaration(settings)
    findings = [_process(settings), *_folders(settings), *_open_to_others(settings), finding]
    database: Database | None = None
    try:
        database = open_as_it_stands(settings)
        with explained(settings.database):
            findings += [finding async for finding in _with_database(database)]
    except SetupError as error:
        findings.append(_failed(error))
    try:
        client = await _sign_in(settings)
        try:
            findings += [finding async for finding in _with_homeserver(settings, client, database, declared)]
        finally:
            await client.close()
    except (SetupError, MatrixError) as error:
        findings.append(_failed(error))
    finally:
        if database is not None:
            database.close()
    return findings


def _process(settings: Settings) -> Finding:
    process = lock.holder(settings.data_dir)
    if process is None:
        return Finding(True, _("The bot is not running."))
    return Finding(True, _("The bot is running (process {process}).").format(process=process))


def _folders(settings: Settings) -> Iterator[Finding]:
    try:
        file = sqlite_file(settings)
    except SetupError:
        file = None  # said where the database is looked at
    for folder in dict.fromkeys([settings.data_dir, *([file.parent] if file else [])]):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                free = shutil.disk_usage(folder).free
        except OSError as error:
            words = _("The folder {folder} cannot be written ({reason}). Give the bot's system account the right to.")
            yield Finding(False, words.format(folder=folder, reason=error.strerror))
            continue
        sentence = _("Data folder {folder}: {free} MB free.").format(folder=folder, free=free // 1_000_000)
        if free < FREE_BYTES:
            sentence += " " + _("Make room: the database stops when the disk is full.")
        yield Finding(free >= FREE_BYTES, sentence)


def _open_to_others(settings: Settings) -> Iterator[Finding]:
    """In a closed folder all is closed; a database may lie elsewhere. A group may have been let in on purpose."""
    try:
        file = sqlite_file(settings)
    except SetupError:
        file = None  # said where the database is looked at
    places = {settings.data_dir: "700"}
    if file is not None and settings.data_dir not in file.parents:
        places[file] = "600"
    for place, mode in places.items():
        if place.exists() and place.stat().st_mode & stat.S_IRWXO:
            words = _(
                "Everybody on this machine may look into {place}, where members' words lie. Run chmod {mode} {name}."
            )
            yield Finding(False, words.format(place=place, mode=mode, name=shlex.quote(str(place))))


def _declaration(settings: Settings) -> tuple[Declaration | None, Finding]:
    try:
        declared = run.check(settings)
    except SetupError as error:
        return None, Finding(False, str(error))
    return declared, Finding(True, _("Declared community: {count} rooms.").format(count=len(declared.all)))


async def _with_database(database: Database) -> AsyncIterator[Finding]:
    revision, newest = await revision_of(database), migrate.newest()
    sentence = _("Database at {revision}; this version needs {newest}.").format(revision=revision, newest=newest)
    if revision is not None and not migrate.is_known(revision):
        yield Finding(False, sentence + " " + _("Install the newer version that it was last used with."))
    elif revision != newest:
        yield Finding(False, sentence + " " + _("Run copp-bot db upgrade, or start the bot."))
    else:
        yield Finding(True, sentence)
        for finding in await database.read(_records):
            yield finding


def _records(session: Session) -> list[Finding]:
    """What the database says about itself."""
    quarantined, gaps = inbox.count(session, InboxState.QUARANTINED), inbox.open_gaps(session)
    restored = meta.get(session, NOTICED)
    found = [
        Finding(
            not quarantined,
            _("{count} events in quarantine.").format(count=quarantined)
            + (" " + _("See copp-bot quarantine list.") if quarantined else ""),
        ),
        Finding(
            not gaps,
            _("{count} stretches of timeline missing.").format(count=gaps)
            + (" " + _("The bot tries again by itself; ask there for what may have been missed.") if gaps else ""),
        ),
    ]
    if restored is not None:
        found.append(Finding(True, _("An older database came back; noticed {when}.").format(when=restored[:16])))
    return found


async def _sign_in(settings: Settings) -> Client:
    """With a token where there is one."""
    kept = run.kept_token(settings)
    try:
        return await connect(settings.model_copy(update={"password": None}), kept_token=kept)
    except SetupError as error:
        if isinstance(error.__cause__, MatrixError) or settings.password is None:
            raise
        if lock.holder(settings.data_dir) is not None:
            raise SetupError(
                _("The token of the running bot cannot be read or is not valid."),
                _("Run doctor as the system account that the bot runs as, or start the bot again."),
            ) from None
    with lock.take(settings.data_dir):
        return await run.sign_in(settings)


async def _with_homeserver(
    settings: Settings, client: Client, database: Database | None, declared: Declaration | None
) -> AsyncIterator[Finding]:
    yield Finding(True, _("Signed in as {user} at {address}.").format(user=client.user_id, address=settings.homeserver))
    yield _clock(client.clock_skew)
    yield await _rate_limit(client)
    if declared is None or database is None:
        return
    try:
        declared = await run.opened_too(declared, client, database)
        observed, steps = await rooms_apply.look_and_plan(declared, run.surroundings(settings, client, database))
    except Exception as error:
        yield _failed(error)
        return
    yield _power(declared, observed)
    now = datetime.now(UTC)
    yield _in_charge(declared, observed, await database.read(lambda session: rooms_store.grants(session, now)))
    todo = [step for step in steps if not isinstance(step, Notice)]
    yield Finding(
        not todo,
        _("{count} steps between declared and actual rooms.").format(count=len(todo))
        + (" " + _("Run copp-bot apply.") if todo else ""),
    )
    for sentence in _notices(steps):
        yield Finding(False, sentence)


def _clock(skew: float | None) -> Finding:
    if skew is None:
        return Finding(True, _("The homeserver does not tell its time."))
    sentence = _("The homeserver's clock and this one differ by {seconds} s.").format(seconds=round(abs(skew)))
    if abs(skew) > SKEW.total_seconds():
        sentence += " " + _("Set both by NTP: reminders and roles that end would come at the wrong time.")
        return Finding(False, sentence)
    return Finding(True, sentence)


async def _rate_limit(client: Client) -> Finding:
    if client.administration is None:
        words = _(
            "No COPP_ADMIN_TOKEN: people are invited instead of joined, and whether the server limits the bot's rate "
            "cannot be seen. An administrator lifts the limit once, as docs/operating.md shows."
        )
        return Finding(True, words)
    try:
        is_lifted = await client.administration.is_rate_limit_lifted(client.user_id)
    except MatrixError as error:
        words = _("COPP_ADMIN_TOKEN does not work ({code}). Set the token of a server administrator, or none.")
        return Finding(False, words.format(code=error.errcode or error.status))
    if is_lifted:
        return Finding(True, _("The administrator's token works; the bot's rate limits are lifted."))
    return Finding(
        False,
        _("The administrator's token works; the server still limits the bot's rate. Start the bot: it lifts that."),
    )


def _power(declared: Declaration, observed: Observed) -> Finding:
    """The bot's power in the rooms that there are; the plan's notices say what to do in each where it lacks."""
    there = [seen for room in declared.all if (seen := observed.rooms.get(room.key))]
    if not there:
        return Finding(False, _("None of the declared rooms is there yet. Run copp-bot apply."))
    enough = [
        seen
        for seen in there
        if power.level_of(seen.creation, seen.power_levels, observed.bot)
        >= max(power.BOT, power.needed(seen.power_levels, power.POWER_LEVELS))
    ]
    words = _("The bot has the power it needs in {count} of {all} rooms.").format(count=len(enough), all=len(there))
    is_well = len(enough) == len(there)
    return Finding(is_well, words if is_well else words + " " + _("What to do in the others is said below."))


def _in_charge(declared: Declaration, observed: Observed, grants: Sequence[RoleGrant]) -> Finding:
    """Is somebody there who may do everything? Else nobody can give a role in the chat."""
    root = observed.rooms.get(ROOT_KEY)
    policy = declared.policy()
    ruling = {grant.user_id for grant in grants if (role := policy.role(grant.role)) and EVERYTHING in role.permissions}
    there = [user for user in ruling if root is not None and root.members.get(user) == "join"]
    if there:
        return Finding(True, _("{count} in the community may do everything.").format(count=len(there)))
    sentence = _(
        "Nobody who may do everything is in the community. Let them accept their invitation, or run copp-bot apply "
        "--secretariat @somebody:{server}."
    )
    return Finding(False, sentence.format(server=observed.server))


def _notices(steps: Iterable[object]) -> list[str]:
    return [step.sentence for step in steps if isinstance(step, Notice)]


def _failed(error: Exception) -> Finding:
    known = error if isinstance(error, SetupError) else trouble.explained(error) or error
    if isinstance(known, SetupError | MatrixError):
        return Finding(False, str(known))
    return Finding(False, _("Something could not be looked at ({kind}).").format(kind=type(error).__name__))
