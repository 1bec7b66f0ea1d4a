"""`!role grant`, `!role revoke`, `!role list`: the chat edge of roles."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from copp_bot.core import items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context, Place
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import Audience, UserId, group_of, group_scope
from copp_bot.core.narrowing import meant
from copp_bot.core.readers import place_among_members
from copp_bot.core.reply import Reply
from copp_bot.core.store import people as people_store
from copp_bot.core.until import parse_until
from copp_bot.features.roles import notices, render, service, store
from copp_bot.features.roles.service import Rules, Wish

CONFIRMED = " yes"
"""Behind the role, when laying it down was asked about."""
GRANT, REVOKE, LIST = service.GRANT, "roles.revoke", "roles.list"


@dataclass(frozen=True)
class Handlers:
    """What the commands need beside their context."""

    core: Core
    rules: Rules

    def grant(self, ctx: Context, args: Args) -> Reply:
        """Grant a role; the person is told."""
        until = parse_until(args.options.get("until"), ctx.now, ctx.zone)
        wish = self._wish(ctx, args, until)
        with self._refusing_discreetly(ctx, wish):
            change = service.grant(ctx.effects, self.rules, ctx.viewer, wish)
        notices.tell_granted(ctx.effects, self.core, change)
        return self._discreetly(ctx, change.scope, render.render_granted(change, self.core.rooms, ctx.zone))

    def revoke(self, ctx: Context, args: Args) -> Reply:
        """End a role; the person is told. Laying down one's own cannot be undone by oneself, so it is asked first."""
        wish = self._wish(ctx, args)
        is_asked = wish.user_id == ctx.viewer.user_id and not args.text("role").endswith(CONFIRMED)
        with self._refusing_discreetly(ctx, wish):
            if is_asked:
                change, _held = service.revocable(ctx.effects, self.rules, ctx.viewer, wish)
                question = render.render_laying_down(change, self.core.rooms, ctx.zone)
                return self._discreetly(ctx, change.scope, question)
            change = service.revoke(ctx.effects, self.rules, ctx.viewer, wish)
        if change.user_id != ctx.viewer.user_id:
            notices.tell_ended(ctx.effects, self.core, change)
        return self._discreetly(ctx, change.scope, render.render_revoked(change, self.core.rooms, ctx.zone))

    def list(self, ctx: Context, args: Args) -> Reply:
        """Who holds which role, as far as the readers may know of the groups."""
        place = place_among_members(ctx.session, ctx.viewer, ctx.place, self.rules.bot)
        grants = [g for g in store.in_force(ctx.session, ctx.now) if self._may_know(ctx, place, g.scope)]
        names = people_store.names(ctx.session, [g.user_id for g in grants])
        reply = render.render_list(grants, names, ctx.policy, self.core.rooms, ctx.zone)
        return reply if place == ctx.place else reply.to_private()

    def _wish(self, ctx: Context, args: Args, until: datetime | None = None) -> Wish:
        user, group = args.user("user"), args.options.get("group")
        if group is not None:
            group = meant(self.core.rooms, ctx.viewer.groups, self._seen(ctx, ctx.place), group)
        role = args.text("role").removesuffix(CONFIRMED)
        return Wish(UserId(user or ""), role, group, until, here=group_of(ctx.place.scope))

    def _seen(self, ctx: Context, place: Place) -> frozenset[Audience]:
        return items.audiences(ctx.session, ctx.viewer, place, self.rules.bot)

    def _discreetly(self, ctx: Context, scope: str, reply: Reply) -> Reply:
        """Named in front of those alone who may know of the group."""
        return reply if self._may_name(ctx, scope) else reply.to_private()

    @contextmanager
    def _refusing_discreetly(self, ctx: Context, wish: Wish) -> Iterator[None]:
        """A refusal shows whether there is a group of this name, so it goes where the change itself would be told."""
        try:
            yield
        except UserError as error:
            is_known = wish.group is None or self._may_name(ctx, group_scope(wish.group.lower()))
            raise UserError(error.sentence, private=not is_known, in_room=error.in_room) from None

    def _may_name(self, ctx: Context, scope: str) -> bool:
        place = place_among_members(ctx.session, ctx.viewer, ctx.place, self.rules.bot)
        return place == ctx.place and self._may_know(ctx, place, scope)

    def _may_know(self, ctx: Context, place: Place, scope: str) -> bool:
        key = group_of(scope)
        info = self.core.rooms.groups().get(key) if key else None
        return key is None or (info is not None and info.listed) or scope in self._seen(ctx, place)


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    run = Handlers(core, Rules(core.policy, core.rooms, core.settings.bot))
    user, role = Param("user", Kind.USER), Param("role", Kind.TEXT)
    return (
        Command(
            "role grant",
            run.grant,
            deferred("Give someone a role, for the community or one group, for a time or without end"),
            GRANT,
            "!role grant @anna:example.org steward group:rhythm until:2027-01-31",
            (user, role),
            options=("group", "until"),
            scope_from="service",
        ),
        Command(
            "role revoke",
            run.revoke,
            deferred("Take a role back, or lay your own down"),
            REVOKE,
            "!role revoke @anna:example.org steward group:rhythm",
            (user, role),
            options=("group",),
            scope_from="service",
        ),
        Command("role list", run.list, deferred("Who holds which role"), LIST, "!role list"),
    )
