"""``!library`` and its parts: the chat edge of the library."""

from dataclasses import dataclass

from copp_bot.core import finding as pages
from copp_bot.core import items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core, RoomDirectory
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, UserId
from copp_bot.core.narrowing import in_words, meant
from copp_bot.core.permissions import Standing
from copp_bot.core.reply import Attachment, Reply
from copp_bot.core.words import audience_words, group_titles, nothing_more
from copp_bot.features.library import adding, deciding, finding, questions, render, service, store, wishes
from copp_bot.features.library.service import ADD, AUDIENCE_ANY, EDIT_ANY, WITHDRAW_ANY

SEARCH, SHOW, AUDIENCE = "library.search", "library.show", "library.audience"
MOST_TAGS = 40


@dataclass(frozen=True)
class Handlers:
    """What the commands need beside their context."""

    rooms: RoomDirectory
    bot: UserId

    def search(self, ctx: Context, args: Args) -> Reply:
        """Full text; a tag or another filter alone is answered as the list of those."""
        words, seen = args.text("words"), self._seen(ctx)
        having, page = self._having(args, seen), pages.page_of(args)
        if not words and having != store.Having():
            return self._newest(ctx, seen, having, page)
        results = finding.search(ctx.session, seen, words, having, page)
        again = f"library search {pages.retyped(words)}"
        if results is None:
            return nothing_more(pages.again(again, having))
        further = pages.further(again, having, page) if results.has_more else None
        return _so_far(ctx, render.render_results(results, further, ctx.place.is_direct))

    def show(self, ctx: Context, args: Args) -> Reply:
        """One resource."""
        item = self._find(ctx, args)
        owner = ctx.viewer if item.author == ctx.viewer.user_id else None
        return render.render_resource(finding.describe(ctx.session, item), self.rooms, ctx.zone, owner)

    def get(self, ctx: Context, args: Args) -> Reply:
        """The file or the address itself."""
        item = self._find(ctx, args)
        shown = finding.describe(ctx.session, item)
        if shown.url is not None:
            return render.render_link(shown, shown.url)
        attachment = _attachment(service.file_of(ctx.session, item))
        if attachment is None:
            raise UserError(_("The file of {id} is not there any more. Tell a steward.").format(id=shown.number))
        return render.render_file(shown, attachment)

    def list(self, ctx: Context, args: Args) -> Reply:
        """The newest."""
        seen = self._seen(ctx)
        return self._newest(ctx, seen, self._having(args, seen), pages.page_of(args))

    def _newest(self, ctx: Context, seen: frozenset[Audience], having: store.Having, page: int) -> Reply:
        limit = render.IN_DIRECT if ctx.place.is_direct else render.IN_ROOM
        shown, has_more = finding.newest(ctx.session, seen, limit, having, page)
        if page > 1 and not shown:
            return nothing_more(pages.again("library list", having))
        if not shown and (near := finding.near_tags(ctx.session, seen, having.tags)):
            return _so_far(ctx, render.render_near_tags(in_words(having, self.rooms), near, ctx.place.is_direct))
        further = pages.further("library list", having, page) if has_more else None
        listed = render.render_list(shown, in_words(having, self.rooms), further, ctx.place.is_direct)
        return _so_far(ctx, listed)

    def tags(self, ctx: Context, args: Args) -> Reply:
        """Tags and how often they are used."""
        found = finding.tags(ctx.session, self._seen(ctx), MOST_TAGS)
        may_add = ctx.viewer.standing is Standing.MEMBER
        return _so_far(ctx, render.render_tags(found, is_direct=ctx.place.is_direct, may_add=may_add))

    def audience(self, ctx: Context, args: Args) -> Reply:
        """Let others read it; public only by an explicit yes of the author."""
        item, viewer = self._find(ctx, args), ctx.viewer
        said = args.text("audience") or ("group" if "group" in args.options else "")
        if not said:
            sentence = _("Who may read it? Type it like this: !library audience {id} community")
            raise UserError(sentence.format(id=items.short_id(finding.LETTER, item)))
        wanted = self._wanted_audience(ctx, item, said, args.options.get("group"))
        service.may_change_audience(ctx.policy, viewer, item, wanted or items.FOR_COMMUNITY)
        shown = finding.describe(ctx.session, item)
        if wanted is None:
            reply = questions.render_which_group(shown, group_titles(self.rooms, viewer.groups), viewer.user_id)
            return reply if ctx.place.is_direct else reply.to_private()  # it names one's groups
        if wanted == items.PUBLIC and item.audience != wanted and args.text("sure") != "yes":
            return questions.render_sure(shown, viewer.user_id)
        if item.audience != wanted:
            deciding.change_audience(ctx, self.rooms, item, wanted)
        words = audience_words(self.rooms, wanted)
        return render.render_audience(shown, words, wanted in self._seen(ctx))

    def edit(self, ctx: Context, args: Args) -> Reply:
        """Change what is said of it."""
        item = self._find(ctx, args)
        deciding.edit(ctx, self.rooms, item, wishes.wish_of(args))
        return render.render_edited(finding.describe(ctx.session, item))

    def withdraw(self, ctx: Context, args: Args) -> Reply:
        """Take it off the shelf."""
        item = self._find_to_withdraw(ctx, args)
        number = items.short_id(finding.LETTER, item)
        deciding.withdraw(ctx, self.rooms, item)
        return render.render_withdrawn(number)

    def _find_to_withdraw(self, ctx: Context, args: Args) -> store.Item:
        """One's own can be taken back for ever, also what was shelved in a group that one has left."""
        if not ctx.place.is_direct:
            return self._find(ctx, args)
        own = items.own(ctx.session, ctx.viewer, store.KIND, args.number("id"))
        return own or self._find(ctx, args)

    def _wanted_audience(self, ctx: Context, item: store.Item, said: str, key: str | None) -> Audience | None:
        if said == "group":
            key = meant(self.rooms, ctx.viewer.groups, self._seen(ctx), key) if key else None
            return service.group_audience(ctx.viewer, item, key)
        return items.PUBLIC if said == "public" else items.FOR_COMMUNITY

    def _having(self, args: Args, seen: frozenset[Audience]) -> store.Having:
        return wishes.having(args, seen, self.rooms, self.bot)

    def _find(self, ctx: Context, args: Args) -> store.Item:
        return finding.find(ctx.session, self._seen(ctx), args.number("id"))

    def _seen(self, ctx: Context) -> frozenset[Audience]:
        return items.audiences(ctx.session, ctx.viewer, ctx.place, self.bot)


