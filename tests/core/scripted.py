"""An intake that is given one answer."""

from collections.abc import Mapping
from typing import Any

from copp_bot.app import App
from copp_bot.core.intake import Intake
from copp_bot.core.matrix.port import Unavailable
from copp_bot.core.unmarked import Unmarked
from tests.core.conftest import Stage


class Answers:
    """A homeserver that answers what it is told to.

    Args:
        now: content of state events, by type and state key; None: everything is as the answer says.
    """

    def __init__(self, answer: Any, now: Mapping[tuple[str, str], Any] | None = None) -> None:
        self.answer, self.now = answer, now

    async def state(self, *_args: object) -> Any:
        """Nothing can be read."""
        raise Unavailable("", "away", 502)

    async def state_event(self, room_id: str, event_type: str, state_key: str = "") -> Any:
        """What is so now."""
        if self.now is not None:
            return self.now.get((event_type, state_key))
        for raw in self.answer["rooms"]["join"][room_id]["state"]["events"]:
            if (raw["type"], raw.get("state_key")) == (event_type, state_key):
                return raw.get("content")
        return None

    async def sync(self, since: str | None, timeout_ms: int, filter_: dict[str, Any]) -> Any:
        """The answer."""
        return {"next_batch": "s1", **self.answer}

    async def messages(self, *_args: object) -> Any:
        """Nothing can be read."""
        raise Unavailable("", "away", 502)

    async def event(self, *_args: object) -> Any:
        """Nothing can be read."""
        raise Unavailable("", "away", 502)


def scripted(app: App, stage: Stage, answer: Any, now: Mapping[tuple[str, str], Any] | None = None) -> Intake:
    """An intake that has synced before, and now gets this."""
    classifier = app.intake._classifier
    intake = Intake(Answers(answer, now), app.database, app.clock, classifier, lambda: None, Unmarked())
    intake._unmarked.begin(())
    intake._token = "s0"
    return intake
