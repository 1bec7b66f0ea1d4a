"""`!groups` and `!group …`: the chat edge of groups."""

from collections.abc import Callable
from dataclasses import dataclass

from copp_bot.core import items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.ids import Audience, UserId, group_of, group_scope
from copp_bot.core.narrowing import meant
from copp_bot.core.readers import reader
from copp_bot.core.reply import Reply
from copp_bot.core.store import people as people_store
from copp_bot.features.groups import asking, opening, render, render_opening, service
from copp_bot.features.groups.opening import Said
from copp_bot.features.groups.service import Asked, Decided, House
from copp_bot.rooms.declared import DeclaredRooms, declared_rooms, reader_roles

ACCEPT, INVITE = service.ACCEPT, service.INVITE
LIST, JOIN, LEAVE, MEMBERS = "groups.list", "groups.join", "groups.leave", "groups.members"


@dataclass(frozen=True)
class Handlers:
    """What the commands need beside their context."""

    core: Core
    house: House

    @property
    def rooms(self) -> DeclaredRooms:
        """The declared rooms, which commands may change."""
        return declared_rooms(self.core.rooms)

    def groups(self, ctx: Context, args: Args) -> Reply:
        """The groups one may know of here."""
        known = service.known(ctx.session, self.house, ctx.viewer, ctx.place)
        return render.render_groups(known, is_direct=ctx.place.is_direct)

    def join(self, ctx: Context, args: Args) -> Reply:
        """Ask to join; the request is put before the stewards."""
        info, asked = service.ask(ctx.effects, self.house, ctx.viewer, self._key(ctx, args) or "")
        if asked is Asked.ASKED:
            asking.put_before_stewards(ctx, ctx.policy, self.core.rooms, info)
        return render.render_asked(info, asked)

    def accept(self, ctx: Context, args: Args) -> Reply:
        """Let someone in who has asked."""
        user, key = _user(args), self._key(ctx, args) or ""

        def accepting() -> Reply:
            info = service.accept(ctx, self.house, user, key)
            asking.show_decided(ctx.effects, self.core.rooms, user, info, Decided.ACCEPTED, ctx.viewer.user_id)
            return render.render_accepted(user, info)

        return self._among_its_own(ctx, key, accepting)

    def decline(self, ctx: Context, args: Args) -> Reply:
        """Do not let someone in who has asked; they are told kindly."""
        user, key = _user(args), self._key(ctx, args) or ""

        def declining() -> Reply:
            info = service.decline(ctx, self.house, user, key)
            asking.show_decided(ctx.effects, self.core.rooms, user, info, Decided.DECLINED, ctx.viewer.user_id)
            with reading_in(reader(ctx.session, user, self.core.rooms).language):
                ctx.effects.send(user, render.render_sorry(user, info))
            return render.render_declined(user, info)

        return _discreetly(ctx, declining)

    def leave(self, ctx: Context, args: Args) -> Reply:
        """Leave a group and all its rooms."""
        key = self._key(ctx, args) or group_of(ctx.place.scope)
        return self._among_its_own(ctx, key, lambda: render.render_left(service.leave(ctx, self.house, key)))

    def members(self, ctx: Context, args: Args) -> Reply:
        """Who is in the group; in the room only where the group alone reads. In the direct chat one's only group."""
        only = next(iter(ctx.viewer.groups)) if ctx.place.is_direct and len(ctx.viewer.groups) == 1 else None
        key = self._key(ctx, args) or group_of(ctx.place.scope) or only

        def answer() -> Reply:
            info, users = service.members(ctx.session, self.house, ctx.viewer, key)
            names = people_store.names(ctx.session, users)
            stewards = service.stewards_of(ctx, info.key)
            return render.render_members(info, [(user, names.get(user)) for user in users], stewards)

        return self._among_its_own(ctx, key, answer)

    def new(self, ctx: Context, args: Args) -> Reply:
        """Show what would be opened."""
        said = Said(args.text("title"), *(args.options.get(name) for name in ("kind", "aim", "until", "steward")))
        return _discreetly(ctx, lambda: render_opening.render_plan(opening.plan(ctx, self.rooms, said, self.house.bot)))

    def open(self, ctx: Context, args: Args) -> Reply:
        """Carry out a plan."""
        return _discreetly(
            ctx, lambda: render_opening.render_opening(opening.carry_out(ctx, self.rooms, args.text("key")))
        )

    def close(self, ctx: Context, args: Args) -> Reply:
        """Show what closing means; with ``yes``, close."""

        def closing() -> Reply:
            meant = opening.target(ctx, self.rooms, args.text("key"), closing=True)
            if not args.text("confirm"):
                return render_opening.render_closing(meant)
            opening.set_closed(ctx, meant, True)
            return render_opening.render_setting(meant, True)

        return _discreetly(ctx, closing)

    def reopen(self, ctx: Context, args: Args) -> Reply:
        """Open again what was closed."""

        def reopening() -> Reply:
            meant = opening.target(ctx, self.rooms, args.text("key"), closing=False)
            opening.set_closed(ctx, meant, False)
            return render_opening.render_setting(meant, False)

        return _discreetly(ctx, reopening)

    def invite(self, ctx: Context, args: Args) -> Reply:
        """Bring people into a group or the community."""
        said = args.text("key").lower()
        key = said if said == service.WHOLE_COMMUNITY else self._key(ctx, args)

        def inviting() -> Reply:
            invitation = service.invite(ctx, self.house, args.users("users"), key)
            return render.render_inviting(invitation, self.core.rooms)

        is_of_all = key == service.WHOLE_COMMUNITY or (key is None and group_of(ctx.place.scope) is None)
        return inviting() if is_of_all else self._among_its_own(ctx, key or group_of(ctx.place.scope), inviting)

    def _among_its_own(self, ctx: Context, key: str | None, answer: Callable[[], Reply]) -> Reply:
        """Where a group's members alone read, of their own group; elsewhere discreetly."""
        is_seen = key and Audience(group_scope(key)) in self._seen(ctx)
        return answer() if is_seen else _discreetly(ctx, answer)

    def _key(self, ctx: Context, args: Args) -> str | None:
        """The group said by key or title; None when none was."""
        said = args.text("key")
        return meant(self.house.rooms, ctx.viewer.groups, self._seen(ctx), said) if said else None

    def _seen(self, ctx: Context) -> frozenset[Audience]:
        return items.audiences(ctx.session, ctx.viewer, ctx.place, self.house.bot)


