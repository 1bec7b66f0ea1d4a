"""The chat edge of writing: drafts, previews, publishing, changing, withdrawing."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from copp_bot.core import items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.describing import checked_language, checked_tags, checked_title
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import current_language, deferred
from copp_bot.core.ids import Audience, EventId, RoomId, TxnId, UserId
from copp_bot.core.narrowing import meant
from copp_bot.core.reply import Reply
from copp_bot.core.store import inbox as inbox_store
from copp_bot.core.words import group_titles
from copp_bot.features.blogs import finding, render, service, space, store
from copp_bot.features.blogs.publishing import Publisher
from copp_bot.features.blogs.service import WRITE, Words

DRAFT = "blog.draft"
"""Task kind: makes a draft of a message or a file."""


@dataclass(frozen=True)
class Request:
    """A draft to be made of a message that has to be fetched.

    Args:
        event_id: the message with the text or the file.
        answer: the message that is edited when it is done; None after a reaction, which is answered with a draft alone.
        reader_language: the language of that message.
    """

    room_id: RoomId
    event_id: EventId
    command_event: EventId
    author: UserId
    title: str
    tags: tuple[str, ...]
    language: str | None
    answer: TxnId | None
    reader_language: str

    @classmethod
    def of(cls, payload: dict[str, Any]) -> "Request":
        """Back from JSON, where tuples have become lists."""
        return cls(**{**payload, "tags": tuple(payload["tags"])})


@dataclass(frozen=True)
class Writing:
    """What writing needs beside its context."""

    rooms: RoomDirectory
    bot: UserId
    publisher: Publisher

    def new(self, ctx: Context, args: Args) -> Reply | None:
        """Make a draft of what follows the title, of the file whose caption this is, or of what it answers."""
        words, message = words_of(args, ctx.message.body), ctx.message
        if "from" in args.options:
            return self._from_journal(ctx, words, args.options["from"])
        if inbox_store.is_reaction(ctx.session, message.event_id):
            ctx.effects.task(DRAFT, asdict(replace(_request(ctx, words), answer=None)))
            return None  # on a message of somebody else nothing comes of it
        if not words.text and (message.file is not None or message.reply_to is not None):
            ctx.effects.task(DRAFT, asdict(_request(ctx, words)))
            return render.render_reading()
        origin = service.Origin(message.room_id, message.event_id)
        item = service.begin(ctx.effects, ctx.viewer.user_id, service.complete(words), origin)
        return render.render_draft(finding.describe(ctx.session, item))

    def _from_journal(self, ctx: Context, words: Words, said: str) -> Reply:
        """A copy of an entry of one's own; it goes with the entry's message."""
        text, origin = service.journal_entry(ctx.session, ctx.viewer.user_id, said)
        words = service.complete(replace(words, text=text))
        item = service.begin(ctx.effects, ctx.viewer.user_id, words, origin)
        return render.render_draft(finding.describe(ctx.session, item))

    def preview(self, ctx: Context, args: Args) -> Reply:
        """As members will see it."""
        return render.render_preview(finding.describe(ctx.session, self._own(ctx, args)))

    def publish(self, ctx: Context, args: Args) -> Reply:
        """Show it to its readers; public only by a second yes."""
        item = self._own(ctx, args)
        wanted = self._wanted(ctx, item, args)
        shown = finding.describe(ctx.session, item)
        if wanted is None:
            return render.render_for_whom(shown, group_titles(self.rooms, ctx.viewer.groups))
        target = service.target_of(ctx.session, self.rooms, ctx.viewer.user_id, wanted)
        ctx.require(WRITE, target.scope)
        is_new = item.audience != wanted
        if is_new and wanted == items.PUBLIC and args.text("sure") != "yes":
            return render.render_sure(shown)
        if is_new:
            self.publisher.publish(ctx.effects, ctx.viewer, item, target)
        shown = finding.describe(ctx.session, item)
        return render.render_is_published(shown, self.rooms, self._is_read_here(ctx, item), is_new)

    def edit(self, ctx: Context, args: Args) -> Reply:
        """Take over a new title, text, tags or language; without any, what it says now."""
        item, words = self._own(ctx, args), words_of(args, ctx.message.body)
        if words == Words():
            return render.render_source(finding.describe(ctx.session, item))
        service.change(ctx.effects, item, words)
        self.publisher.refresh(ctx.effects, item)
        return render.render_changed(finding.describe(ctx.session, item), self._is_read_here(ctx, item))

    def space(self, ctx: Context, args: Args) -> Reply:
        """My own space: where it is, or make it."""
        there = space.rooms_of(ctx.session, ctx.viewer.user_id)
        if there is not None:
            return render.render_space(*there, self.bot.partition(":")[2])
        space.request(ctx.effects, ctx.viewer.user_id, ctx.answer)
        return render.render_making_space()

    def withdraw(self, ctx: Context, args: Args) -> Reply:
        """Take it back."""
        item = self._mine_or_seen(ctx, args)
        number = items.short_id(finding.LETTER, item)
        service.withdraw(ctx, item)
        return render.render_withdrawn(number)

    def _own(self, ctx: Context, args: Args) -> store.Item:
        item = self._mine_or_seen(ctx, args)
        service.may_change(ctx.viewer, item)
        return item

    def _mine_or_seen(self, ctx: Context, args: Args) -> store.Item:
        """One's own drafts may be named anywhere; what is said of them is said privately."""
        seen = self._seen(ctx) | {service.private(ctx.viewer.user_id)}
        return finding.find(ctx.session, seen, args.number("id"))

    def _seen(self, ctx: Context) -> frozenset[Audience]:
        return items.audiences(ctx.session, ctx.viewer, ctx.place, self.bot)

    def _wanted(self, ctx: Context, item: store.Item, args: Args) -> Audience | None:
        said, key = args.text("audience"), args.options.get("group")
        if not (said or key or service.is_draft(item)):
            return Audience(item.audience)
        key = meant(self.rooms, ctx.viewer.groups, self._seen(ctx), key) if key else None
        return service.wanted_audience(ctx.viewer, ctx.place, said, key)

    def _is_read_here(self, ctx: Context, item: store.Item) -> bool:
        return Audience(item.audience) in self._seen(ctx)


