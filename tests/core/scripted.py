"""An intake that is given one answer."""

from typing import Any

from copp_bot.app import App
from copp_bot.core.intake import Intake
from copp_bot.core.matrix.port import Unavailable
from copp_bot.core.unmarked import Unmarked
from tests.core.conftest import Stage


class Answers:
    """A homeserver that answers what it is told to."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    async def sync(self, since: str | None, timeout_ms: int, filter_: dict[str, Any]) -> Any:
        """The answer."""
        return {"next_batch": "s1", **self.answer}

    async def messages(self, *_args: object) -> Any:
        """Nothing can be read."""
        raise Unavailable("", "away", 502)

    async def event(self, *_args: object) -> Any:
        """Nothing can be read."""
        raise Unavailable("", "away", 502)


def scripted(app: App, stage: Stage, answer: Any) -> Intake:
    """An intake that has synced before, and now gets this."""
    classifier = app.intake._classifier
    intake = Intake(Answers(answer), app.database, app.clock, classifier, lambda: None, Unmarked())
    intake._unmarked.begin(())
    intake._token = "s0"
    return intake
