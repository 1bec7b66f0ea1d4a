"""``!search``: the chat edge."""

from dataclasses import dataclass

from copp_bot.core import finding, items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.feature import Core, RoomDirectory
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import UserId
from copp_bot.core.narrowing import having_of
from copp_bot.core.reply import Reply
from copp_bot.core.words import nothing_more
from copp_bot.features.search import render, service

SEARCH = "search.all"


@dataclass(frozen=True)
class Handlers:
    """What searching needs beside its context."""

    rooms: RoomDirectory
    bot: UserId

    def search(self, ctx: Context, args: Args) -> Reply:
        """Look through everything that may be shown here."""
        seen, page = items.audiences(ctx.session, ctx.viewer, ctx.place, self.bot), finding.page_of(args)
        having = having_of(args, seen, self.rooms, self.bot.partition(":")[2], kind=service.kind_of(args))
        results = service.search(ctx.session, seen, args.text("words"), having, page)
        again = f"search {finding.retyped(args.text('words'))}".strip()
        if results is None:
            return nothing_more(finding.again(again, having))
        further = finding.further(again, having, page) if results.has_more else None
        return render.render_results(results, further, ctx.place.is_direct)


def declare(core: Core) -> tuple[Command, ...]:
    """The command of this feature."""
    return (
        Command(
            "search",
            Handlers(core.rooms, core.settings.bot).search,
            deferred("Find anything that was shared by any words in it"),
            SEARCH,
            "!search rhythm in:blog #music by:@anna:example.org",
            (Param("words", Kind.TEXT, required=False),),
            options=("in", "by", "lang", "group", "since", "page"),
            tags=True,
        ),
    )
