"""The rules of blogs: what is drafted, published, changed and taken back, and by whom.

The rule it keeps: a draft is its author's alone; only the author changes or publishes a post, and a steward of its
scope may withdraw it. A comment is for those who can read the room it was said in, also when the post is for more.
"""

import json
import re
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.context import Context, Effects, Place
from copp_bot.core.describing import checked_title
from copp_bot.core.errors import UserError
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, Audience, EventId, ItemId, RoomId, Scope, UserId, group_of, group_scope
from copp_bot.core.markdown import prose, tidy, words_of
from copp_bot.core.matrix.port import Message
from copp_bot.core.permissions import Viewer
from copp_bot.core.reply import shorten
from copp_bot.core.store import items as items_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.blogs import store
from copp_bot.rooms.personal import blog_key
from storage.search.words import guess_language

READ, WRITE, WITHDRAW_ANY = "blog.read", "blog.write", "blog.withdraw.any"
JOURNAL, JOURNAL_LETTER = "journal", "J"
"""Items of another feature, of which a draft can be made."""
LONGEST_NUMBER = 12
BLOGS = "blogs"
"""Key of the community's room for posts."""
COMMENTED = frozenset({"m.text", "m.emote"})
LONGEST = 12_000
"""Characters of a post: it stands whole in one message, and an edit of that message has it twice."""
LARGEST = 30_000
"""Bytes of it as text and HTML; an event has 65,536 at most (Client-Server API, Size limits)."""
LONGEST_COMMENT = 10_000
TITLE_OF_TEXT = 80
MOST_FOLLOWED = 200
_HEADING = re.compile(r"#{1,3}[ \t]+([^\n]+?)[ \t#]*\n+(.+)", re.DOTALL)


@dataclass(frozen=True)
class Words:
    """What a post says: its title, its Markdown, tags and language; what is empty was not said."""

    title: str = ""
    text: str = ""
    tags: tuple[str, ...] = ()
    language: str | None = None


@dataclass(frozen=True)
class Origin:
    """The messages a draft comes from: redacting one of them takes the draft, and the post, back."""

    room_id: RoomId
    event_id: EventId
    command_event: EventId | None = None


@dataclass(frozen=True)
class Target:
    """Where a post is published, and for whom."""

    scope: Scope
    audience: Audience
    room_id: RoomId


def complete(words: Words) -> Words:
    """Words that make a post: where no title was given it is the first heading, else the beginning of the text."""
    text = tidy(words.text)
    if not text:
        raise UserError(
            _(
                "A post needs a text. Write it on the lines after the title (Shift and Enter begin a new line), or "
                "post it as a .md file with !blog new as its caption."
            )
        )
    check_length(text)
    found = None if words.title else _HEADING.match(text)
    if found is not None:
        return replace(
            words, title=checked_title(shorten(words_of(found[1]), TITLE_OF_TEXT)), text=found[2].strip("\n")
        )
    title = words.title or shorten(words_of(text).partition("\n")[0], TITLE_OF_TEXT) or _("Untitled")
    return replace(words, title=checked_title(title), text=text)


