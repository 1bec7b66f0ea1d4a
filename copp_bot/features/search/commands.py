"""``!search``: the chat edge."""

from dataclasses import dataclass

from copp_bot.core import finding, items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.feature import Core
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Reply
from copp_bot.features.search import render, service

SEARCH = "search.all"


@dataclass(frozen=True)
class Handlers:
    """What searching needs beside its context."""

    bot: UserId

    def search(self, ctx: Context, args: Args) -> Reply:
        """Look through everything that may be shown here."""
        wanted, page = service.filter_of(args, self.bot.partition(":")[2]), finding.page_of(args)
        seen = items.audiences(ctx.session, ctx.viewer, ctx.place, self.bot)
        results = service.search(ctx.session, seen, args.text("words"), wanted, page)
        if results is None:
            return render.render_end()
        again = f"search {finding.retyped(results.query)}{wanted.said}"
        further = finding.further(again, wanted.having, page) if results.has_more else None
        return render.render_results(results, further, ctx.place.is_direct)


def declare(core: Core) -> tuple[Command, ...]:
    """The command of this feature."""
    return (
        Command(
            "search",
            Handlers(core.settings.bot).search,
            deferred("Find anything that was shared by any words in it"),
            SEARCH,
            "!search rhythm in:blog #music by:@anna:example.org",
            (Param("words", Kind.TEXT),),
            options=("in", "by", "lang", "group", "since", "page"),
            tags=True,
        ),
    )
