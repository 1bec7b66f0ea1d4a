"""`!me` and its parts, `!find`, `!who`: the chat edge of profiles."""

from dataclasses import dataclass

from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context, Place
from copp_bot.core.feature import Core, RoomDirectory
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.ids import UserId
from copp_bot.core.kinds import SHARED_KINDS
from copp_bot.core.readers import place_among_members
from copp_bot.core.reply import Reply
from copp_bot.features.profile import render, service

EDIT, FIND, WHO = "profile.edit", "people.find", "people.who"


@dataclass(frozen=True)
class Handlers:
    """What the commands need beside their context."""

    rooms: RoomDirectory
    bot: UserId

    def me(self, ctx: Context, args: Args) -> Reply:
        """My profile."""
        mine = service.profile(ctx.session, ctx.viewer.user_id)
        return render.render_me(mine, ctx.viewer, self.rooms, ctx.now, ctx.zone)

    def language(self, ctx: Context, args: Args) -> Reply:
        """Set my language, and answer in it."""
        language = service.set_language(ctx.effects, ctx.viewer.user_id, args.text("language"))
        with reading_in(language):
            return render.render_language(language)

    def timezone(self, ctx: Context, args: Args) -> Reply:
        """Set my zone, or ask which is meant."""
        found = service.set_timezone(ctx.effects, ctx.viewer.user_id, args.text("zone"))
        mine = service.profile(ctx.session, ctx.viewer.user_id)
        if found == (mine.timezone,):
            return render.render_timezone(found[0], ctx.now)
        return render.render_zone_choices(found)

    def interests(self, ctx: Context, args: Args) -> Reply:
        """Replace my interests."""
        return render.render_interests(service.set_interests(ctx.effects, ctx.viewer.user_id, args.text("interests")))

    def findable(self, ctx: Context, args: Args) -> Reply:
        """May others find me?"""
        findable = args.text("answer").lower() == "on"
        service.set_findable(ctx.effects, ctx.viewer.user_id, findable)
        return render.render_findable(findable)

    def find(self, ctx: Context, args: Args) -> Reply:
        """Who shares an interest; privately where people read along who are not members."""
        interest = args.text("interest")
        found = service.find(ctx.session, ctx.viewer, interest, self.bot)
        near = None if found else service.near_interest(ctx.session, ctx.viewer, interest, self.bot)
        return self._there(ctx, render.render_found(interest, found, near))

    def who(self, ctx: Context, args: Args) -> Reply:
        """Someone's profile, and what they shared that may be read where the answer is read."""
        user = args.user("user") or ctx.viewer.user_id
        place = place_among_members(ctx.session, ctx.viewer, ctx.place, self.bot)
        return self._there(ctx, self._who(ctx, user, place))

    def _who(self, ctx: Context, user: UserId, place: Place) -> Reply:
        found = service.who(ctx.session, user, self.bot)
        if found is None:
            return render.render_unknown(user)
        shared = service.shared(ctx.session, ctx.viewer, place, user, self.bot, SHARED_KINDS)
        return render.render_who(found, [_named(one) for one in shared])

    def _there(self, ctx: Context, reply: Reply) -> Reply:
        place = place_among_members(ctx.session, ctx.viewer, ctx.place, self.bot)
        return reply if place == ctx.place else reply.to_private()


def _named(one: service.Shared) -> render.Named:
    kind = SHARED_KINDS[one.kind]
    return render.Named(kind.short_id(one.number), kind.command(one.number), one)


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    run = Handlers(core.rooms, core.settings.bot)
    return (
        Command("me", run.me, deferred("Your profile, and what others may see of it"), EDIT, "!me"),
        Command(
            "me language",
            run.language,
            deferred("The language you read, by name or code"),
            EDIT,
            "!me language fr",
            (Param("language", Kind.TEXT),),
        ),
        Command(
            "me timezone",
            run.timezone,
            deferred("Your time zone, by city or IANA name, so that times are yours"),
            EDIT,
            "!me timezone Europe/Paris",
            (Param("zone", Kind.TEXT),),
        ),
        Command(
            "me interests",
            run.interests,
            deferred("What interests you, separated by commas; “none” empties the list"),
            EDIT,
            "!me interests drama, assessment",
            (Param("interests", Kind.TEXT),),
        ),
        Command(
            "me findable",
            run.findable,
            deferred("Whether others find you by !find and !who"),
            EDIT,
            "!me findable off",
            (Param("answer", choices=("on", "off")),),
        ),
        Command(
            "find",
            run.find,
            deferred("Members who share an interest"),
            FIND,
            "!find drama",
            (Param("interest", Kind.TEXT),),
        ),
        Command(
            "who",
            run.who,
            deferred("A member's profile, and what they have shared"),
            WHO,
            "!who @anna:example.org",
            (Param("user", Kind.USER),),
        ),
    )
