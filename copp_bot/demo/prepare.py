"""What happens before the bot runs and before people act: accounts, rooms, first roles, invitations, signing in.

The rule it keeps: each of these may be repeated, and the journal says what is done.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from rich.progress import Progress

from copp_bot import run
from copp_bot.core.i18n import gettext as _
from copp_bot.core.settings import Settings
from copp_bot.demo.bot_process import BotSettings
from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.demo.keep import Journal
from copp_bot.demo.people import BOT, OPERATOR, DemoCommunity
from copp_bot.demo.person import Person
from copp_bot.demo.seed import AT_ONCE


@dataclass(frozen=True)
class Ground:
    """What one run of the demonstration stands on.

    Args:
        passwords: localpart -> password, of the bot and the operator too.
    """

    homeserver: LocalHomeserver
    http: aiohttp.ClientSession
    community: DemoCommunity
    passwords: Mapping[str, str]
    progress: Progress

    def user_id(self, localpart: str) -> str:
        """The full Matrix id of an account."""
        return f"@{localpart}:{self.homeserver.server_name}"

    async def login(self, localpart: str) -> Person:
        """Sign in."""
        return await Person.login(self.http, self.homeserver.base_url, localpart, self.passwords[localpart])


async def make_accounts(ground: Ground, journal: Journal) -> None:
    """Register everybody, the bot and the operator, as far as not done."""
    names = {a.localpart: a.display_name for a in ground.community.accounts} | {BOT: "CoPP", OPERATOR: "Operator"}
    missing = {name: shown for name, shown in names.items() if name not in journal}
    if not missing:
        return
    bar = ground.progress.add_task(_("Accounts are made"), total=len(missing))
    for name, shown in missing.items():
        await ground.homeserver.create_account(name, ground.passwords[name], shown, admin=name == OPERATOR)
        journal.mark(name)
        ground.progress.advance(bar)


async def lift_rate_limits(ground: Ground, operator: Person) -> None:
    """Free the bot of them by Synapse's admin API, where zeros mean no limit."""
    unlimited = {"messages_per_second": 0, "burst_count": 0}
    await operator.call("POST", f"/_synapse/admin/v1/users/{ground.user_id(BOT)}/override_ratelimit", unlimited)


async def make_rooms(ground: Ground, settings: BotSettings, journal: Journal) -> tuple[str, ...]:
    """What ``copp-bot apply`` does, with the first roles at the first time; returns what was refused, in sentences.

    Later starts give no roles, because the Secretariat may have taken one back.
    """
    bar = ground.progress.add_task(_("Rooms are made as declared"), total=None)
    first = () if "grants" in journal else ground.community.grants
    grants = [(ground.user_id(name), role, scope) for name, role, scope in first]

    def advanced(number: int, total: int, _sentence: str) -> None:
        ground.progress.update(bar, completed=number - 1, total=total)

    outcome = await run.apply(Settings(**settings.values()), grants, advanced)
    ground.progress.update(bar, completed=max(outcome.total, 1), total=max(outcome.total, 1))
    journal.mark("grants")
    return outcome.refused


async def invite_members(ground: Ground, bot: Person, rooms: Mapping[str, str], journal: Journal) -> None:
    """The bot invites the members to the spaces; from there on rights follow the spaces."""
    for key, localpart in ground.community.invitations:
        step = f"invited/{key}/{localpart}"
        if key in rooms and step not in journal:
            await bot.invite(rooms[key], ground.user_id(localpart))
            journal.mark(step)


async def sign_in(ground: Ground) -> dict[str, Person]:
    """Everybody's signed-in account by localpart."""
    names = [account.localpart for account in ground.community.accounts]
    bar = ground.progress.add_task(_("People sign in"), total=len(names))
    doors = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Person:
        async with doors:
            person = await ground.login(name)
        ground.progress.advance(bar)
        return person

    return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))
