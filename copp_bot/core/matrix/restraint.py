"""Remembers what the homeserver has asked to wait with: calls that share a limit wait together.

The rule it keeps: after a 429 the next call of the same kind is refused here, without being made, until the time has
come; callers wait as they do for the homeserver's own word. What people wait for goes first: messages and changes of
rooms draw on one allowance, so the changes come a little later. Homeservers limit invitations in two ways, and do not
say which it was: a short wait is everybody's, a long one the invited person's alone. Source: Synapse's ``rc_message``,
``rc_room_creation`` and ``rc_invites``.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from copp_bot.core.ids import UserId
from copp_bot.core.matrix.port import RateLimited

LONGEST_SHARED = 10.0
"""Seconds; a longer wait for an invitation is about the person (Synapse: 333 s, against 3 s for everybody)."""


@dataclass(frozen=True)
class Limit:
    """What limits a call.

    Args:
        shared: the allowance that all such calls draw on.
        own: the one of the person it is about, where there is one.
        courtesy: seconds by which others go first after a wait.
    """

    shared: str
    own: str | None = None
    courtesy: float = 0.0


MESSAGES = Limit("messages")
CHANGES = Limit("messages", courtesy=0.5)
ROOMS = Limit("rooms")


def invitation(user_id: UserId) -> Limit:
    """Inviting this person."""
    return Limit("invites", f"invites {user_id}")


class Restraint:
    """Who has to wait, and until when."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until: dict[str, float] = {}
        self._pace: dict[str, float] = {}
        """Shared allowance -> seconds between calls: a refused invitation uses up the person's own allowance too."""

    def check(self, limit: Limit) -> None:
        """Before a call.

        Raises:
            RateLimited: it is too early.
        """
        until = max(self._until.get(name, 0.0) for name in (limit.shared, limit.own) if name)
        if until and (wait := until + limit.courtesy - self._monotonic()) > 0:
            raise RateLimited(wait)

    def learn(self, limit: Limit, error: RateLimited) -> None:
        """After a 429."""
        is_own = limit.own is not None and error.retry_after > LONGEST_SHARED
        name = limit.own if is_own and limit.own else limit.shared
        if limit.own is not None and not is_own:
            self._pace[limit.shared] = max(error.retry_after, self._pace.get(limit.shared, 0.0))
        self._until[name] = max(self._monotonic() + error.retry_after, self._until.get(name, 0.0))

    def forget(self) -> None:
        """The limits have been lifted."""
        self._until.clear()
        self._pace.clear()

    def done(self, limit: Limit) -> None:
        """After a call that was let through."""
        if limit.shared in self._pace and limit.own is not None:
            self._until[limit.shared] = self._monotonic() + self._pace[limit.shared]
