"""The rules of the library: what is shelved, changed and taken away, and by whom.

The rule it keeps: a thing changes hands only by its author, or by those who hold the permission in its own scope.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session
from yarl import URL

from copp_bot.core import items
from copp_bot.core.context import Acting, Effects
from copp_bot.core.describing import LONGEST_TITLE
from copp_bot.core.errors import UserError
from copp_bot.core.fetch import Page
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, ItemId, Scope, UserId, group_of
from copp_bot.core.media import Extract
from copp_bot.core.permissions import Policy, Viewer
from copp_bot.core.reply import clean
from copp_bot.core.store import items as items_store
from copp_bot.features.library import store
from copp_bot.features.library.addresses import alike
from copp_bot.features.library.finding import LETTER, LINK, Resource, describe
from copp_bot.features.library.wishes import Request, Wish

WITHDRAW_ANY, AUDIENCE_ANY, EDIT_ANY = "library.withdraw.any", "library.audience.any", "library.edit.any"
ADD = "library.add"


@dataclass(frozen=True)
class Shelved:
    """A resource on the shelf.

    Args:
        is_new: False when the same thing was there already, for the same readers.
        other: the same thing on another shelf, which the reader of the answer may see too.
    """

    resource: Resource
    is_new: bool
    other: Resource | None = None


def file_of(session: Session, item: store.Item) -> store.File | None:
    """The resource's file. The caller has passed the gate."""
    return next(iter(items_store.files_of(session, items.row_id(item))), None)


def shelve_link(effects: Effects, request: Request, url: str) -> Shelved:
    """Make a link's resource, at once and without asking the web."""
    address = alike(url)
    known = store.same_link(effects.session, request.seen, address)
    here = _on_the_same_shelf(request, known)
    if here is not None:
        return Shelved(describe(effects.session, here), is_new=False)
    item = _create(
        effects, request, request.title or name_of(url), request.description, request.language, request.licence
    )
    row = store.Resource(
        item_id=items.row_id(item), url=url, address=address, media_type=LINK, readable=bool(request.description)
    )
    store.add_resource(effects.session, row)
    return _newly_shelved(effects, item, known)


def shelve_file(effects: Effects, request: Request, file: store.NewFile, found: Extract) -> Shelved:
    """Make a file's resource from what was read in it; a copy that is not needed is deleted by a task."""
    known = store.same_file(effects.session, request.seen, file.sha256)
    here = _on_the_same_shelf(request, known)
    if here is not None:
        delete_copy(effects, file.path)
        return Shelved(describe(effects.session, here), is_new=False)
    title = request.title or found.title or _name_without_ending(file.name)
    licence = found.licence if request.licence is None else request.licence
    item = _create(
        effects, request, title, _both(request.description, found.text), request.language or found.language, licence
    )
    row = store.Resource(
        item_id=items.row_id(item),
        media_type=found.media_type,
        size=file.size,
        pages=found.pages,
        readable=found.is_readable,
        note=found.note,
        shelver=request.shelver,
    )
    store.add_resource(effects.session, row)
    spare = store.attach(effects.session, items.row_id(item), file, effects.now)
    if spare is not None:
        delete_copy(effects, spare)
    return _newly_shelved(effects, item, known)


def _on_the_same_shelf(request: Request, known: Sequence[store.Item]) -> store.Item | None:
    return next((item for item in known if item.audience == request.audience), None)


def _newly_shelved(effects: Effects, item: store.Item, known: Sequence[store.Item]) -> Shelved:
    other = describe(effects.session, known[0]) if known else None
    return Shelved(describe(effects.session, item), is_new=True, other=other)


def complete_link(effects: Effects, request: Request, item_id: ItemId, page: Page) -> Resource | None:
    """Add what a link's page says of itself; None when the resource has been withdrawn meanwhile.

    The page's title is taken where nobody has given a better one than the address.
    """
    session = effects.session
    item = items_store.get(session, item_id)
    if item is None or not store.is_live(item):
        return None
    row = store.resource(session, item_id)
    if page.title and item.title == name_of(row.url or ""):
        item.title = clean(page.title)[:LONGEST_TITLE]
    item.language = item.language or page.language
    item.licence = page.licence if item.licence is None else item.licence
    text = _both(request.description, _both(page.description, page.text))
    row.readable = bool(text)
    store.add_resource(session, row)
    items_store.index(session, item, text)
    return describe(session, item)


def note(effects: Effects, item_id: ItemId, sentence: str) -> Resource | None:
    """Keep what readers should know of it; None when it has been withdrawn meanwhile."""
    item = items_store.get(effects.session, item_id)
    if item is None or not store.is_live(item):
        return None
    row = store.resource(effects.session, item_id)
    row.note = sentence
    store.add_resource(effects.session, row)
    return describe(effects.session, item)


def delete_copy(effects: Effects, path: str) -> None:
    """Have a file of ours deleted that no item uses."""
    effects.task(items.DELETE_FILES, {"files": [{"path": path, "mxc": None}]})


