"""`!audit`: the chat edge of the trail."""

from dataclasses import dataclass

from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.feature import Core, RoomDirectory
from copp_bot.core.finding import page_of
from copp_bot.core.i18n import deferred
from copp_bot.core.reply import Reply
from copp_bot.features.audit import render, store

READ = "audit.read"


@dataclass(frozen=True)
class Handlers:
    """What the command needs beside its context."""

    rooms: RoomDirectory

    def audit(self, ctx: Context, args: Args) -> Reply:
        """The newest entries, of one person or of all, page by page; always privately."""
        page, user = page_of(args), args.user("user")
        entries = store.newest(ctx.session, store.LOOKED_AT * page, user)
        older = f"!audit{f' {user}' if user else ''} page:{page + 1}"
        return render.render_trail(entries, self.rooms, ctx.zone, page, older)


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    return (
        Command(
            "audit",
            Handlers(core.rooms).audit,
            deferred("Who did what, newest first"),
            READ,
            "!audit @anna:example.org",
            (Param("user", Kind.USER, required=False),),
            options=("page",),
        ),
    )
