"""The operator's settings: the only reader of the environment.

Every field is also read from the file named by the same variable with ``_FILE`` appended, for secrets.
"""

import difflib
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from urllib.parse import SplitResult, quote, urlsplit

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId, is_user_id

log = logging.getLogger(__name__)
PREFIX = "COPP_"
ENV_FILE = ".env"
ENCODING = "utf-8-sig"
"""Of ``.env`` and of secrets' files: UTF-8, also with the mark that some editors put before it."""
NOT_OURS = frozenset({"COPP_FAIL_AT"})
"""Read elsewhere: where the rigs let the process end (``failpoint.py``)."""


class FileSecrets(PydanticBaseSettingsSource):
    """Reads ``COPP_X_FILE`` for field ``x``, unless something stronger says ``x``.

    Args:
        told: where the names of files are said: the environment, or ``.env``; names in lower case.
    """

    def __init__(self, settings_cls: type[BaseSettings], told: Mapping[str, str | None]) -> None:
        super().__init__(settings_cls)
        self._told = told

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        """The stripped content of the named file, or nothing."""
        name = f"{PREFIX}{field_name.upper()}_FILE"
        path = self._told.get(name.lower())
        return (read_secret(name, Path(path)) if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """All fields that have such a file."""
        wanted = [name for name in self.settings_cls.model_fields if name not in self.current_state]
        found = {name: self.get_field_value(None, name)[0] for name in wanted}
        return {name: value for name, value in found.items() if value is not None}


def read_secret(name: str, path: Path) -> str:
    """What stands in the file, without blanks around it.

    Args:
        name: the setting or the option that names the file.

    Raises:
        SetupError: it cannot be read, or is empty. The path is not shown: it may be a secret that was set by mistake.
    """
    reason: object = ""
    try:
        secret = path.read_text(encoding=ENCODING).strip()
    except UnicodeDecodeError:
        problem, remedy = _("{name} names a file that is not UTF-8 text."), _("Save it as UTF-8: the secret alone.")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        problem = _("{name} names a file that cannot be read ({reason}).")
        remedy = _("Name one that is there and that the bot's system account may read.")
    else:
        if secret:
            return secret
        problem, remedy = _("{name} names a file that is empty."), _("Write the secret into it.")
    raise SetupError(problem.format(name=name, reason=reason), remedy)


class Settings(BaseSettings):
    """Everything an operator may set, by environment (prefix ``COPP_``) or in ``.env``."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ENV_FILE, env_file_encoding=ENCODING, extra="ignore")

    homeserver: str = Field(description="Address of the homeserver, for example https://matrix.example.org")
    user_id: str = Field(description="The bot's account, for example @copp:example.org")
    password: SecretStr | None = Field(
        default=None, description="The bot's password; used once, to get a token that is kept"
    )
    access_token: SecretStr | None = Field(default=None, description="The bot's access token, instead of a password")
    admin_token: SecretStr | None = Field(
        default=None,
        description="Token of a server administrator: joins people to rooms without an invitation, lifts the "
        "bot's rate limits, deletes withdrawn media. Without it people are invited and media stay on the server",
    )
    data_dir: Path = Field(default=Path("var"), description="Folder for the database, files and lock")
    database_url: str | None = Field(
        default=None,
        repr=False,
        description="Database address, for example postgresql://copp:secret@db.example.org/copp; "
        "without it SQLite in the data folder",
    )
    rooms_config: Path = Field(default=Path("rooms_config"), description="Folder with the declared community")
    web_host: str = Field(default="127.0.0.1", description="Address the web pages listen on")
    web_port: int = Field(default=8080, ge=0, le=65535, description="Port of the web pages; 0 picks a free one")
    web_url: str | None = Field(
        default=None,
        description="Public address of the web pages, as members reach them, for example https://copp.example.org; "
        "without it nobody can sign in to them",
    )
    web_hsts_seconds: int = Field(
        default=0,
        ge=0,
        description="Seconds for which browsers shall come by https only (Strict-Transport-Security); 0 says nothing",
    )
    upload_limit: int = Field(default=50_000_000, gt=0, description="Largest file the library takes, in bytes")
    emergency_creators: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Additional creators of new rooms (room version 12): Matrix ids of people with unlimited power, "
        "for emergencies, separated by commas",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", description="DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="text for people, json for machines: one object a line"
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_capitals(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("emergency_creators", mode="before")
    @classmethod
    def _by_commas(cls, value: object) -> object:
        return value.replace(",", " ").split() if isinstance(value, str) else value

    @field_validator("homeserver")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// (or http:// on this machine)")
        if _server(value) is None:
            raise ValueError(
                "must be https:// and a name, for example https://matrix.example.org or http://127.0.0.1:8008"
            )
        return value.rstrip("/")

    @field_validator("web_url")
    @classmethod
    def _is_origin(cls, value: str | None) -> str | None:
        parts = _server(value.rstrip("/")) if value else None
        if value and (parts is None or parts.path):
            raise ValueError("must be https:// and a name, without a path, for example https://copp.example.org")
        return value.rstrip("/") if value else None

    @field_validator("access_token", "admin_token")
    @classmethod
    def _may_be_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not is_token(value.get_secret_value()):
            raise ValueError("must be the token alone: one word of ASCII letters, digits and signs")
        return value

    @field_validator("user_id")
    @classmethod
    def _is_user_id(cls, value: str) -> str:
        if not is_user_id(value):
            raise ValueError("must be a full Matrix id like @copp:example.org")
        return value

    @field_validator("emergency_creators")
    @classmethod
    def _are_user_ids(cls, value: list[str]) -> list[str]:
        return [cls._is_user_id(one) for one in value]

    @property
    def bot(self) -> UserId:
        """The bot's Matrix id."""
        return UserId(self.user_id)

    @property
    def database(self) -> str:
        """The database address in force."""
        return self.database_url or f"sqlite:///{quote(str(self.data_dir / 'copp.sqlite3'), safe='/ ')}"

    @classmethod
    def unknown(cls) -> dict[str, str]:
        """Names with our prefix that are set and mean nothing -> the setting that may be meant, or nothing."""
        known = [f"{PREFIX}{field.upper()}" for field in cls.model_fields]
        known += [f"{name}_FILE" for name in known]
        written = {*os.environ, *(name.upper() for name in dotenv_values(ENV_FILE, encoding=ENCODING))}
        strange = sorted(name for name in written if name.startswith(PREFIX) and name not in {*known, *NOT_OURS})
        return {name: next(iter(difflib.get_close_matches(name, known, 1)), "") for name in strange}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then ``.env``; in both the file of a secret before the secret itself."""
        told: list[PydanticBaseSettingsSource] = [init_settings]
        for source in (env_settings, dotenv_settings):
            told += [FileSecrets(settings_cls, cast("EnvSettingsSource", source).env_vars), source]
        return tuple(told)


class Unconnected(Settings):
    """The settings where nobody signs in, such as to check files: account and homeserver may be left out."""

    homeserver: str = "http://localhost"
    user_id: str = "@copp:localhost"


def is_token(text: str) -> bool:
    """Can this be an access token? What has blanks or other letters in it cannot stand in a header."""
    return text.isascii() and text.isprintable() and " " not in text and text != ""


def _server(value: str) -> SplitResult | None:
    """The parts of a server's address; None when it is none."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - raises ValueError for what is no number of a port
        (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    has_blanks = any(character.isspace() or not character.isprintable() for character in value)
    is_server = parts.scheme in ("http", "https") and parts.hostname and not has_blanks
    return parts if is_server and not (parts.query or parts.fragment or "\\" in value) else None


def _line_not_utf8() -> int:
    """The first line of ``.env`` that is not UTF-8, counted from 1."""
    text = Path(ENV_FILE).read_bytes().decode(ENCODING, errors="replace")
    return text.split("\ufffd", 1)[0].count("\n") + 1


def read_settings(kind: type[Settings] = Settings) -> Settings:
    """The settings, or a sentence that names what is missing or wrong."""
    try:
        settings = kind()  # type: ignore[call-arg]
    except ValidationError as error:
        raise wrong_settings(error, _("Set them in the environment or in the file .env; copp-bot init asks.")) from None
    except UnicodeDecodeError:
        raise SetupError(
            _("The file {file} is not UTF-8 text (line {line}).").format(file=ENV_FILE, line=_line_not_utf8()),
            _("Write that line anew, and save the file as UTF-8."),
        ) from None
    except OSError as error:
        raise SetupError(
            _("The file {file} cannot be read ({reason}).").format(file=ENV_FILE, reason=error.strerror),
            _("Give the bot's system account the right to read it."),
        ) from None
    for name, near in Settings.unknown().items():
        log.warning(
            _("There is no setting {name}; did you mean {near}?").format(name=name, near=near)
            if near
            else _("There is no setting {name}; docs/settings.md lists them.").format(name=name)
        )
    return settings


def wrong_settings(error: ValidationError, remedy: str) -> SetupError:
    """Every setting that is missing or wrong, by name; never a value, which may be a secret."""
    wrong = [f"{PREFIX}{'_'.join(map(str, e['loc'])).upper()} {_complaint(e)}" for e in error.errors()]
    return SetupError(_("The settings are not right: {wrong}.").format(wrong="; ".join(wrong)), remedy)


def _complaint(error: ErrorDetails) -> str:
    """Our words for what pydantic found; its own for what no setting of ours can be."""
    words = {
        "missing": _("is not set"),
        "int_parsing": _("must be a whole number"),
        "literal_error": _("must be {expected}"),
        "greater_than": _("must be more than {gt}"),
        "greater_than_equal": _("must be at least {ge}"),
        "less_than_equal": _("must be at most {le}"),
    }
    if error["type"] in words:
        return words[error["type"]].format(**error.get("ctx", {}))
    return error["msg"].removeprefix("Value error, ")
