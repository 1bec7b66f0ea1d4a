"""An operator's commands: argument parsing only. Heavy imports wait until a command runs."""

# ruff: noqa: PLC0415
import sys
from pathlib import Path
from typing import Annotated

import typer

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.operating.terminal import finish, moment, table, told

REF = {"ignore_unknown_options": True}
"""A reference may begin with a hyphen."""
Refs = Annotated[list[str] | None, typer.Argument(help="References, as list shows them.")]
All = Annotated[bool, typer.Option("--all", help="Everything that is in quarantine.")]
JobId = Annotated[str, typer.Argument(help="The job's id, as copp-bot jobs shows it.")]

quarantine = typer.Typer(help="Events that made a handler fail.", no_args_is_help=True)
jobs = typer.Typer(help="Scheduled jobs: alone, a list of them.", invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    """Give the command line these commands."""
    for command in (init, doctor, backup, restore):
        app.command()(command)
    app.add_typer(quarantine, name="quarantine")
    app.add_typer(jobs, name="jobs")


def init(
    homeserver: Annotated[str | None, typer.Option(help="Address of the homeserver, as clients use it.")] = None,
    user_id: Annotated[str | None, typer.Option(help="The bot's account, like @copp:example.org.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the bot's password; - reads standard input.")
    ] = None,
    admin_token_file: Annotated[
        Path | None, typer.Option(help="File with a server administrator's token, if there shall be one.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="What the community is called.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Its time zone, like Europe/Paris.")] = None,
    settings_only: Annotated[bool, typer.Option(help="Write .env alone, for example before a restore.")] = False,
) -> None:
    """Write the settings and a community to begin with; asks for what the options do not say."""
    from copp_bot.operating.init import Answers, refuse_to_overwrite
    from copp_bot.operating.init import init as begin

    refuse_to_overwrite()
    answers = Answers(
        homeserver=homeserver or _ask(_("Address of the homeserver"), "--homeserver", "https://matrix.example.org"),
        user_id=user_id or _ask(_("The bot's account"), "--user-id", "@copp:example.org"),
        password=_secret(password_file, _("The bot's password"), "--password-file") or "",
        admin_token=_secret(admin_token_file, None, "--admin-token-file"),
        title=title if title or settings_only else _maybe(_("What the community is called")),
        timezone=timezone if timezone or settings_only else _maybe(_("Its time zone, like Europe/Paris")),
    )
    for sentence in finish(begin(answers, with_rooms=not settings_only)):
        typer.echo(sentence)
    typer.echo(_("Now: copp-bot check, copp-bot plan, copp-bot apply --secretariat @you:example.org, copp-bot run."))


def doctor() -> None:
    """Look at everything an operator can mend; each line says what to do. Also while the bot runs."""
    settings = told()
    from copp_bot.operating import doctor as doctoring

    findings = finish(doctoring.examine(settings))
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.is_well else 'MEND'} {finding.sentence}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


def backup(
    target: Annotated[Path, typer.Argument(help="The archive to write, or a folder for it.")] = Path(),
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Put the bot's access token into it. Keep it like a password.")
    ] = False,
) -> None:
    """Write one archive of database, files and rooms_config; also while the bot runs."""
    settings = told()
    from copp_bot.operating import backup as backing

    path, made = finish(backing.backup(settings, target, with_token=with_token))
    size = path.stat().st_size / 1_000_000
    words = _("{file}: {count} files, {size:.1f} MB. It holds what members wrote: keep it where only you can read it.")
    typer.echo(words.format(file=path, count=len(made.parts), size=size))


def restore(
    archive: Annotated[Path, typer.Argument(help="What backup has written.")],
    keep_rooms_config: Annotated[
        bool, typer.Option("--keep-rooms-config", help="Leave the declared community that is here.")
    ] = False,
) -> None:
    """Bring an archive back into an empty data folder; never overwrites anything."""
    settings = told()
    from copp_bot.operating import restore as restoring

    made = restoring.restore(settings, archive, keep_rooms=keep_rooms_config)
    typer.echo(_("Restored as of {when}. copp-bot run goes on from there.").format(when=made.made_at))


@quarantine.command("list")
def list_quarantine() -> None:
    """What is there: reference, when, where, of which kind and why; never what somebody wrote."""
    settings = told()
    from copp_bot.operating import quarantine as kept

    entries = finish(kept.entries(settings))
    if not entries:
        typer.echo(_("Nothing is in quarantine."))
        return
    rows = [(e.ref, moment(e.at), e.room, e.kind, e.reason) for e in entries]
    typer.echo(table([(_("ref"), _("when"), _("where"), _("kind"), _("reason")), *rows]))


@quarantine.command(context_settings=REF)
def retry(refs: Refs = None, everything: All = False) -> None:
    """Put events back: the bot handles them anew, also when they are old."""
    settings = told()
    from copp_bot.operating import quarantine as kept
    from copp_bot.operating.database import when_done

    count = finish(kept.retry(settings, _named(refs, everything)))
    typer.echo(_("{count} put back.").format(count=count) + (f" {when_done(settings)}" if count else ""))


@quarantine.command(context_settings=REF)
def drop(refs: Refs = None, everything: All = False) -> None:
    """Give events up, and forget what they said."""
    settings = told()
    from copp_bot.operating import quarantine as kept

    count = finish(kept.drop(settings, _named(refs, everything)))
    typer.echo(_("{count} dropped.").format(count=count))


@jobs.callback()
def list_jobs(context: typer.Context) -> None:
    """Scheduled jobs; alone, every one: when it runs, when it last ran and how that ended, and when it runs next."""
    if context.invoked_subcommand is not None:
        return
    settings = told()
    from copp_bot.operating import jobs as office

    rows = []
    for state in finish(office.states(settings)):
        following = _("paused") if state.following is None else moment(state.following)
        if state.is_wished:
            following += " " + _("(and by hand, soon)")
        rows.append((state.job.id, str(state.job.rule), moment(state.last), state.outcome, following))
    typer.echo(table([(_("job"), _("when"), _("last run"), _("outcome"), _("next run")), *rows]))


@jobs.command("run")
def run_job(job: JobId) -> None:
    """Run a job once by hand, also one that is paused."""
    settings = told()
    from copp_bot.operating import jobs as office
    from copp_bot.operating.database import when_done

    finish(office.run(settings, job))
    typer.echo(_("{job} is to run once.").format(job=job) + f" {when_done(settings)}")


@jobs.command()
def pause(job: JobId) -> None:
    """Let a job rest."""
    settings = told()
    from copp_bot.operating import jobs as office

    finish(office.pause(settings, job))
    typer.echo(_("{job} rests until copp-bot jobs resume {job}.").format(job=job))


@jobs.command()
def resume(job: JobId) -> None:
    """Let a paused job run again."""
    settings = told()
    from copp_bot.operating import jobs as office

    finish(office.resume(settings, job))
    typer.echo(_("{job} runs again when it is due.").format(job=job))


def _named(refs: list[str] | None, everything: bool) -> list[str]:
    """The references; none stands for all, which must be meant."""
    if bool(refs) == everything:
        raise SetupError(_("Which ones?"), _("Name references, as copp-bot quarantine list shows them, or say --all."))
    return refs or []


def _ask(question: str, option: str, example: str) -> str:
    if not sys.stdin.isatty():
        raise _not_said(option)
    return str(typer.prompt(f"{question} ({example})")).strip()


def _maybe(question: str) -> str | None:
    """An answer that may be left out, where there is somebody to answer."""
    if not sys.stdin.isatty():
        return None
    return str(typer.prompt(question, default="", show_default=False)).strip() or None


def _secret(file: Path | None, question: str | None, option: str) -> str | None:
    """From the file, or asked without showing it; never from the command line, which other people can see."""
    if file == Path("-"):
        return sys.stdin.readline().strip()
    if file is not None:
        from copp_bot.core.settings import read_secret

        return read_secret(option, file)
    if question is None:
        return None
    if not sys.stdin.isatty():
        raise _not_said(option)
    return str(typer.prompt(question, hide_input=True))


def _not_said(option: str) -> SetupError:
    return SetupError(
        _("{option} is not given, and there is nobody to ask.").format(option=option),
        _("Say it: copp-bot init --help shows all options."),
    )
