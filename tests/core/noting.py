"""A command that writes down what was said, for tests of what is acted on, how often, and in which order."""

import pytest

from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.reply import Reply, say
from tests.core.conftest import Stage
from tests.core.rig import text_command

ran: list[str] = []


def note(_context: Context, args: Args) -> Reply:
    """Write down what was said."""
    ran.append(args.text("text"))
    return say(f"noted {args.text('text')}")


@pytest.fixture
def commands(stage: Stage) -> None:
    """The command above."""
    ran.clear()
    stage.rig.extra = (text_command("note", note),)