def edit(ctx: Acting, item: store.Item, wish: Wish) -> None:
    """Change what is said of it; who shared it may, and those who may edit what others shared, which leaves a trace."""
    is_own = _has_shared(ctx, item)
    if not is_own and not ctx.may(EDIT_ANY, Scope(item.scope)):
        raise UserError(_("Only the person who shared it, or a steward of its group or area, can edit it."))
    if not wish.given and wish.url is None:
        raise UserError(
            _(
                "What shall be changed? Give a new title, #tags, lang: or licence:, for example: !library edit {id} "
                "Rhythm games #music licence:CC-BY-4.0"
            ).format(id=items.short_id(LETTER, item))
        )
    change_words(ctx.effects, item, wish)
    if not is_own:
        actor, author = ctx.viewer.user_id, UserId(item.author)
        changed = {"changed": ", ".join(wish.given)}  # and not the words: what is withdrawn later must be nowhere
        ctx.effects.audit("library.edit", Scope(item.scope), actor=actor, target=author, after=changed)


def change_words(effects: Effects, item: store.Item, wish: Wish) -> None:
    """Take title, tags, language and licence; what is left out stays, and so does what was shelved."""
    item_id = items.row_id(item)
    _check_address(store.resource(effects.session, item_id), wish, items.short_id(LETTER, item))
    text = items_store.text_of(effects.session, item_id)
    item.title = wish.title or item.title
    item.language = wish.language or item.language
    item.licence = item.licence if wish.licence is None else wish.licence or None
    item.updated_at = effects.now
    if wish.tags:
        store.replace_tags(effects.session, item_id, wish.tags)
    effects.session.add(item)
    effects.session.flush()
    items_store.index(effects.session, item, text)


def _check_address(row: store.Resource, wish: Wish, number: str) -> None:
    if wish.url is not None and (row.url is None or alike(wish.url) != row.address):
        raise UserError(
            _(
                "What {id} leads to stays as it is. To shelve another address: !library withdraw {id}, then "
                "!library add with the new one."
            ).format(id=number)
        )


def may_change_audience(policy: Policy, viewer: Viewer, item: store.Item, audience: Audience) -> None:
    """The author may; a steward of its scope may too, but does not make it public. Else a UserError says who may."""
    if viewer.user_id == item.author:
        return
    if audience != items.PUBLIC and policy.holds(viewer, AUDIENCE_ANY, Scope(item.scope)):
        return
    if audience == items.PUBLIC:
        raise UserError(_("Only the person who shared it can make it public. Ask them."))
    raise UserError(_("Only the person who shared it, or a steward of its group or area, can change who reads it."))


def group_audience(viewer: Viewer, item: store.Item, key: str | None) -> Audience | None:
    """The group that is meant by ``group``; None when the person has to say which."""
    own = group_of(item.scope)
    if key is None:
        key = own or (next(iter(viewer.groups)) if len(viewer.groups) == 1 else None)
    if key is None and viewer.groups:
        return None
    if key is None or (key not in viewer.groups and key != own):
        raise UserError(_("You are in no such group. See your groups with !groups"))
    return Audience(f"group:{key}")


def change_audience(effects: Effects, viewer: Viewer, item: store.Item, audience: Audience) -> None:
    """Let others read it, and leave a trace."""
    before = item.audience
    items.change_audience(effects, item, audience)
    effects.audit(
        "library.audience",
        Scope(item.scope),
        actor=viewer.user_id,
        target=UserId(item.author),
        before={"audience": before},
        after={"audience": audience},
    )


def withdraw(ctx: Acting, item: store.Item) -> None:
    """Take it off the shelf; who shared it may, and those who may withdraw what others shared."""
    is_own = _has_shared(ctx, item)
    if not is_own and not ctx.may(WITHDRAW_ANY, Scope(item.scope)):
        raise UserError(_("Only the person who shared it, or a steward of its group or area, can withdraw it."))
    if not is_own:
        actor, author = ctx.viewer.user_id, UserId(item.author)
        ctx.effects.audit("library.withdraw", Scope(item.scope), actor=actor, target=author)
    items.withdraw(ctx.effects, item, ctx.viewer.user_id)
    forget_resource(ctx.effects, items.row_id(item))


def _has_shared(ctx: Acting, item: store.Item) -> bool:
    return ctx.viewer.user_id in (item.author, store.resource(ctx.session, items.row_id(item)).shelver)


def forget_resource(effects: Effects, item_id: ItemId) -> None:
    """What goes with a withdrawn item besides what every item has."""
    store.delete_resource(effects.session, item_id)


def author_of(item: store.Item) -> UserId:
    """Who shelved it."""
    return UserId(item.author)


def _create(
    effects: Effects, request: Request, title: str, text: str, language: str | None, licence: str | None
) -> store.Item:
    new = items.NewItem(
        kind=store.KIND,
        scope=request.scope,
        audience=request.audience,
        author=request.author,
        title=clean(title)[:LONGEST_TITLE],
        text=text,
        tags=request.tags,
        language=language,
        licence=licence or None,
        room_id=request.room_id,
        event_id=request.event_id,
        command_event=request.command_event,
    )
    effects.count("library.shelved", request.scope)
    return items.create(effects, new)


def _both(first: str, second: str) -> str:
    return f"{first}\n\n{second}".strip()


def name_of(url: str) -> str:
    """An address as a title, until its page has told a better one."""
    readable = URL(url).human_repr()
    return clean(readable.split("://", 1)[-1].removeprefix("www.").rstrip("/"))[:LONGEST_TITLE]


def _name_without_ending(name: str) -> str:
    stem = clean(name).rsplit("/", 1)[-1]
    stem = stem.rsplit(".", 1)[0] if "." in stem[1:] else stem
    return " ".join(stem.replace("_", " ").split()) or _("Untitled")
