"""The library's pages: the web edge over the same services as the chat commands."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from copp_bot.core import items
from copp_bot.core.commands.declare import Args
from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.feature import Action, Core, Page, Panel, RoomDirectory
from copp_bot.core.finding import page_of
from copp_bot.core.i18n import current_language, deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, Scope, TxnId, UserId, group_of
from copp_bot.core.permissions import Viewer
from copp_bot.core.web.page import Deed, Download, Form, Redirect, View, Visit, Where
from copp_bot.features.library import deciding, finding, render_pages, service, store, uploads, wishes
from copp_bot.features.library.adding import READ_LINK, read_link
from copp_bot.features.library.service import ADD, AUDIENCE_ANY, EDIT_ANY, WITHDRAW_ANY

SEARCH, AUDIENCE = "library.search", "library.audience"
ON_A_PAGE, ON_A_PANEL, MOST_TAGS = 20, 6, 100
ITEM = "/library/{id:L[0-9]{1,12}}"


@dataclass(frozen=True)
class Pages:
    """What the pages need beside their visit."""

    rooms: RoomDirectory
    bot: UserId
    data_dir: Path
    reader: uploads.Reader = field(default_factory=lambda: uploads.Reader(asyncio.Semaphore(uploads.AT_ONCE)))

    def list(self, visit: Visit) -> View:
        """The newest, or what a search finds."""
        words, args = visit.asked("q"), _filters(visit.query)
        seen, page = self._seen(visit), page_of(args)
        having = wishes.having(args, seen, self.rooms, self.bot)
        results = finding.search(visit.session, seen, words, having, page, ON_A_PAGE) if words else None
        newest, has_more = ((), False) if words else finding.newest(visit.session, seen, ON_A_PAGE, having, page)
        shown = results.hits if results else newest
        has_more = results.has_more if results else has_more
        values = {
            "words": words,
            "having": having,
            "cards": render_pages.cards(shown, self.rooms),
            "total": results.total if results else None,
            "suggestions": [
                (word, render_pages.address(word, having)) for word in (results.suggestions if results else ())
            ],
            "without": results.without if results else 0,
            "wider": render_pages.address(words, store.Having()),
            "narrowed": render_pages.narrowed(words, having),
            "languages": render_pages.languages(having.language, _("any")),
            "licences": render_pages.licences(having.licence, _("any")),
            "before": render_pages.address(words, having, page - 1) if page > 1 else None,
            "after": render_pages.address(words, having, page + 1) if has_more else None,
            "may_add": visit.may(ADD),
        }
        return View("library/list.html", values)

    def tags(self, visit: Visit) -> View:
        """The tags in use; by themselves, because counting them takes longer than finding."""
        found = finding.tags(visit.session, self._seen(visit), MOST_TAGS)
        return View("library/tags.html", {"tags": render_pages.counted(found)})

    def show(self, visit: Visit) -> View:
        """One resource."""
        item = self._find(visit)
        values = {"card": self._card(visit, item), "may_change": bool(self._rights(visit, item))}
        return View("library/show.html", values)

    def file(self, visit: Visit) -> Download:
        """Its file; the gate is asked for each request."""
        file = service.file_of(visit.session, self._find(visit))
        if file is None or file.path is None or not (self.data_dir / file.path).is_file():
            raise NotFound("")
        return Download(file.path, file.name, file.media_type)

    def adding(self, visit: Visit) -> View:
        """The form for a new one."""
        values = {
            "shelves": render_pages.shelves(self.rooms, visit.viewer.groups),
            "shelf": visit.form.text("for") or visit.asked("for"),
            "languages": render_pages.languages(None),
            "licences": render_pages.licences(None),
        }
        return View("library/add.html", values)

    def changing(self, visit: Visit) -> View:
        """The forms for what may be changed."""
        item = self._find(visit)
        rights = self._rights(visit, item)
        if not rights:
            raise NotFound("")
        card = self._card(visit, item)
        is_own = item.author == visit.viewer.user_id
        values = {
            "card": card,
            "rights": rights,
            "languages": render_pages.languages(item.language),
            "licences": render_pages.licences(item.licence),
            "audiences": render_pages.audiences(
                self.rooms, card.resource.audience, sorted(visit.viewer.groups), is_own=is_own
            ),
        }
        return View("library/edit.html", values)

    async def receive(self, form: Form) -> uploads.ReadFile | None:
        """Read the file, before anything is written."""
        return await self.reader.read(form.upload) if form.upload is not None else None

    def add(self, deed: Deed) -> Redirect:
        """Shelve a file or a link."""
        read: uploads.ReadFile | None = deed.form.received
        wish = wishes.wish_of(_said(deed.form))
        if read is None and wish.url is None:
            raise UserError(_("What shall I shelve? Choose a file, or give an address that begins with https://"))
        if read is not None and wish.url is not None:
            raise UserError(_("One at a time, please: either a file or an address."))
        seen = self._seen(deed)
        shelf = wishes.shelf_of(wish, deed.viewer, deed.place, seen)
        if shelf is None:
            raise UserError(_("Who may read it? Choose below."))
        deed.require(ADD, shelf.scope)
        request = _request(deed.viewer, wish, shelf, seen)
        if read is not None:
            shelved = uploads.shelve(deed.effects, request, read, self.data_dir)
        else:
            shelved = service.shelve_link(deed.effects, request, wish.url or "")
            if shelved.is_new:
                deed.effects.task(READ_LINK, read_link(request, shelved.resource.id, wish.url or ""))
        return Redirect(f"/library/{shelved.resource.number}?done={'added' if shelved.is_new else 'there'}")

    def edit(self, deed: Deed) -> Redirect:
        """Change what is said of it."""
        item = self._find(deed)
        deciding.edit(deed, self.rooms, item, wishes.wish_of(_said(deed.form, no_licence=wishes.NO_LICENCE)))
        return Redirect(f"/library/{deed.path['id']}?done=changed")

    def change_audience(self, deed: Deed) -> Redirect:
        """Let others read it; public only by an explicit yes of the author."""
        item = self._find(deed)
        wanted = Audience(deed.form.text("audience"))
        if group_of(wanted) is not None:
            service.group_audience(deed.viewer, item, group_of(wanted))
        elif wanted not in (items.PUBLIC, items.FOR_COMMUNITY):
            raise UserError(_("Who may read it? Choose below."))
        service.may_change_audience(deed.policy, deed.viewer, item, wanted)
        if wanted == items.PUBLIC and item.audience != wanted and deed.form.text("sure") != "yes":
            raise UserError(
                _("Public means that anybody can read and keep it, member or not. Tick the box if you want that.")
            )
        if item.audience != wanted:
            deciding.change_audience(deed, self.rooms, item, wanted)
        is_seen = wanted in self._seen(deed)
        return Redirect(f"/library/{deed.path['id']}?done=audience" if is_seen else "/library")

    def withdraw(self, deed: Deed) -> Redirect:
        """Take it off the shelf."""
        item = self._find(deed)
        if deed.form.text("sure") != "yes":
            raise UserError(_("Tick the box if you want to take it back: it cannot be undone."))
        deciding.withdraw(deed, self.rooms, item)
        return Redirect("/library?done=withdrawn")

    def newest(self, visit: Visit) -> View | None:
        """The newest for the home page."""
        shown, _has_more = finding.newest(visit.session, self._seen(visit), ON_A_PANEL, store.Having())
        return View("library/newest.html", {"cards": render_pages.cards(shown, self.rooms)})

    def public(self, visit: Visit) -> View | None:
        """What everybody may read, for the front page."""
        shown, _has_more = finding.newest(visit.session, {items.PUBLIC}, ON_A_PANEL, store.Having())
        return View("library/public.html", {"cards": render_pages.cards(shown, self.rooms)}) if shown else None

    def _card(self, visit: Visit, item: store.Item) -> render_pages.Card:
        return render_pages.card(finding.describe(visit.session, item), self.rooms)

    def _rights(self, visit: Visit, item: store.Item) -> frozenset[str]:
        """What this person may change of it: ``edit``, ``audience``, ``withdraw``."""
        if not visit.is_known:
            return frozenset()
        is_own, scope = item.author == visit.viewer.user_id, Scope(item.scope)
        by = {"edit": EDIT_ANY, "audience": AUDIENCE_ANY, "withdraw": WITHDRAW_ANY}
        return frozenset(name for name, permission in by.items() if is_own or visit.may(permission, scope))

    def _find(self, at: Visit | Deed) -> store.Item:
        return finding.find(at.session, self._seen(at), int(at.path["id"][1:]))

    def _seen(self, at: Visit | Deed) -> frozenset[Audience]:
        return items.audiences(at.session, at.viewer, at.place, self.bot)


def pages(run: Pages) -> tuple[Page, ...]:
    """The pages of this feature."""
    return (
        Page("/library", run.list, SEARCH, deferred("Library"), 10),
        Page("/library/tags", run.tags, SEARCH),
        Page("/library/add", run.adding, ADD),
        Page(ITEM, run.show),
        Page(f"{ITEM}/file", run.file),
        Page(f"{ITEM}/edit", run.changing, ADD),
    )


def actions(run: Pages) -> tuple[Action, ...]:
    """The changes of this feature."""
    return (
        Action("/library/add", run.add, ADD, run.adding, run.receive, takes_file=True),
        Action(f"{ITEM}/edit", run.edit, ADD, run.changing),
        Action(f"{ITEM}/audience", run.change_audience, AUDIENCE, run.changing),
        Action(f"{ITEM}/withdraw", run.withdraw, ADD, run.changing),
    )


def panels(run: Pages) -> tuple[Panel, ...]:
    """What this feature adds to other pages."""
    return (Panel(Where.HOME, run.newest), Panel(Where.FRONT, run.public))


def built(core: Core) -> Pages:
    """What the pages of this feature share."""
    return Pages(core.rooms, core.settings.bot, core.settings.data_dir)


def _filters(query: Mapping[str, str]) -> Args:
    """A search as the chat command says it."""
    options = {name: query[name].strip() for name in ("lang", "licence", "page") if query.get(name, "").strip()}
    return Args({"words": query.get("q", "")}, options, _tags(query.get("tag", "")))


def _said(form: Form, *, no_licence: str = "") -> Args:
    """A form as the chat command says it; ``no_licence`` is what an empty field means."""
    words = f"{form.text('url')} {form.text('title')}".strip()
    options: dict[str, Any] = {"lang": form.text("language"), "licence": form.text("licence") or no_licence}
    options["for"] = form.text("for")
    return Args({"title": words}, {name: said for name, said in options.items() if said}, _tags(form.text("tags")))


def _tags(said: str) -> tuple[str, ...]:
    return tuple(word for part in said.replace(",", " ").split() if (word := part.lstrip("#")))


def _request(viewer: Viewer, wish: wishes.Wish, shelf: wishes.Shelf, seen: frozenset[Audience]) -> wishes.Request:
    return wishes.Request(
        room_id=None,
        event_id=None,
        command_event=None,
        author=viewer.user_id,
        scope=shelf.scope,
        audience=shelf.audience,
        title=wish.title,
        tags=wish.tags,
        language=wish.language,
        licence=wish.licence,
        seen=tuple(sorted(seen)),
        answer=TxnId(""),
        reader_language=current_language(),
    )
