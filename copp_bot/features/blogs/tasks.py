"""The network edge of blogs: fetching the message or the file that a draft is made of.

The rule it keeps: only what someone wrote or posted themselves becomes their draft; a file is read as text and nothing
else, and no copy of it stays.
"""

import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core, TaskKind
from copp_bot.core.files import address_of
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import MxcUri
from copp_bot.core.matrix.events import parse
from copp_bot.core.matrix.port import Forbidden, Homeserver, Message, Missing, PostedFile, TooLarge
from copp_bot.features.blogs import finding, render, service, space
from copp_bot.features.blogs.writing import DRAFT, Request

LARGEST = 200_000
"""Bytes of a file that is looked at; a post is much shorter."""
ENDINGS = frozenset({".md", ".markdown", ".txt"})


@dataclass(frozen=True)
class Runners:
    """What the tasks need."""

    homeserver: Homeserver

    async def draft(self, payload: dict[str, Any]) -> TaskEffect:
        """Fetch what a draft is made of; the same run twice does the same."""
        request = Request.of(payload)
        with reading_in(request.reader_language):
            message = await self._message(request)
            text = message.body if message.file is None else await self._read(message.file)
            said = service.Words(request.title, text, request.tags, request.language)
            return partial(_begin, request, service.complete(said))

    def failed(self, effects: Effects, payload: dict[str, Any], sentence: str) -> None:
        """Say in the answer why there is no draft; a reaction has none."""
        request = Request.of(payload)
        if request.answer is None:
            return
        with reading_in(request.reader_language):
            effects.edit(request.answer, render.render_no_draft(sentence))

    async def _message(self, request: Request) -> Message:
        try:
            event = parse(await self.homeserver.event(request.room_id, request.event_id), request.room_id)
        except (Missing, Forbidden):
            event = None
        if not isinstance(event, Message):
            raise UserError(_("I cannot see that message any more. Post it again."))
        if event.sender != request.author:
            raise UserError(_("I make drafts only of what you wrote or posted yourself."))
        return event

    async def _read(self, file: PostedFile) -> str:
        if PurePath(file.name).suffix.lower() not in ENDINGS:
            raise UserError(_("I make drafts of text files: .md or .txt. Save it as one, or paste the text."))
        data = await self._fetch(address_of(file))
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            raise UserError(_("That is no plain text. Save it as text (UTF-8), and post it again."))
        return text

    async def _fetch(self, mxc: MxcUri) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "post"
            try:
                await self.homeserver.download(mxc, path, LARGEST)
            except TooLarge as error:
                raise UserError(
                    _("That file is too large for a post. Shelve it with !library add, or make a shorter one.")
                ) from error
            except (Missing, Forbidden) as error:
                raise UserError(_("The homeserver does not have that file any more. Post it again.")) from error
            return path.read_bytes()


def _begin(request: Request, words: service.Words, effects: Effects) -> None:
    origin = service.Origin(request.room_id, request.event_id, request.command_event)
    item = service.begin(effects, request.author, words, origin)
    with reading_in(request.reader_language):
        reply = render.render_draft(finding.describe(effects.session, item))
        if request.answer is None:
            effects.send(request.author, reply)
        else:
            effects.edit(request.answer, reply)


def kinds(core: Core) -> tuple[TaskKind, ...]:
    """The task kinds of this feature."""
    run = Runners(core.homeserver)
    return (TaskKind(DRAFT, run.draft, run.failed), space.kind(core))
