"""What was opened by command, as declaration files."""

from collections.abc import Sequence

from copp_bot import run
from copp_bot.core.settings import Settings
from copp_bot.operating.database import beside
from copp_bot.rooms import export


async def export_groups(settings: Settings) -> Sequence[export.Exported]:
    """The groups and rooms that commands have opened; the bot may be running."""
    declared = run.check(settings)
    async with beside(settings) as database:
        return await database.read(lambda session: export.export(session, declared))
