"""`!rooms plan`, `!rooms apply`: the chat edge of the declared rooms."""

from copp_bot.core.commands.declare import Args, Command
from copp_bot.core.context import Context
from copp_bot.core.i18n import deferred
from copp_bot.core.reply import Reply
from copp_bot.features.rooms import render, service

PLAN, APPLY = "rooms.plan", "rooms.apply"


def plan(ctx: Context, args: Args) -> Reply:
    """Compare; the answer is edited when the homeserver has been asked."""
    service.request(ctx, service.PLAN_TASK)
    return _discreetly(ctx, render.render_comparing())


def apply(ctx: Context, args: Args) -> Reply:
    """Make it so; the answer is edited when all steps were tried."""
    service.request(ctx, service.APPLY_TASK)
    return _discreetly(ctx, render.render_applying())


def _discreetly(ctx: Context, reply: Reply) -> Reply:
    return reply if service.is_discreet(ctx.place) else reply.to_private()


def declare() -> tuple[Command, ...]:
    """The commands of this feature."""
    return (
        Command(
            "rooms plan",
            plan,
            deferred("What differs between the declared rooms and the homeserver; changes nothing"),
            PLAN,
            "!rooms plan",
        ),
        Command(
            "rooms apply",
            apply,
            deferred("Create and change rooms on the homeserver until they are as declared"),
            APPLY,
            "!rooms apply",
        ),
    )
