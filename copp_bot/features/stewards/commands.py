"""`!duty`, `!handover`, `!roster`, `!did`, `!team`: the chat edge of the stewards' work."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core, RoomDirectory
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, RoomId, Scope, UserId, group_of
from copp_bot.core.reply import Reply
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.until import parse_until
from copp_bot.features.stewards import render, render_unheard, service, store, unheard
from copp_bot.features.stewards.service import SERVE
from copp_bot.features.stewards.store import SevenRoles

TEAM = "stewards.team"
STEWARDS_KEY = "stewards"


@dataclass(frozen=True)
class Handlers:
    """What the commands need beside their context."""

    rooms: RoomDirectory

    def duty(self, ctx: Context, args: Args) -> Reply:
        """Be there, or be away."""
        scope = service.scope_of(ctx, self.rooms, args.options.get("group"))
        if args.text("state") == "off":
            if "until" in args.options:
                raise UserError(_("Who is away comes back by !duty on. Leave until: out."))
            left = service.end(ctx.effects, ctx.viewer.user_id, scope)
            return self._there(ctx, scope, render.render_ended(scope, left, self._names(ctx, left), self.rooms))
        until = parse_until(args.options.get("until"), ctx.now, ctx.zone)
        started = service.start(ctx.effects, ctx.viewer.user_id, scope, until)
        known = [*started.others, *([UserId(started.note.user_id)] if started.note else [])]
        return self._there(ctx, scope, render.render_started(started, self._names(ctx, known), self.rooms, ctx.zone))

    def handover(self, ctx: Context, args: Args) -> Reply:
        """Leave a note; the others who serve read it now, the next one when they begin."""
        scope, me = service.scope_of(ctx, self.rooms, args.options.get("group")), ctx.viewer.user_id
        left = service.hand_over(ctx.effects, me, scope, args.text("note"), ctx.message.event_id)
        note = render.render_handover(me, self._names(ctx, [me]), args.text("note"), scope, self.rooms)
        for target in self._readers(ctx, scope):
            ctx.effects.send(target, note)
        return self._there(ctx, scope, render.render_handed_over(left, self._names(ctx, left)))

    def roster(self, ctx: Context, args: Args) -> Reply:
        """Who serves, and who is there now."""
        scope = service.scope_of(ctx, self.rooms, args.options.get("group"))
        stewards = service.roster(ctx.session, ctx.policy, scope, ctx.now)
        note = store.last_note(ctx.session, scope, ctx.now - service.NOTE_LASTS)
        names = self._names(ctx, [UserId(note.user_id)] if note else [])
        return self._there(ctx, scope, render.render_roster(stewards, note, names, ctx.now, ctx.zone))

    def did(self, ctx: Context, args: Args) -> Reply:
        """Write down what one was to others."""
        role, target = SevenRoles(args.text("role")), args.user("user")
        scope = service.scope_of(ctx, self.rooms, args.options.get("group"))
        service.note_deed(ctx, role, scope, target, args.text("note"))
        return self._there(ctx, scope, render.render_noted(role, target, self._names(ctx, [target] if target else [])))

    def team(self, ctx: Context, args: Args) -> Reply:
        """Who carries which role, and where it is thin."""
        team = service.team(ctx.session, ctx.policy, self.rooms, ctx.now)
        busy = {deed.user_id for done in team.roles.values() for deed in done}
        return render.render_team(team, self._names(ctx, busy), self.rooms)

    def unheard(self, ctx: Context, args: Args) -> Reply:
        """First posts without an answer, as far as the readers may know of their rooms."""
        waiting = [one for one in unheard.waiting(ctx.session) if self._may_know(ctx, one.scope)]
        heard = unheard.heard(ctx.session, ctx.now)
        return self._there(ctx, COMMUNITY, render_unheard.render_unheard(waiting, heard, ctx.now))

    def welcome(self, ctx: Context, args: Args) -> Reply:
        """Who has come in the last two weeks, whose they are, and whether they have been heard."""
        came = unheard.newcomers(ctx.session, ctx.now)
        return self._there(ctx, COMMUNITY, render_unheard.render_newcomers(came, ctx.now))

    def _may_know(self, ctx: Context, scope: Scope) -> bool:
        """Among stewards the community's rooms are spoken of; a group's privately, with those who are in it."""
        return scope == COMMUNITY or (ctx.place.key != STEWARDS_KEY and group_of(scope) in ctx.viewer.groups)

    def _readers(self, ctx: Context, scope: Scope) -> Sequence[RoomId | UserId]:
        """Where the others read a note: the stewards' room for the community, privately for a group."""
        if scope != COMMUNITY:
            return [
                who for who in service.serving(ctx.session, ctx.policy, scope, ctx.now) if who != ctx.viewer.user_id
            ]
        room = rooms_store.room_id(ctx.session, STEWARDS_KEY)
        return [room] if room and room != ctx.place.room_id else []

    def _there(self, ctx: Context, scope: Scope, reply: Reply) -> Reply:
        """Of the community's work stewards speak among themselves, of a group's privately: not all may know of it."""
        is_among_stewards = ctx.place.key == STEWARDS_KEY and scope == COMMUNITY
        return reply if ctx.place.is_direct or is_among_stewards else reply.to_private()

    def _names(self, ctx: Context, users: Iterable[UserId]) -> dict[UserId, str]:
        return people_store.names(ctx.session, list(users))


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    run = Handlers(core.rooms)
    return (
        Command(
            "duty",
            run.duty,
            deferred("Be there for newcomers and questions, or be away"),
            SERVE,
            "!duty on until:2027-01-31",
            (Param("state", choices=("on", "off")),),
            options=("until", "group"),
            scope_from="service",
        ),
        Command(
            "handover",
            run.handover,
            deferred("Leave a note for whoever is on duty next, and be away"),
            SERVE,
            "!handover Two newcomers wait in Reception; the thread on grants needs a summary.",
            (Param("note", Kind.TEXT),),
            options=("group",),
            scope_from="service",
        ),
        Command(
            "roster",
            run.roster,
            deferred("Who serves here, who is on duty, their languages and hours"),
            SERVE,
            "!roster",
            options=("group",),
            scope_from="service",
        ),
        Command(
            "did",
            run.did,
            deferred("Write down what you were to others, in one of the seven roles"),
            SERVE,
            "!did connected @anna two schools that both stage plays",
            (
                Param("role", choices=tuple(SevenRoles)),
                Param("user", Kind.USER, required=False),
                Param("note", Kind.TEXT, required=False),
            ),
            options=("group",),
            scope_from="service",
        ),
        Command(
            "unheard",
            run.unheard,
            deferred("First posts that no person has answered yet"),
            SERVE,
            "!unheard",
            scope_from="service",
        ),
        Command(
            "welcome",
            run.welcome,
            deferred("Who is new, who looks after them, and who waits"),
            SERVE,
            "!welcome",
            scope_from="service",
        ),
        Command("team", run.team, deferred("The seven roles: who carries what, and where it is thin"), TEAM, "!team"),
    )
