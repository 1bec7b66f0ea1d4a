"""``!blog`` and its parts: the chat edge of blogs."""

from dataclasses import dataclass

from copp_bot.core import finding as pages
from copp_bot.core import items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.describing import checked_language, checked_tags
from copp_bot.core.feature import Core
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import Audience, UserId
from copp_bot.core.permissions import Standing
from copp_bot.core.reply import Reply
from copp_bot.core.words import nothing_more
from copp_bot.features.blogs import finding, render, service, store, writing
from copp_bot.features.blogs.service import READ, WITHDRAW_ANY, WRITE


@dataclass(frozen=True)
class Handlers:
    """What reading needs beside its context."""

    bot: UserId

    def search(self, ctx: Context, args: Args) -> Reply:
        """Full text; a tag or a language alone is answered as the list of those."""
        words, having, page = args.text("words"), _having(args), pages.page_of(args)
        if not words and having != store.Having():
            return self.list(ctx, args)
        results = finding.search(ctx.session, self._seen(ctx), words, having, page)
        again = f"blog search {pages.retyped(words)}"
        if results is None:
            return nothing_more(pages.again(again, having))
        further = pages.further(again, having, page) if results.has_more else None
        return render.render_results(results, further, ctx.place.is_direct)

    def list(self, ctx: Context, args: Args) -> Reply:
        """The newest, of everyone or of one person."""
        having, page, author = _having(args), pages.page_of(args), args.user("user")
        limit = render.IN_DIRECT if ctx.place.is_direct else render.IN_ROOM
        shown, has_more = finding.newest(ctx.session, self._seen(ctx), author, limit, having, page)
        again = f"blog list {author}" if author else "blog list"
        if page > 1 and not shown:
            return nothing_more(pages.again(again, having))
        further = pages.further(again, having, page) if has_more else None
        may_write = ctx.viewer.standing is Standing.MEMBER
        return render.render_list(shown, further, is_direct=ctx.place.is_direct, may_write=may_write)

    def show(self, ctx: Context, args: Args) -> Reply:
        """One post with its comments."""
        seen, item = self._seen(ctx), self._find(ctx, args)
        most = render.COMMENTS_IN_DIRECT if ctx.place.is_direct else render.COMMENTS_IN_ROOM
        shown = finding.describe(ctx.session, item, seen, most)
        return render.render_post(shown, finding.history(ctx.session, item), ctx.zone, ctx.place.is_direct)

    def history(self, ctx: Context, args: Args) -> Reply:
        """What was changed in a post, and when."""
        item = self._find(ctx, args)
        return render.render_history(finding.describe(ctx.session, item), finding.history(ctx.session, item), ctx.zone)

    def follow(self, ctx: Context, args: Args) -> Reply:
        """Hear of new posts of someone; without a name, of whom one hears."""
        user, me = args.user("user"), ctx.viewer.user_id
        if user is None:
            return render.render_followed(finding.names(ctx.session, store.followed(ctx.session, me)))
        service.follow(ctx.effects, me, user)
        return render.render_following(user)

    def unfollow(self, ctx: Context, args: Args) -> Reply:
        """And no more."""
        user = args.user("user") or ctx.viewer.user_id
        store.unfollow(ctx.session, ctx.viewer.user_id, user)
        return render.render_unfollowed(user)

    def _find(self, ctx: Context, args: Args) -> store.Item:
        return finding.find(ctx.session, self._seen(ctx), args.number("id"))

    def _seen(self, ctx: Context) -> frozenset[Audience]:
        return items.audiences(ctx.session, ctx.viewer, ctx.place, self.bot)


def _having(args: Args) -> store.Having:
    return store.Having(checked_tags(args.tags), checked_language(args.options.get("lang")))


def declare(core: Core, write: writing.Writing) -> tuple[Command, ...]:
    """The commands of this feature."""
    return (*writing.declare(write), *_reading(Handlers(core.settings.bot)))


def _reading(run: Handlers) -> tuple[Command, ...]:
    post, user = Param("id", Kind.ITEM), Param("user", Kind.USER)
    narrowed = ("lang", "page")
    return (
        Command(
            "blog list",
            run.list,
            deferred("The newest posts, of everyone or of one member"),
            READ,
            "!blog list @anna:example.org #music",
            (Param("user", Kind.USER, required=False),),
            options=narrowed,
            tags=True,
        ),
        Command(
            "blog search",
            run.search,
            deferred("Find posts by any words in them"),
            READ,
            "!blog search rhythm #music lang:fr",
            (Param("words", Kind.TEXT, required=False),),
            options=narrowed,
            tags=True,
        ),
        Command(
            "blog show", run.show, deferred("A post with its comments"), READ, "!blog show B730", (post,), letter="B"
        ),
        Command(
            "blog history",
            run.history,
            deferred("What was changed in a post, and when"),
            READ,
            "!blog history B730",
            (post,),
            letter="B",
        ),
        Command(
            "blog follow",
            run.follow,
            deferred("Be told of new posts of a member; without a name, whom you follow"),
            WRITE,
            "!blog follow @anna:example.org",
            (Param("user", Kind.USER, required=False),),
        ),
        Command(
            "blog unfollow",
            run.unfollow,
            deferred("Be told no more"),
            WRITE,
            "!blog unfollow @anna:example.org",
            (user,),
        ),
    )


PERMISSIONS = {
    WRITE: deferred("write, publish and withdraw one's own posts, and follow those of others"),
    READ: deferred("read and search posts"),
    WITHDRAW_ANY: deferred("withdraw other members' posts"),
}