def _discreetly(ctx: Context, answer: Callable[[], Reply]) -> Reply:
    """What names groups that others may not know of, a refusal too: not for rooms that others read."""
    if ctx.place.is_direct or reader_roles(ctx.place.readers):
        return answer()
    try:
        return answer().to_private()
    except UserError as error:
        raise UserError(error.sentence, private=True) from None


def _user(args: Args) -> UserId:
    return UserId(args.user("user") or "")


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    run = Handlers(core, House(core.rooms, core.settings.bot))
    key, any_key = Param("key", Kind.GROUP), Param("key", Kind.GROUP, required=False)
    named, any_named = Param("key", Kind.TEXT), Param("key", Kind.TEXT, required=False)
    user, users = Param("user", Kind.USER), Param("users", Kind.USERS)
    return (
        Command("groups", run.groups, deferred("The groups you may know of"), LIST, "!groups"),
        Command("group join", run.join, deferred("Ask to join a group"), JOIN, "!group join rhythm", (named,)),
        Command(
            "group leave",
            run.leave,
            deferred("Leave a group and all its rooms"),
            LEAVE,
            "!group leave rhythm",
            (any_named,),
        ),
        Command(
            "group members",
            run.members,
            deferred("Who is in your group"),
            MEMBERS,
            "!group members rhythm",
            (any_named,),
        ),
        Command(
            "group invite",
            run.invite,
            deferred("Bring people into a group, or into the community"),
            INVITE,
            "!group invite @anna:example.org rhythm",
            (users, any_key),
            scope_from="service",
        ),
        Command(
            "group accept",
            run.accept,
            deferred("Let someone into a group who has asked"),
            ACCEPT,
            "!group accept @anna:example.org rhythm",
            (user, named),
            scope_from="service",
        ),
        Command(
            "group new",
            run.new,
            deferred(
                "Plan a new group, or a topical room of the public area; you see the plan before anything is made"
            ),
            opening.NEW,
            "!group new Drama in class kind:training until:2027-06-30 steward:@anna",
            (Param("title", Kind.TEXT),),
            options=("kind", "aim", "until", "steward"),
            scope_from="service",
        ),
        Command(
            "group open",
            run.open,
            deferred("Open what you have planned with !group new"),
            opening.NEW,
            "!group open drama-in-class",
            (key,),
            scope_from="service",
        ),
        Command(
            "group close",
            run.close,
            deferred("Close a group or topical room: its rooms stay to be read; you see what it means first"),
            opening.CLOSE,
            "!group close rhythm",
            (key, Param("confirm", required=False, choices=("yes",))),
            scope_from="service",
        ),
        Command(
            "group reopen",
            run.reopen,
            deferred("Open a closed group or topical room again"),
            opening.CLOSE,
            "!group reopen rhythm",
            (key,),
            scope_from="service",
        ),
        Command(
            "group decline",
            run.decline,
            deferred("Do not let someone into a group who has asked"),
            ACCEPT,
            "!group decline @anna:example.org rhythm",
            (user, named),
            scope_from="service",
        ),
    )