def _so_far(ctx: Context, reply: Reply) -> Reply:
    """Newcomers are told the same whether or not there is more, so that it tells nothing."""
    if ctx.viewer.standing is Standing.MEMBER:
        return reply
    return reply.and_line(_("Until a steward lets you into the community, you see only what is public."))


def _attachment(file: store.File | None) -> Attachment | None:
    if file is None or file.mxc is None:
        return None
    return Attachment(file.name, store.mxc_of(file), file.media_type, file.size)


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    run = Handlers(core.rooms, core.settings.bot)
    return (*_reading(run), *_keeping(run, adding.adding(core)))


def _reading(run: Handlers) -> tuple[Command, ...]:
    resource = Param("id", Kind.ITEM)
    return (
        Command(
            "library search",
            run.search,
            deferred("Find resources by any words in them"),
            SEARCH,
            "!library search rhythm #music lang:fr",
            (Param("words", Kind.TEXT, required=False),),
            options=("lang", "licence", "by", "group", "page"),
            tags=True,
        ),
        Command(
            "library show",
            run.show,
            deferred("All about a resource"),
            SHOW,
            "!library show L4821",
            (resource,),
            letter="L",
        ),
        Command(
            "library get",
            run.get,
            deferred("Have the file or link"),
            SHOW,
            "!library get L4821",
            (resource,),
            letter="L",
        ),
        Command(
            "library list",
            run.list,
            deferred("The newest resources"),
            SHOW,
            "!library list #music",
            options=("lang", "licence", "by", "group", "page"),
            tags=True,
        ),
        Command("library tags", run.tags, deferred("The tags in use"), SHOW, "!library tags"),
    )


def _keeping(run: Handlers, adder: adding.Adding) -> tuple[Command, ...]:
    resource = Param("id", Kind.ITEM)
    return (
        adding.add_command(adder),
        Command(
            "library audience",
            run.audience,
            deferred("Change who may read a resource of yours; public needs your yes"),
            AUDIENCE,
            "!library audience L4821 community",
            (
                resource,
                Param("audience", required=False, choices=("group", "community", "public")),
                Param("sure", required=False, choices=("yes",)),
            ),
            options=("group",),
            letter="L",
            scope_from="service",
        ),
        Command(
            "library edit",
            run.edit,
            deferred("Change title, tags, language or licence of a resource of yours"),
            ADD,
            "!library edit L4821 Rhythm games #music licence:CC-BY-4.0",
            (resource, Param("title", Kind.TEXT, required=False)),
            options=("lang", "licence"),
            tags=True,
            letter="L",
            scope_from="service",
        ),
        Command(
            "library withdraw",
            run.withdraw,
            deferred("Take a resource of yours off the shelf"),
            ADD,
            "!library withdraw L4821",
            (resource,),
            letter="L",
            scope_from="service",
        ),
        Command(
            "library dismiss",
            adder.dismiss,
            deferred("Put away the question about a file"),
            ADD,
            "!library dismiss",
            is_for_reactions=True,
        ),
    )


PERMISSIONS = {
    ADD: deferred("shelve files and links, edit and withdraw one's own"),
    SEARCH: deferred("search the library"),
    SHOW: deferred("see and fetch resources"),
    AUDIENCE: deferred("change who may read one's own resources"),
    AUDIENCE_ANY: deferred("change who may read other members' resources"),
    EDIT_ANY: deferred("edit title, tags, language and licence of other members' resources"),
    WITHDRAW_ANY: deferred("withdraw other members' resources"),
}
