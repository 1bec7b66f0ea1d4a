"""``copp-bot``: argument parsing only. Heavy imports wait until a command runs."""

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from copp_bot.core import logs, trouble
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.operating import cli as operating
from copp_bot.operating.terminal import finish as _run
from copp_bot.operating.terminal import told

app = typer.Typer(
    name="copp-bot",
    help="A community of practice that lives in Matrix rooms.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
database = typer.Typer(help="The database.", no_args_is_help=True)
app.add_typer(database, name="db")
operating.add_to(app)


def main() -> None:
    """Run the command line; every foreseen error is one sentence with its remedy, exit code 1.

    Whatever it and its children make is for the owner alone: it holds what members wrote.
    """
    os.umask(0o077)
    try:
        app()
    except Exception as error:
        _stop(error if isinstance(error, SetupError) else _unforeseen(error))


@app.command()
def demo(
    data_dir: Annotated[Path, typer.Option(help="Where the demonstration keeps its data.")] = Path("var/demo"),
    homeserver_port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free port.")] = 8008,
    web_port: Annotated[int, typer.Option(min=0, max=65535, help="0 picks a free port.")] = 8080,
    ready_file: Annotated[Path | None, typer.Option(help="JSON, written when everything answers.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Forget the data of earlier starts, and end.")] = False,
) -> None:
    """Bring up a homeserver with a seeded community, on this machine only."""
    from copp_bot.demo import start as demo_start  # noqa: PLC0415

    if reset:
        demo_start.reset(data_dir)
        typer.echo(f"Nothing of the demonstration is left in {data_dir}.")
        return
    options = demo_start.DemoOptions(data_dir, homeserver_port, web_port, ready_file)
    raise typer.Exit(demo_start.start(options))


@app.command()
def check() -> None:
    """Check the declared community, and the settings that there are; needs no homeserver, changes nothing."""
    settings = told(connected=False)
    from copp_bot import run  # noqa: PLC0415

    declared = run.check(settings)
    groups, rooms = len(declared.groups), len(declared.all)
    typer.echo(f"{declared.title}: {rooms} spaces and rooms, {groups} groups, all sound.")


@app.command()
def plan() -> None:
    """Say what `apply` would do; changes nothing on the homeserver."""
    settings = told()
    from copp_bot import run  # noqa: PLC0415

    steps = _run(run.plan(settings))
    typer.echo("\n".join(steps) or "The homeserver is as declared.")


@app.command()
def apply(
    secretariat: Annotated[
        list[str] | None, typer.Option(help="A person who shall belong to the Secretariat; may be repeated.")
    ] = None,
    former_secretariat: Annotated[
        list[str] | None, typer.Option(help="A person who shall not belong to it any more; may be repeated.")
    ] = None,
) -> None:
    """Make the homeserver match the declared community."""
    settings = told()
    from rich.progress import Progress  # noqa: PLC0415

    from copp_bot import run  # noqa: PLC0415

    grants = [(person, "secretariat", "community") for person in secretariat or []]
    ended = [(person, "secretariat", "community") for person in former_secretariat or []]
    with Progress(transient=True) as bar:
        task = bar.add_task("Rooms", total=None)

        def progress(number: int, total: int, sentence: str) -> None:
            bar.update(task, completed=number - 1, total=total, description=sentence[:70])

        outcome = _run(run.apply(settings, grants, progress, ended=ended))
    typer.echo(f"Done: {outcome.done} of {outcome.total} steps.")
    for sentence in (*outcome.refused, *outcome.notices):
        typer.echo(f"- {sentence}")
    if outcome.refused:
        raise typer.Exit(1)


@app.command()
def export_groups(
    write: Annotated[bool, typer.Option(help="Write the groups' files into the declaration folder.")] = False,
) -> None:
    """Show what was opened by command in the chat, as declaration files."""
    settings = told()
    from copp_bot.operating import export  # noqa: PLC0415

    pieces = _run(export.export_groups(settings))
    if not pieces:
        typer.echo("Nothing was opened by command that is not declared in a file.")
    for piece in pieces:
        path = settings.rooms_config / piece.file
        if write and piece.is_whole:
            path.parent.mkdir(exist_ok=True)
            path.write_text(piece.text, encoding="utf-8")
            typer.echo(f"Written: {path}")
        else:
            place = str(path) if piece.is_whole else f"{path}, below “rooms:”"
            typer.echo(f"# {place}\n{piece.text}")


@app.command()
def run() -> None:
    """Run the bot."""
    settings = told()
    from copp_bot import run as running  # noqa: PLC0415

    logs.configure(settings.log_level, settings.log_format)
    _run(running.run(settings))


@database.command()
def upgrade() -> None:
    """Bring the database to the schema of this version."""
    settings = told(connected=False)
    from copp_bot import run as running  # noqa: PLC0415

    before, after = running.upgrade(settings)
    typer.echo(f"The database is at {after}." if before == after else f"Upgraded from {before or 'empty'} to {after}.")


@database.command()
def copy(
    source: Annotated[str, typer.Argument(help="A SQLite file, or an address such as postgresql://user@host/name.")],
    target: Annotated[str | None, typer.Argument(help="Likewise; the database of the settings if left out.")] = None,
) -> None:
    """Copy the community to an empty database, from SQLite to PostgreSQL or back; the bot must be stopped."""
    settings = told(connected=False)
    from rich.progress import Progress  # noqa: PLC0415

    from copp_bot.core import databases  # noqa: PLC0415

    with Progress(transient=True) as bar:
        task = bar.add_task("Copying", total=None)
        counts = databases.copy(
            settings,
            source,
            target,
            lambda name, done, total: bar.update(task, completed=done, total=total, description=name),
        )
    typer.echo(f"Copied and compared: {sum(counts.values())} rows in {len(counts)} tables. The source is unchanged.")


def _unforeseen(error: Exception) -> SetupError:
    """A sentence for what nobody foresaw; the trace, without its words, for who mends it."""
    known = trouble.explained(error)
    if known is not None:
        return known
    return SetupError(
        _("Something went wrong that should not have ({kind}).").format(kind=type(error).__name__),
        _("Please report it with these lines:") + "\n" + logs.told(error),
    )


def _stop(error: SetupError) -> NoReturn:
    typer.echo(f"{error.problem}\n{error.remedy}", err=True)
    sys.exit(1)
