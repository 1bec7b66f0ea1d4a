"""What the demonstration shows on the screen once it runs: where it is, who is who, what to try first."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from copp_bot.core.i18n import gettext as _
from copp_bot.demo.people import DemoAccount, DemoCommunity
from copp_bot.demo.ready import Ready

SEARCHED = "beat"
"""A word that stands inside several files of the group "rhythm"."""
WIDE = 100
"""Columns."""


def show(console: Console, ready: Ready, community: DemoCommunity) -> None:
    """Print it all; a terminal of 80 columns has no room for the names."""
    console.print()
    console.print(accounts_table(ready, community, with_names=console.width >= WIDE))
    console.print(_places(ready))
    console.print()
    for number, line in enumerate(first_steps(ready), 1):
        console.print(f" {number}. {line}", highlight=False)
    console.print()
    console.print(_("Ctrl-C ends the demonstration. Everything is kept, and the next start goes on from here."))


def accounts_table(ready: Ready, community: DemoCommunity, *, with_names: bool) -> Table:
    """One line per person."""
    table = Table(
        title=_("The people of this demonstration, all of them invented"), box=SIMPLE_HEAD, title_style="bold"
    )
    passwords = [str(account["password"]) for account in ready.accounts.values()]
    table.add_column(_("Account"), style="cyan", no_wrap=True, min_width=max(map(len, ready.accounts)))
    table.add_column(_("Password"), no_wrap=True, min_width=max(map(len, passwords)))
    for title in (*((_("Name"),) if with_names else ()), _("Role"), _("Groups")):
        table.add_column(title, no_wrap=True)
    for account in community.accounts:
        password = str(ready.accounts[account.localpart]["password"])
        groups = ", ".join(account.groups) or "–"
        name = (account.display_name,) if with_names else ()
        table.add_row(account.localpart, password, *name, _role(account), groups)
    return table


def first_steps(ready: Ready) -> tuple[str, ...]:
    """What to do, in order; the names are those of real accounts of the table."""
    return (
        _("Open a Matrix client (Element, Cinny, Nheko …) with the homeserver [bold]{url}[/]").format(
            url=ready.homeserver
        ),
        _("Sign in as [bold]zofia[/], who is in both groups, and look at the spaces on the left."),
        _("In [bold]Rhythm library[/] type  [bold]!library search {word}[/]  and answer with a number.").format(
            word=SEARCHED
        ),
        _("Post a PDF in a library room, and press ✅ under what the bot asks."),
        _("Write to [bold]{bot}[/] directly:  [bold]help[/]  shows what you can do.").format(bot=ready.bot),
        _("Type  [bold]!web[/]  there and open the link: the library, groups and people as pages."),
        _("Sign in as [bold]goran[/], who is in no group: the groups' resources are not there for him."),
        _("Sign in as [bold]noor[/], a newcomer who sees Reception only. [bold]matteo[/] is a steward there."),
        _("Sign in as [bold]odile[/] of the Secretariat and type  [bold]!rooms plan[/]  or  [bold]!audit[/]"),
    )


def _places(ready: Ready) -> Table:
    places = Table.grid(padding=(0, 2))
    places.add_row(_("Homeserver"), f"[bold]{ready.homeserver}[/]")
    places.add_row(_("Web pages"), ready.web)
    places.add_row(_("The bot"), ready.bot)
    places.add_row(_("Its database"), ready.database)
    return places


def _role(account: DemoAccount) -> str:
    title = {
        "secretariat": _("Secretariat"),
        "lead_steward": _("lead steward"),
        "steward": _("steward"),
        "member": _("member"),
        "newcomer": _("newcomer"),
        "outsider": _("outsider"),
    }[account.role]
    group = account.grant_scope.removeprefix("group:") if account.grant_scope else "community"
    return title if group == "community" else f"{title} ({group})"
