"""The configuration of the local Synapse: closed to the world, and its secrets made once per folder.

Written as JSON, which is YAML too. Options: https://element-hq.github.io/synapse/latest/usage/configuration/
"""

import base64
import json
import secrets as random
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.demo import keep

Limits = Literal["generous", "default"] | Mapping[str, Any]
"""Rate limits: nobody's, Synapse's own, or generous ones apart from these."""
CONFIG, SECRETS, SIGNING_KEY, LOG_CONFIG = "homeserver.yaml", "secrets.json", "signing.key", "log.yaml"
_UNLIMITED = {"per_second": 10_000, "burst_count": 10_000}


@dataclass(frozen=True)
class Secrets:
    """What a folder's server must keep from start to start."""

    server_name: str
    registration_shared_secret: str
    macaroon_secret_key: str
    form_secret: str


def load_secrets(folder: Path, server_name: str) -> Secrets:
    """The folder's secrets, made at the first start.

    Raises:
        SetupError: the folder belongs to a server of another name, or is damaged.
    """
    path = folder / SECRETS
    if not path.exists():
        made = Secrets(server_name, *(random.token_urlsafe(32) for _number in range(3)))
        keep.write_private(path, asdict(made))
    said = keep.read(path)
    if said.keys() != {one.name for one in fields(Secrets)}:
        raise keep.damaged(path)  # and no server begins with an empty secret
    kept = Secrets(**said)
    if kept.server_name != server_name:
        raise SetupError(
            _("{folder} holds the homeserver {kept}, not {wanted}.").format(
                folder=folder, kept=kept.server_name, wanted=server_name
            ),
            _("A homeserver cannot change its name: choose another folder (--data-dir DIR)."),
        )
    return kept


def write_config(folder: Path, port: int, secrets: Secrets, *, test: bool, limits: Limits) -> Path:
    """Write the configuration, and the signing key when there is none; returns the configuration's path."""
    key = folder / SIGNING_KEY
    if not key.exists():
        _write_private(key, _signing_key())
    (folder / LOG_CONFIG).write_text(json.dumps(_logging()), encoding="utf-8")
    config = _config(folder, port, secrets)
    config |= _for_tests() if test else {"bcrypt_rounds": 8}
    if limits != "default":
        config |= _generous() | ({} if limits == "generous" else dict(limits))
    path = folder / CONFIG
    _write_private(path, json.dumps(config, indent=2))
    return path


def _config(folder: Path, port: int, secrets: Secrets) -> dict[str, Any]:
    return {
        **asdict(secrets),
        "public_baseurl": f"http://127.0.0.1:{port}/",
        "listeners": [
            {
                "port": port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "tls": False,
                "resources": [{"names": ["client"], "compress": False}],
            }
        ],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / SIGNING_KEY),
        "log_config": str(folder / LOG_CONFIG),
        "pid_file": str(folder / "homeserver.pid"),
        "federation_domain_whitelist": [],
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "enable_registration": False,
        "url_preview_enabled": False,
        "report_stats": False,
        "default_room_version": "12",
        "presence": {"enabled": False},
        "allow_public_rooms_without_auth": False,
        "room_list_publication_rules": [{"action": "allow"}],
        "caches": {"global_factor": 0.5},
    }


def _for_tests() -> dict[str, Any]:
    return {"bcrypt_rounds": 4, "caches": {"global_factor": 0.5, "sync_response_cache_duration": "0s"}}


def _generous() -> dict[str, Any]:
    """Rate limits that nobody meets."""
    flat = (
        "rc_message",
        "rc_registration",
        "rc_joins_per_room",
        "rc_room_creation",
        "rc_admin_redaction",
        "rc_media_create",
        "rc_reports",
        "rc_user_directory",
        "rc_profile",
    )
    nested = {
        "rc_login": ("address", "account", "failed_attempts"),
        "rc_joins": ("local", "remote"),
        "rc_invites": ("per_room", "per_user", "per_issuer"),
    }
    limits: dict[str, Any] = dict.fromkeys(flat, _UNLIMITED)
    return limits | {name: dict.fromkeys(parts, _UNLIMITED) for name, parts in nested.items()}


def _logging() -> dict[str, Any]:
    """To standard error, which is the log file; warnings only, since a client's every call is a line at INFO."""
    return {
        "version": 1,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
        "handlers": {"file": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["file"]},
        "disable_existing_loggers": False,
    }


def _signing_key() -> str:
    """A fresh Ed25519 seed in the form of signedjson: ``ed25519 <version> <unpadded base64>``."""
    seed = base64.b64encode(random.token_bytes(32)).decode().rstrip("=")
    return f"ed25519 a_{random.token_hex(2)} {seed}\n"


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
