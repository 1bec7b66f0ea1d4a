"""The chat edge of shelving: ``!library add``, and the question under a posted file."""

from dataclasses import dataclass
from typing import Any

from copp_bot.core import items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core, RoomDirectory
from copp_bot.core.i18n import current_language, deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, EventId, ItemId, TxnId, UserId
from copp_bot.core.reply import Reply
from copp_bot.core.store import inbox as inbox_store
from copp_bot.core.words import audience_words, group_titles
from copp_bot.features.library import questions, render, service, store, wishes
from copp_bot.features.library.service import ADD

SHELVE, READ_LINK = "library.shelve", "library.read_link"
"""Task kinds."""


@dataclass(frozen=True)
class Adding:
    """What shelving needs beside its context. ``limit`` is the largest file in bytes."""

    rooms: RoomDirectory
    bot: UserId
    limit: int

    def add(self, ctx: Context, args: Args) -> Reply | None:
        """Shelve a link, the message's own file, or what the message answers."""
        wish = wishes.wish_of(args)
        if not (_carries(ctx, wish) or ctx.message.reply_to):
            wishes.refuse_bare_address(wish.title)
            raise UserError(
                _(
                    "What shall I shelve? Answer a message that has a file or link with !library add, write it under "
                    "a file as you post it, or give the address: !library add https://example.org"
                )
            )
        if ctx.message.file is not None and wish.url is None:
            wishes.check_file(ctx.message.file, self.limit)
        seen = items.audiences(ctx.session, ctx.viewer, ctx.place, self.bot)
        shelf = wishes.shelf_of(wish, ctx.viewer, ctx.place, seen)
        question = _question(ctx, wish)
        if shelf is None:
            return self._ask_for_whom(ctx, wish, question)
        ctx.require(ADD, shelf.scope)
        return self._shelve(ctx, wish, shelf, question, seen)

    def offer(self, ctx: Context) -> Reply | None:
        """Offer a shelf to a posted document; pictures, films and sounds are left to the albums.

        Why a file cannot be opened is said where it was posted to the bot alone; elsewhere that may concern nobody.
        """
        file, event, poster = ctx.message.file, ctx.message.event_id, ctx.viewer.user_id
        if file is None or ctx.message.msgtype != "m.file" or (file.mxc is None and not ctx.place.is_direct):
            return None
        try:
            wishes.check_file(file, self.limit)
        except UserError as error:
            return render.render_not_shelved(error.sentence)
        if ctx.place.is_direct and ctx.viewer.groups:
            return questions.render_offer_for(file, self._shelves(ctx), poster, event)
        return questions.render_offer(file, poster, event)

    def dismiss(self, ctx: Context, args: Args) -> Reply | None:
        """Take the question about a file away; where a reaction asked for it, that is answer enough."""
        question = store.question(ctx.session, ctx.message.reply_to, ctx.viewer.user_id)
        if question is None:
            raise UserError(_("There is no open question of mine. Answer the question itself with !library dismiss"))
        ctx.effects.redact_own(question.txn)
        return None if _is_reaction(ctx) else render.render_dismissed()

    def _shelve(
        self,
        ctx: Context,
        wish: wishes.Wish,
        shelf: wishes.Shelf,
        question: store.Question | None,
        seen: frozenset[Audience],
    ) -> Reply | None:
        is_seen = shelf.audience in seen
        becomes = question.txn if question and is_seen and _is_reaction(ctx) else None
        if question is not None and becomes is None:
            ctx.effects.redact_own(question.txn)
        source = _source(ctx, wish, question)
        request = _request(ctx, wish, shelf, seen, source, becomes or ctx.answer)
        reply = self._begin(ctx, wish, request)
        if becomes is None:
            return reply if is_seen else reply.to_private()
        ctx.effects.edit(becomes, reply)  # one message less to read
        return None

    def _begin(self, ctx: Context, wish: wishes.Wish, request: wishes.Request) -> Reply:
        audience = audience_words(self.rooms, request.audience)
        if wish.url is None:
            ctx.effects.task(SHELVE, request.payload())
            return render.render_shelving(audience)
        shelved = service.shelve_link(ctx.effects, request, wish.url)
        if shelved.is_new:
            ctx.effects.task(READ_LINK, read_link(request, shelved.resource.id, wish.url))
        return render.render_shelved(shelved, audience, ctx.viewer)

    def _ask_for_whom(self, ctx: Context, wish: wishes.Wish, question: store.Question | None) -> Reply:
        """The question is about the command, which is kept as what the resource was made by."""
        if question is not None:
            ctx.effects.redact_own(question.txn)
        add = f"library add {wishes.retyped(wish)}".strip()
        name = (
            wish.title
            or (service.name_of(wish.url) if wish.url else None)
            or (ctx.message.file.name if ctx.message.file else None)
        )
        shelves, message = self._shelves(ctx), ctx.message
        below = f"\n{wish.description}" if wish.description else ""
        return questions.render_whose_shelf(name, shelves, (add, below), ctx.viewer.user_id, message.event_id)

    def _shelves(self, ctx: Context) -> tuple[tuple[str, str], ...]:
        return (("community", _("all members of the community")), *group_titles(self.rooms, ctx.viewer.groups))


def adding(core: Core) -> Adding:
    """The handlers of this edge."""
    return Adding(core.rooms, core.settings.bot, core.settings.upload_limit)


def add_command(run: Adding) -> Command:
    """``library add``; its declaration also reads edited commands."""
    return Command(
        "library add",
        run.add,
        deferred("Shelve the file or link you answer, or give an address"),
        ADD,
        "!library add Rhythm games #music lang:en",
        (Param("title", Kind.TEXT, required=False),),
        options=("lang", "licence", "for"),
        tags=True,
    )


def read_link(request: wishes.Request, item_id: ItemId, url: str) -> dict[str, Any]:
    """The payload of the task that asks a link's page for its title and text."""
    return {"item": item_id, "url": url, "request": request.payload()}


def _carries(ctx: Context, wish: wishes.Wish) -> bool:
    """Does the message itself hold what is to be shelved?"""
    return wish.url is not None or ctx.message.file is not None


def _request(
    ctx: Context, wish: wishes.Wish, shelf: wishes.Shelf, seen: frozenset[Audience], source: EventId, answer: TxnId
) -> wishes.Request:
    return wishes.Request(
        room_id=ctx.message.room_id,
        event_id=source,
        # A reaction is no command: taking it back does not take the resource back.
        command_event=None if _is_reaction(ctx) else ctx.message.event_id,
        author=ctx.viewer.user_id,
        scope=shelf.scope,
        audience=shelf.audience,
        title=wish.title,
        tags=wish.tags,
        language=wish.language,
        licence=wish.licence,
        description=wish.description,
        seen=tuple(sorted(seen)),
        answer=answer,
        reader_language=current_language(),
    )


def _is_reaction(ctx: Context) -> bool:
    return inbox_store.is_reaction(ctx.session, ctx.message.event_id)


def _question(ctx: Context, wish: wishes.Wish) -> store.Question | None:
    """Our open question that this answers, by a choice or in the person's own words."""
    question = store.question(ctx.session, ctx.message.reply_to, ctx.viewer.user_id)
    is_choice = question is not None and ctx.message.body in question.commands
    return question if is_choice or not _carries(ctx, wish) else None


def _source(ctx: Context, wish: wishes.Wish, question: store.Question | None) -> EventId:
    """The message that carries what is shelved: the one that was asked about or answered, else the command itself."""
    if question is not None:
        return question.source
    if ctx.message.reply_to is None or _carries(ctx, wish):
        return ctx.message.event_id
    return ctx.message.reply_to