def check_length(text: str) -> None:
    """A UserError for a text that is too long for one message."""
    span = prose(text)
    size = len(json.dumps([span.plain, span.html], ensure_ascii=False).encode())
    if len(text) > LONGEST or size > LARGEST:
        raise UserError(
            _(
                "That is too long for a post: {length} characters, and about {limit} is the most. Make two posts of "
                "it, or shelve it as a file with !library add"
            ).format(length=len(text), limit=min(LONGEST, len(text) * LARGEST // size))
        )


def begin(effects: Effects, author: UserId, words: Words, origin: Origin) -> store.Item:
    """Write a draft, which only its author can read. ``words`` are complete."""
    new = items.NewItem(
        kind=store.KIND,
        scope=Scope(f"person:{author}"),
        audience=private(author),
        author=author,
        title=words.title,
        text=words_of(words.text),
        tags=words.tags,
        language=words.language or guess_language(words.text),
        room_id=origin.room_id,
        event_id=origin.event_id,
        command_event=origin.command_event,
    )
    item = items.create(effects, new)
    store.add(effects.session, store.Post(item_id=items.row_id(item), source=words.text))
    return item


def journal_entry(session: Session, author: UserId, said: str) -> tuple[str, Origin]:
    """The text of one of the author's own journal entries, by its short id; NotFound for any other."""
    digits = said[1:] if said[:1].upper() == JOURNAL_LETTER else said
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= LONGEST_NUMBER else 0
    entry = items.find(session, {private(author)}, JOURNAL, JOURNAL_LETTER, number)
    origin = Origin(RoomId(entry.room_id or ""), EventId(entry.event_id or ""))
    return items_store.text_of(session, items.row_id(entry)), origin


def private(author: UserId) -> Audience:
    """The audience of a draft."""
    return Audience(f"private:{author}")


def is_draft(item: store.Item) -> bool:
    """Can nobody but its author read it?"""
    return item.audience == private(UserId(item.author))


def may_change(viewer: Viewer, item: store.Item) -> None:
    """A post says what its author wants to say; a UserError for anybody else."""
    if viewer.user_id != item.author:
        raise UserError(_("Only the person who wrote it can do that."))


def change(effects: Effects, item: store.Item, words: Words) -> None:
    """Take over what was said; what is left out stays. Of a published post the history says what was changed."""
    session, item_id = effects.session, items.row_id(item)
    row = store.post(session, item_id)
    text = tidy(words.text) or row.source
    check_length(text)
    edit = _compared(item, row, items_store.tags_of(session, item_id), words, text)
    item.title = checked_title(words.title) or item.title
    item.language, item.updated_at = words.language or item.language, effects.now
    row.source = text
    if words.tags:
        store.replace_tags(session, item_id, words.tags)
    session.add(item)
    store.add(session, row)
    items_store.index(session, item, words_of(text))
    if edit.changed and row.published_at is not None:
        edit.at = effects.now
        store.add(session, edit)


def _compared(item: store.Item, row: store.Post, tags: tuple[str, ...], words: Words, text: str) -> store.Edit:
    parts = {
        "title": bool(words.title) and checked_title(words.title) != item.title,
        "text": text != row.source,
        "tags": bool(words.tags) and tuple(sorted(set(words.tags))) != tags,
        "language": bool(words.language) and words.language != item.language,
    }
    pieces = SequenceMatcher(None, row.source.split("\n"), text.split("\n"), autojunk=False).get_opcodes()
    different = [piece for piece in pieces if piece[0] != "equal"]
    return store.Edit(
        item_id=row.item_id,
        changed=" ".join(name for name, is_changed in parts.items() if is_changed),
        added=sum(piece[4] - piece[3] for piece in different),
        removed=sum(piece[2] - piece[1] for piece in different),
    )


def wanted_audience(viewer: Viewer, place: Place, said: str, key: str | None) -> Audience | None:
    """For whom a post is published: as was said, else for those who read this place; None when it has to be asked."""
    if said in (items.PUBLIC, items.FOR_COMMUNITY):
        return Audience(said)
    here = group_of(place.readers)
    if said == "group" or key is not None:
        key = key or here or (next(iter(viewer.groups)) if len(viewer.groups) == 1 else None)
        if key is None and viewer.groups:
            return None
        if key is None or key not in viewer.groups:
            raise UserError(_("You are in no such group. See your groups with !groups"))
        return Audience(f"group:{key}")
    if here is not None:
        return Audience(f"group:{here}")
    is_for_all = place.readers in ("community", "public") or not viewer.groups
    return items.FOR_COMMUNITY if is_for_all else None


def target_of(session: Session, rooms: RoomDirectory, author: UserId, audience: Audience) -> Target:
    """The room in which a post for these readers is published.

    A group's blog room, else its home room; for the community and for everyone the author's own, else the community's.
    """
    key = group_of(audience)
    info = rooms.groups().get(key) if key else None
    if info is not None and info.closed:
        raise UserError(_("“{title}” is closed: its rooms can be read only.").format(title=info.title))
    keys = (f"{key}/blogs", f"{key}/home") if key else (blog_key(author), BLOGS)
    room = next((found for one in keys if (found := rooms_store.room_id(session, one))), None)
    if room is None:
        raise UserError(_("There is no room for blogs yet. Ask the Secretariat to declare one."))
    return Target(group_scope(key) if key else COMMUNITY, audience, room)


def publish(effects: Effects, viewer: Viewer, item: store.Item, target: Target) -> None:
    """Let its readers read it, and leave a trace."""
    row, before = store.post(effects.session, items.row_id(item)), item.audience
    item.scope = target.scope
    items.change_audience(effects, item, target.audience)
    if row.published_at is None:
        row.published_at = effects.now
        store.add(effects.session, row)
        effects.count("blog.published", target.scope)
    effects.audit(
        "blog.publish",
        target.scope,
        actor=viewer.user_id,
        target=viewer.user_id,
        before=None if before == private(UserId(item.author)) else {"audience": before},
        after={"audience": target.audience},
    )


def withdraw(ctx: Context, item: store.Item) -> None:
    """Take it back; the author may, and those who may withdraw what others wrote."""
    is_own = ctx.viewer.user_id == item.author
    if not is_own and not ctx.may(WITHDRAW_ANY, Scope(item.scope)):
        raise UserError(_("Only the person who wrote it, or a steward of its group or area, can withdraw it."))
    if not is_own:
        actor, author = ctx.viewer.user_id, UserId(item.author)
        ctx.effects.audit("blog.withdraw", Scope(item.scope), actor=actor, target=author)
    forget_post(ctx.effects, items.row_id(item))
    items.withdraw(ctx.effects, item, ctx.viewer.user_id)


def forget_post(effects: Effects, item_id: ItemId) -> None:
    """What goes with a withdrawn post besides what every item has: source, history, and our copies of its comments."""
    for comment in store.delete_post(effects.session, item_id):
        if store.is_live(comment):
            items.withdraw(effects, comment, UserId(comment.author))


def comment(effects: Effects, place: Place, post_id: ItemId, message: Message) -> None:
    """Keep a reply in a post's thread as a comment, for those who can read this room."""
    post = items_store.get(effects.session, post_id)
    if post is None or message.msgtype not in COMMENTED or not message.body.strip():
        return
    group = group_of(place.readers)
    new = items.NewItem(
        kind=store.COMMENT,
        scope=Scope(post.scope),
        audience=Audience(f"group:{group}") if group else items.FOR_COMMUNITY,
        author=message.sender,
        title="",
        text=tidy(message.body)[:LONGEST_COMMENT],
        room_id=message.room_id,
        event_id=message.event_id,
    )
    store.add_comment(effects.session, items.row_id(items.create(effects, new)), post_id)


def change_comment(effects: Effects, item_id: ItemId, text: str) -> None:
    """Its author has edited it: what we have shown of it goes."""
    item = items_store.get(effects.session, item_id)
    if item is not None and store.is_live(item):
        items_store.index(effects.session, item, tidy(text)[:LONGEST_COMMENT])
        for txn in items_store.messages_showing(effects.session, item_id):
            effects.redact_own(txn, _("a comment has changed"))


def forget_comment(effects: Effects, item_id: ItemId) -> None:
    """What goes with a comment that was taken back."""
    store.delete_comment(effects.session, item_id)


def follow(effects: Effects, follower: UserId, author: UserId) -> None:
    """Hear of what someone publishes. Whether there is such a person is not told."""
    if follower == author:
        raise UserError(_("That is you. Follow someone else, for example: !blog follow @anna:example.org"))
    if len(store.followed(effects.session, follower)) >= MOST_FOLLOWED:
        raise UserError(
            _("You follow {count} people, which is the most. Let one go: !blog unfollow @user").format(
                count=MOST_FOLLOWED
            )
        )
    store.follow(effects.session, follower, author, effects.now)
