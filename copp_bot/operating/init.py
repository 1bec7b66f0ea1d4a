"""The first step on a new machine: the settings in ``.env``, and a declared community to begin with.

The rule it keeps: what is there is never overwritten, and nothing is written before the homeserver has answered and
has taken the password.
"""

import asyncio
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from copp_bot import run
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.matrix.login import account_exists, connect
from copp_bot.core.settings import PREFIX, Settings, wrong_settings
from copp_bot.operating.starter import starter
from copp_bot.rooms.declaration import load

ENV = Path(".env")
ROOMS = Path("rooms_config")


@dataclass(frozen=True)
class Answers:
    """What must be known.

    Args:
        title: what the community is called; None leaves the starter's.
        timezone: an IANA name; None likewise.
    """

    homeserver: str
    user_id: str
    password: str
    admin_token: str | None = None
    title: str | None = None
    timezone: str | None = None


async def init(answers: Answers, *, with_rooms: bool = True) -> list[str]:
    """Check, write, and return a sentence for each thing that was done or left.

    Raises:
        SetupError: with what to do; nothing was written.
    """
    refuse_to_overwrite()
    settings = settings_of(answers)
    token = await _checked(settings)
    done = [_rooms(answers)] if with_rooms else []
    _write_env(answers)
    await asyncio.to_thread(run.keep_token, settings, token)
    return [_("{file} is written; only you can read it.").format(file=ENV), *done]


def refuse_to_overwrite() -> None:
    """SetupError when there are settings already."""
    if ENV.exists():
        raise SetupError(
            _("There is a file {file} already. Nothing is overwritten.").format(file=ENV.absolute()),
            _("Change it by hand, or begin in an empty folder."),
        )


def settings_of(answers: Answers) -> Settings:
    """The answers as settings; SetupError names what is wrong with them."""
    try:
        return Settings(
            _env_file=None,  # type: ignore[call-arg]
            homeserver=answers.homeserver,
            user_id=answers.user_id,
            password=answers.password,  # type: ignore[arg-type]
            admin_token=answers.admin_token,  # type: ignore[arg-type]
        )
    except ValidationError as error:
        raise wrong_settings(error, _("Answer again, or say it with the options: copp-bot init --help.")) from None


async def _checked(settings: Settings) -> str:
    """Sign in; the token, which spares the bot's first start a sign-in."""
    try:
        client = await connect(settings)
    except SetupError as error:
        if await account_exists(settings) is False:
            raise _no_account(settings) from error
        raise
    await client.close()
    return client.access_token


def _no_account(settings: Settings) -> SetupError:
    name = settings.user_id[1:].split(":", 1)[0]
    return SetupError(
        _("There is no account {user} at {address}.").format(user=settings.user_id, address=settings.homeserver),
        _(
            "Make it, as an ordinary account, with this password. On Synapse's machine: "
            "register_new_matrix_user -c /etc/matrix-synapse/homeserver.yaml -u {name} --no-admin {address}"
        ).format(name=name, address=settings.homeserver),
    )


def _write_env(answers: Answers) -> None:
    values = {
        "HOMESERVER": answers.homeserver,
        "USER_ID": answers.user_id,
        "PASSWORD": answers.password,
        "ADMIN_TOKEN": answers.admin_token,
    }
    lines = [f"{PREFIX}{name}={quoted(value)}\n" for name, value in values.items() if value]
    try:
        descriptor = os.open(ENV, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        refuse_to_overwrite()
        raise
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write("# Settings of copp_bot. All of them: docs/settings.md. Keep this file to yourself.\n")
        file.writelines(lines)


def quoted(value: str) -> str:
    """A value as python-dotenv reads it back: in single quotes nothing is replaced."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _rooms(answers: Answers) -> str:
    if ROOMS.exists():
        return _("{folder} is there already and stays as it is.").format(folder=ROOMS)
    with tempfile.TemporaryDirectory(dir=".", prefix=".copp-init-") as folder:
        begun = Path(folder) / ROOMS
        shutil.copytree(starter(), begun)
        file = begun / "community.yaml"
        file.write_text(_begun(file.read_text(encoding="utf-8"), answers), encoding="utf-8")
        load(begun)  # names what is wrong with a title or a zone
        begun.rename(ROOMS)
    return _("{folder} is written: a community to begin with. Make it yours.").format(folder=ROOMS)


def _begun(text: str, answers: Answers) -> str:
    """The starter's ``community.yaml`` with the answers; its comments stay."""
    if answers.title:
        text = re.sub(
            r"^( *)title: .*$", lambda m: f"{m[1]}title: {_yaml(answers.title or '')}", text, flags=re.MULTILINE
        )
    if answers.timezone:
        text = re.sub(
            r"^timezone: .*$", lambda _m: f"timezone: {_yaml(answers.timezone or '')}", text, flags=re.MULTILINE
        )
    return text


def _yaml(text: str) -> str:
    """A YAML scalar in double quotes; JSON's escapes are YAML's."""
    return json.dumps(text, ensure_ascii=False)
