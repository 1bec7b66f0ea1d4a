"""`!report`, `!support`, `!appeal`, `!cases`, `!case`: the chat edge of cases."""

from collections.abc import Callable
from dataclasses import dataclass

from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.ids import UserId
from copp_bot.core.readers import reader
from copp_bot.core.reply import Reply, say
from copp_bot.core.store import people as people_store
from copp_bot.features.cases import cards, render, routing, service
from copp_bot.features.cases.store import CaseRow

REPORT = "cases.report"
ROLE_ROOMS = ("stewards", "secretariat")


@dataclass(frozen=True)
class Handlers:
    """What the commands need beside their context."""

    core: Core

    def report(self, ctx: Context, args: Args) -> Reply | None:
        """Report a message or what happened."""
        return self._quietly(ctx, lambda: service.report(ctx, args.user("user"), args.text("reason")))

    def support(self, ctx: Context, args: Args) -> Reply | None:
        """Ask for technical help."""
        return self._quietly(ctx, lambda: service.support(ctx, args.text("text")))

    def appeal(self, ctx: Context, args: Args) -> Reply | None:
        """Have somebody else look at it."""
        return self._quietly(ctx, lambda: service.appeal(ctx, args.text("text")))

    def cases(self, ctx: Context, args: Args) -> Reply:
        """The open cases that one may look at; in a room of roles those of its own desk."""
        found = service.visible(ctx.session, ctx.policy, ctx.viewer)
        if not ctx.place.is_direct:
            found = tuple(case for case in found if case.desk == ctx.place.key)
        names = self._names(ctx, found)
        return self._there(ctx, render.render_list(found, names, ctx.now))

    def case(self, ctx: Context, args: Args) -> Reply:
        """Look at one, take it, or close it with an answer."""
        case = service.find(ctx.session, ctx.policy, ctx.viewer, args.number("case"))
        act = args.text("act")
        if act == "take":
            service.take(ctx, case)
            cards.update(ctx.effects, self.core, case)
        elif act == "close":
            service.close(ctx, case, args.text("text"))
            cards.update(ctx.effects, self.core, case)
            self._tell(ctx, case)
            return self._of(ctx, case, render.render_done(case))
        return self._of(ctx, case, cards.card(ctx.effects, case, ctx.viewer.user_id, None))

    def _quietly(self, ctx: Context, opens: Callable[[], CaseRow]) -> Reply | None:
        """In public nobody sees that it was done: the command is taken away, and the answer goes to the direct chat."""
        try:
            answer = render.render_thanks(opens())
        except UserError as error:
            answer = say(error.sentence)
        if ctx.place.is_direct:
            return answer
        ctx.effects.redact(ctx.place.room_id, ctx.message.event_id)
        ctx.effects.send(ctx.viewer.user_id, answer)
        return None

    def _tell(self, ctx: Context, case: CaseRow) -> None:
        who = UserId(case.by)
        with reading_in(reader(ctx.session, who, self.core.rooms).language):
            ctx.effects.send(who, render.render_outcome(case))

    def _names(self, ctx: Context, found: tuple[CaseRow, ...]) -> dict[UserId, str]:
        return people_store.names(ctx.session, [case.owner for case in found if case.owner])

    def _of(self, ctx: Context, case: CaseRow, reply: Reply) -> Reply:
        """In its own desk's room or privately."""
        return reply if ctx.place.is_direct or ctx.place.key == case.desk else reply.to_private()

    def _there(self, ctx: Context, reply: Reply) -> Reply:
        return reply if ctx.place.is_direct or ctx.place.key in ROLE_ROOMS else reply.to_private()


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    run = Handlers(core)
    text = Param("text", Kind.TEXT)
    return (
        Command(
            "report",
            run.report,
            deferred("Tell the stewards that something is wrong; nobody else sees it"),
            REPORT,
            "!report This hurts people.",
            (Param("user", Kind.USER, required=False), Param("reason", Kind.TEXT, required=False)),
            scope_from="service",
        ),
        Command(
            "support",
            run.support,
            deferred("Ask the Secretariat for technical help"),
            REPORT,
            "!support I cannot open the files of my group.",
            (text,),
            scope_from="service",
        ),
        Command(
            "appeal",
            run.appeal,
            deferred("Have somebody else look at what was decided about your report"),
            REPORT,
            "!appeal It has happened again since.",
            (text,),
            scope_from="service",
        ),
        Command("cases", run.cases, deferred("The open cases"), routing.HANDLE, "!cases", scope_from="service"),
        Command(
            "case",
            run.case,
            deferred("Look at a case, take it, or close it with an answer"),
            routing.HANDLE,
            "!case C4821 close We have talked with them.",
            (
                Param("case", Kind.ITEM),
                Param("act", required=False, choices=("take", "close")),
                Param("text", Kind.TEXT, required=False),
            ),
            letter="C",
            scope_from="service",
        ),
    )
