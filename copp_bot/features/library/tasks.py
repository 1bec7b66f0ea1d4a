"""The library's network edge: fetching and reading files and linked pages.

The rule it keeps: what is fetched lies under a name of ours, is read in the cage alone, and a source that was
redacted while it was read is found out afterwards, when the resource is known to the redaction cascade.
"""

import asyncio
import hashlib
import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from copp_bot.core import items, media
from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core, RoomDirectory, TaskKind
from copp_bot.core.fetch import NoSuchPage, NoSuchSite, Page, Unfetched, fetch_page
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import EventId, ItemId, MxcUri, RoomId, UserId
from copp_bot.core.matrix.events import parse
from copp_bot.core.matrix.port import Forbidden, Homeserver, Message, Missing, PostedFile, TooLarge
from copp_bot.core.people import load_viewer
from copp_bot.core.readers import reader
from copp_bot.core.reply import clean
from copp_bot.core.store import items as items_store
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.words import audience_words
from copp_bot.features.library import render, service, store, wishes
from copp_bot.features.library.adding import READ_LINK, SHELVE, read_link
from copp_bot.features.library.finding import Resource
from copp_bot.features.library.uploads import FOLDER, POST_FILE, digest
from storage.database import Database

CONFIRM = "library.confirm"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Runners:
    """What the tasks need."""

    homeserver: Homeserver
    database: Database
    rooms: RoomDirectory
    data_dir: Path
    limit: int

    async def shelve(self, payload: dict[str, Any]) -> TaskEffect:
        """Fetch and read what a message carries; the same run twice does the same."""
        request = wishes.Request.of(payload)
        with reading_in(request.reader_language):
            message = await self._message(request)
            if message.event_id != request.event_id:
                request = replace(request, event_id=message.event_id, command_event=request.event_id)
            if message.file is not None:
                return await self._file(await self._for_poster(request, message), message.file)
            url = wishes.first_url(message.body)
            if url is None:
                raise UserError(_("There is neither a file nor a link in that message. Answer one that has."))
            return partial(self._put_link, request, url)

    async def read_link(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Ask a linked page for its title and text; without an answer the link stays as it is."""
        request, item_id = wishes.Request.of(payload["request"]), ItemId(payload["item"])
        try:
            page = await fetch_page(payload["url"])
        except (NoSuchPage, NoSuchSite) as reason:
            return partial(self._doubt_link, request, item_id, reason)
        except Unfetched as reason:
            log.info("a linked page could not be read: %s", reason)
            return None
        return partial(self._complete_link, request, item_id, page)

    async def confirm(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Was the source redacted before the resource was known? Then the resource goes too."""
        try:
            message = await self._look(RoomId(payload["room"]), EventId(payload["event"]))
        except (Missing, Forbidden):
            return None  # we are not in that room any more; the cascade has nothing to tell us either
        return None if message is not None else partial(_withdraw, ItemId(payload["item"]), payload["event"])

    async def post_file(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Put a file that came by a page on the homeserver too, so that the chat can hand it out.

        After a crash just behind the upload it is uploaded again; nothing points to the first one.
        """
        file = await self.database.read(lambda session: store.file(session, payload["file"]))
        if file is None or file.mxc is not None or file.path is None:
            return None
        mxc = await self.homeserver.upload(self.data_dir / file.path, file.media_type, file.name)
        return partial(_posted, payload["file"], mxc)

    def failed(self, effects: Effects, payload: dict[str, Any], sentence: str) -> None:
        """Say in the answer why it was not shelved."""
        request = wishes.Request.of(payload)
        with reading_in(request.reader_language):
            effects.edit(request.answer, render.render_not_shelved(sentence))

    async def _message(self, request: wishes.Request) -> Message:
        """The message with the file or link: the one that was meant, or the one which that command answers."""
        assert request.room_id is not None and request.event_id is not None  # a page brings its own file
        message = await self._seen(request.room_id, request.event_id)
        holds_nothing = message.file is None and wishes.first_url(message.body) is None
        if holds_nothing and message.reply_to is not None and message.sender == request.author:
            return await self._seen(request.room_id, message.reply_to)
        return message

    async def _for_poster(self, request: wishes.Request, message: Message) -> wishes.Request:
        """Who posted a file is its author, whoever shelves it; to more people than it was for only they bring it."""
        if message.sender == request.author:
            return request
        room = await self.database.read(lambda session: rooms_store.get(session, message.room_id))
        if room is None or not items.includes(wishes.audience_of(room.readers) or "", request.audience):
            raise UserError(
                _("Only who posted that file can shelve it for others than the readers of this room. Ask them to.")
            )
        return replace(request, author=message.sender, shelver=request.author)

    async def _seen(self, room_id: RoomId, event_id: EventId) -> Message:
        try:
            message = await self._look(room_id, event_id)
        except (Missing, Forbidden):
            message = None
        if message is None:
            raise UserError(_("I cannot see that message any more. Post it again."))
        return message

    async def _look(self, room_id: RoomId, event_id: EventId) -> Message | None:
        event = parse(await self.homeserver.event(room_id, event_id), room_id)
        return event if isinstance(event, Message) else None

    async def _file(self, request: wishes.Request, posted: PostedFile) -> TaskEffect:
        wishes.check_file(posted, self.limit)
        path = await asyncio.to_thread(self._own_path, request)
        try:
            size = await self._fetch(posted, path)
            found = await media.extract(path, posted.media_type, posted.name)
            sha256 = await asyncio.to_thread(digest, path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        file = store.NewFile(
            sha256=sha256,
            size=size,
            media_type=found.media_type,
            name=clean(posted.name)[:255],
            mxc=str(posted.mxc),
            path=f"{FOLDER}/{path.name}",
        )
        return partial(self._put_file, request, file, found)

    def dropped(self, payload: dict[str, Any]) -> None:
        """The command was redacted while the file was read: our copy goes, for nothing will name it."""
        self._own_path(wishes.Request.of(payload)).unlink(missing_ok=True)

    async def _fetch(self, posted: PostedFile, path: Path) -> int:
        assert posted.mxc is not None
        try:
            return await self.homeserver.download(posted.mxc, path, self.limit)
        except TooLarge as error:
            raise wishes.too_large(self.limit) from error
        except (Missing, Forbidden) as error:
            raise UserError(_("The homeserver does not have that file any more. Post it again.")) from error

    def _own_path(self, request: wishes.Request) -> Path:
        """The same for every attempt at one request, and different for every request."""
        folder = self.data_dir / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        return (
            folder / hashlib.sha256(f"{request.shelver or request.author}\n{request.answer}".encode()).hexdigest()[:32]
        )

    def _put_file(self, request: wishes.Request, file: store.NewFile, found: media.Extract, effects: Effects) -> None:
        shelved = service.shelve_file(effects, request, file, found)
        self._say_shelved(request, shelved, effects)
        if shelved.is_new and request.shelver is not None:
            self._tell_poster(request, request.shelver, shelved, effects)

    def _tell_poster(
        self, request: wishes.Request, shelver: UserId, shelved: service.Shelved, effects: Effects
    ) -> None:
        names = people_store.names(effects.session, [shelver])
        with reading_in(reader(effects.session, request.author, self.rooms).language):
            audience = audience_words(self.rooms, request.audience)
            reply = render.render_shelved_by_another(shelved.resource, names.get(shelver, shelver), audience)
        effects.send(request.author, reply.towards(request.author))

    def _put_link(self, request: wishes.Request, url: str, effects: Effects) -> None:
        shelved = service.shelve_link(effects, request, url)
        self._say_shelved(request, shelved, effects)
        if shelved.is_new:
            effects.task(READ_LINK, read_link(request, shelved.resource.id, url))

    def _complete_link(self, request: wishes.Request, item_id: ItemId, page: Page, effects: Effects) -> None:
        if request.licence is not None:
            page = replace(page, licence=None)
        self._say_read(request, service.complete_link(effects, request, item_id, page), effects)

    def _doubt_link(self, request: wishes.Request, item_id: ItemId, reason: Unfetched, effects: Effects) -> None:
        with reading_in(request.reader_language):
            note = _("The site says that it has no such page: look at the address once more.")
            if isinstance(reason, NoSuchSite):
                note = _("I find no site of that name: look at the address once more.")
        self._say_read(request, service.note(effects, item_id, note), effects)

    def _say_read(self, request: wishes.Request, shown: Resource | None, effects: Effects) -> None:
        if shown is not None and shown.audience == request.audience:  # else the answer is redacted, and stays so
            self._answer(request, service.Shelved(shown, is_new=True), effects)

    def _say_shelved(self, request: wishes.Request, shelved: service.Shelved, effects: Effects) -> None:
        self._answer(request, shelved, effects)
        if shelved.is_new and request.event_id is not None:
            payload = {"room": request.room_id, "event": request.event_id, "item": shelved.resource.id}
            effects.task(CONFIRM, payload)

    def _answer(self, request: wishes.Request, shelved: service.Shelved, effects: Effects) -> None:
        if not request.answer:
            return
        author = load_viewer(effects.session, request.author, effects.now)
        with reading_in(request.reader_language):
            audience = audience_words(self.rooms, shelved.resource.audience)
            effects.edit(request.answer, render.render_shelved(shelved, audience, author))


def kinds(core: Core) -> tuple[TaskKind, ...]:
    """The task kinds of this feature."""
    settings = core.settings
    run = Runners(core.homeserver, core.database, core.rooms, settings.data_dir, settings.upload_limit)
    return (
        TaskKind(SHELVE, run.shelve, run.failed, dropped=run.dropped),
        TaskKind(READ_LINK, run.read_link, is_bulk=True),
        TaskKind(CONFIRM, run.confirm),
        TaskKind(POST_FILE, run.post_file, is_bulk=True),
    )


def _withdraw(item_id: ItemId, event: str, effects: Effects) -> None:
    item = items_store.get(effects.session, item_id)
    if item is not None and store.is_live(item):
        service.forget_resource(effects, item_id)
        items.withdraw(effects, item, service.author_of(item), is_message_gone=event == item.event_id)


def _posted(file_id: int, mxc: MxcUri, effects: Effects) -> None:
    """Note where it is; what was withdrawn meanwhile goes from there too."""
    if not store.note_mxc(effects.session, file_id, mxc):
        effects.task(items.DELETE_FILES, {"files": [{"path": None, "mxc": mxc}]})