def words_of(args: Args, body: str) -> Words:
    """Title, text, tags and language of a command, whose ``body`` tells the first line from those after it."""
    said, more = args.text("text"), body.partition("\n")[2].strip()
    title, text = said.partition("\n")[::2]
    if more and said.endswith(more):
        title, text = said[: len(said) - len(more)], more
    tags, language = checked_tags(args.tags), checked_language(args.options.get("lang"))
    return Words(checked_title(title), text, tags, language)


def _request(ctx: Context, words: Words) -> Request:
    message = ctx.message
    is_own_file = message.file is not None or message.reply_to is None
    return Request(
        room_id=message.room_id,
        event_id=message.event_id if is_own_file else EventId(message.reply_to or ""),
        command_event=message.event_id,
        author=ctx.viewer.user_id,
        title=words.title,
        tags=words.tags,
        language=words.language,
        answer=ctx.answer,
        reader_language=current_language(),
    )


def new_command(run: Writing) -> Command:
    """``blog new``; its declaration also reads edited commands."""
    return Command(
        "blog new",
        run.new,
        deferred("Begin a post: its title, and the text on the lines after it; or answer a text or .md file of yours"),
        WRITE,
        "!blog new A week of rhythm #music",
        (Param("text", Kind.TEXT, required=False),),
        options=("lang", "from"),
        tags=True,
        scope_from="service",
    )


def declare(run: Writing) -> tuple[Command, ...]:
    """The commands of writing."""
    post = Param("id", Kind.ITEM)
    return (
        new_command(run),
        Command(
            "blog preview",
            run.preview,
            deferred("See a draft of yours as members will see it"),
            WRITE,
            "!blog preview B730",
            (post,),
            letter="B",
            scope_from="service",
        ),
        Command(
            "blog publish",
            run.publish,
            deferred("Let a group, the community or everyone read it"),
            WRITE,
            "!blog publish B730 community",
            (
                post,
                Param("audience", required=False, choices=("group", "community", "public")),
                Param("sure", required=False, choices=("yes",)),
            ),
            options=("group",),
            letter="B",
            scope_from="service",
        ),
        Command(
            "blog edit",
            run.edit,
            deferred("Change title, text, tags or language of a post of yours"),
            WRITE,
            "!blog edit B730 A month of rhythm #music",
            (post, Param("text", Kind.TEXT, required=False)),
            options=("lang",),
            tags=True,
            letter="B",
            scope_from="service",
        ),
        Command(
            "blog withdraw",
            run.withdraw,
            deferred("Take a draft or a post of yours back"),
            WRITE,
            "!blog withdraw B730",
            (post,),
            letter="B",
            scope_from="service",
        ),
        Command("me space", run.space, deferred("Your own space with your blog room"), WRITE, "!me space"),
    )
