"""``!me journal`` and what belongs to it: the chat edge of journals."""

from copp_bot.core import finding as pages
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import Reply
from copp_bot.core.store.items import Having
from copp_bot.features.journal import render, service
from copp_bot.features.journal.service import LETTER, WRITE


def journal(ctx: Context, args: Args) -> Reply:
    """Keep an entry; without a text, what is there."""
    text = args.text("text")
    if not text:
        return _entries(ctx, args)
    if not ctx.place.is_direct:
        raise UserError(
            _(
                "Others can read along here, so I have not kept it. Delete your message if they should not read it, "
                "and write it to me in our direct chat."
            )
        )
    return render.render_kept(service.write(ctx.effects, ctx.viewer.user_id, text, ctx.message))


def show(ctx: Context, args: Args) -> Reply:
    """One entry."""
    return render.render_entry(service.entry(ctx.session, ctx.viewer.user_id, args.number("id")), ctx.zone)


def withdraw(ctx: Context, args: Args) -> Reply:
    """Take an entry out."""
    service.withdraw(ctx.effects, ctx.viewer.user_id, args.number("id"))
    return render.render_withdrawn(f"{LETTER}{args.number('id')}")


def _entries(ctx: Context, args: Args) -> Reply:
    page = pages.page_of(args)
    found, has_more = service.entries(ctx.session, ctx.viewer.user_id, page)
    further = pages.further("me journal", Having(), page) if has_more else None
    return render.render_entries(found, further, ctx.zone)


def write_command() -> Command:
    """``me journal``; its declaration also reads edited entries."""
    return Command(
        "me journal",
        journal,
        deferred("Write something for yourself alone; without a text, what you have written"),
        WRITE,
        "!me journal Today the quiet ones spoke first",
        (Param("text", Kind.TEXT, required=False),),
        options=("page",),
    )


def declare() -> tuple[Command, ...]:
    """The commands of this feature."""
    entry = Param("id", Kind.ITEM)
    return (
        write_command(),
        Command(
            "journal show",
            show,
            deferred("An entry of your journal"),
            WRITE,
            "!journal show J77",
            (entry,),
            letter=LETTER,
        ),
        Command(
            "journal withdraw",
            withdraw,
            deferred("Take an entry out of your journal"),
            WRITE,
            "!journal withdraw J77",
            (entry,),
            letter=LETTER,
        ),
    )
