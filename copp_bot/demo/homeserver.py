"""A real Synapse of one's own, for the demonstration and for tests: its own process, SQLite, this machine only.

The rule it keeps: everything lies in one folder, which a later start resumes; nothing listens but 127.0.0.1; and the
process never outlives the one that started it.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import hmac
import os
from pathlib import Path
from typing import Any, BinaryIO

import aiohttp

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.demo import tether
from copp_bot.demo.homeserver_config import Limits, Secrets, load_secrets, write_config
from copp_bot.demo.ports import HOST, free_port

START_SECONDS = 120.0
STOP_SECONDS = 10.0
FIRST_POLL, LAST_POLL = 0.05, 0.5
HEALTH_PATIENCE = aiohttp.ClientTimeout(total=5.0)
LOCK_SECONDS = 15.0
LOG_LINES = 12


class LocalHomeserver:
    """A running homeserver; made by ``start``.

    Attributes:
        base_url: address of its client-server API.
        server_name: the part of user ids after the colon.
        folder: everything it keeps; ``homeserver.log`` lies there.
    """

    def __init__(self, folder: Path, port: int, secrets: Secrets, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self.port = port
        self.base_url = f"http://{HOST}:{port}"
        self.server_name = secrets.server_name
        self._secret = secrets.registration_shared_secret
        self._process = process

    @property
    def pid(self) -> int:
        """Process id of Synapse."""
        return self._process.pid

    @classmethod
    async def start(
        cls,
        folder: Path,
        port: int = 0,
        *,
        server_name: str = "copp.localhost",
        test: bool = False,
        limits: Limits = "generous",
    ) -> "LocalHomeserver":
        """Start, or resume what the folder holds, and return when it answers.

        Args:
            folder: made when it is not there.
            port: 0 picks a free one.
            server_name: must be the same at every start in a folder.
            test: cheap passwords, and no cached ``/sync`` answers.
            limits: ``default`` keeps Synapse's own rate limits.

        Raises:
            SetupError: the port is taken, the folder is in use or another server's, or Synapse did not come up.
        """
        folder = _made(folder)
        secrets = load_secrets(folder, server_name)
        with await _folder_lock(folder) as lock:
            port = free_port(port, "--homeserver-port")
            config = write_config(folder, port, secrets, test=test, limits=limits)
            process = await _launch(config, lock)
        homeserver = cls(folder, port, secrets, process)
        try:
            await homeserver._answering()
        except BaseException:
            await homeserver.stop()
            raise
        return homeserver

    async def create_account(
        self, localpart: str, password: str, display_name: str | None = None, admin: bool = False
    ) -> str:
        """Register an account by the shared secret; one that exists already stays as it is.

        Returns:
            The user id.
        """
        user_id = f"@{localpart}:{self.server_name}"
        nonce = (await self._call("GET", "/_synapse/admin/v1/register"))["nonce"]
        answer = await self._call(
            "POST",
            "/_synapse/admin/v1/register",
            {
                "nonce": nonce,
                "username": localpart,
                "password": password,
                "displayname": display_name or localpart,
                "admin": admin,
                "mac": _registration_mac(self._secret, nonce, localpart, password, admin),
                "inhibit_login": True,
            },
        )
        if "errcode" in answer and answer["errcode"] != "M_USER_IN_USE":
            raise _refused(_("make the account {name}").format(name=user_id), answer)
        return user_id

    async def login(self, localpart: str, password: str, device_id: str | None = None) -> str:
        """A fresh access token; with ``device_id`` for that device."""
        body: dict[str, Any] = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": localpart},
            "password": password,
        }
        if device_id is not None:
            body["device_id"] = device_id
        answer = await self._call("POST", "/_matrix/client/v3/login", body)
        if "access_token" not in answer:
            raise _refused(_("sign in {name}").format(name=localpart), answer)
        return str(answer["access_token"])

    async def wait(self) -> int:
        """Return when the process has ended, with its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """End the process, by force when it takes longer than ten seconds."""
        if self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def _answering(self) -> None:
        """Poll ``/health`` until it answers; a process that dies meanwhile is reported with its last words."""
        deadline = asyncio.get_running_loop().time() + START_SECONDS
        pause = FIRST_POLL
        died = asyncio.ensure_future(self._process.wait())
        try:
            while not await self._is_healthy():
                if asyncio.get_running_loop().time() > deadline:
                    raise self._failure(_("The homeserver did not answer within two minutes."))
                await asyncio.wait({died}, timeout=pause)
                if died.done():
                    raise self._failure(_("The homeserver ended while it was starting."))
                pause = min(pause * 1.3, LAST_POLL)
        finally:
            died.cancel()

    async def _is_healthy(self) -> bool:
        try:
            async with (
                aiohttp.ClientSession(timeout=HEALTH_PATIENCE) as session,
                session.get(f"{self.base_url}/health") as answer,
            ):
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _failure(self, problem: str) -> SetupError:
        log = self.folder / "homeserver.log"
        words = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
        remedy = _("Its last words are below, all of them in {log}:").format(log=log)
        return SetupError(problem, f"{remedy}\n{words}")

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.base_url + path, json=body) as answer,
        ):
            result: dict[str, Any] = await answer.json()
            return result


def _made(folder: Path) -> Path:
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _registration_mac(secret: str, nonce: str, localpart: str, password: str, admin: bool) -> str:
    """Synapse's shared-secret registration: HMAC-SHA1 over the fields joined by NUL."""
    fields = "\0".join((nonce, localpart, password, "admin" if admin else "notadmin"))
    return hmac.new(secret.encode(), fields.encode(), hashlib.sha1).hexdigest()


def _refused(what: str, answer: dict[str, Any]) -> SetupError:
    problem = _("The homeserver would not {what}: {reason}.").format(what=what, reason=answer.get("error", answer))
    return SetupError(problem, _("If its folder comes from elsewhere, start with an empty one."))


async def _folder_lock(folder: Path) -> BinaryIO:
    """An exclusive lock on the folder, which the homeserver inherits and so holds for as long as it lives."""
    deadline = asyncio.get_running_loop().time() + LOCK_SECONDS
    lock = (folder / "lock").open("ab")
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if asyncio.get_running_loop().time() > deadline:
                lock.close()
                raise SetupError(
                    _("Another homeserver is running in {folder}.").format(folder=folder),
                    _("Stop it, or choose another folder (--data-dir DIR)."),
                ) from None
            await asyncio.sleep(LAST_POLL)  # the one of the last run may still be ending
        else:
            return lock


async def _launch(config: Path, lock: BinaryIO) -> asyncio.subprocess.Process:
    """Start Synapse in a session of its own, so that Ctrl-C reaches only us and we end it in order."""
    with (config.parent / "homeserver.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *tether.command("synapse.app.homeserver", "--config-path", str(config)),
            cwd=config.parent,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(lock.fileno(),),
            start_new_session=True,
        )
