"""`!activity`: the closed week on demand."""

from dataclasses import dataclass

from copp_bot.core.commands.declare import Args, Command
from copp_bot.core.context import Context
from copp_bot.core.feature import Core, RoomDirectory
from copp_bot.core.i18n import deferred
from copp_bot.core.reply import Reply
from copp_bot.features.activity import render, service

READ = "activity.read"


@dataclass(frozen=True)
class Handlers:
    """What the command needs beside its context."""

    rooms: RoomDirectory

    def activity(self, ctx: Context, args: Args) -> Reply:
        """The last closed week; always privately."""
        return render.render_report(service.report(ctx.session, self.rooms, ctx.now), self.rooms).to_private()


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    summary = deferred("The last closed week in numbers")
    return (Command("activity", Handlers(core.rooms).activity, summary, READ, "!activity"),)
