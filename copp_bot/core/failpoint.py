"""Named places where a rig may have the process killed, as a power cut would: the proofs in ``tests/rigs`` use them.

The rule it keeps: nothing happens here unless ``COPP_FAIL_AT`` names a place (``worker.ended``, or ``worker.ended:3``
for its third pass). No operator sets it, so it is no setting.
"""

import os
import signal
from dataclasses import dataclass

VARIABLE = "COPP_FAIL_AT"
POINTS = (
    "intake.answered",
    "intake.writing",
    "intake.committed",
    "worker.handled",
    "worker.ended",
    "worker.committed",
    "outbox.sending",
    "outbox.sent",
    "outbox.marking",
    "outbox.marked",
    "tasks.starting",
    "tasks.ran",
    "tasks.ending",
    "tasks.committed",
    "apply.creating",
    "apply.created",
    "apply.stepped",
    "apply.recording",
    "scheduler.ending",
    "scheduler.committed",
)
"""Every place, in the order of the flow. Those in ``-ing`` and ``worker.handled`` lie before what they name is kept."""


@dataclass
class _Armed:
    name: str
    left: int

    def pass_by(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


_armed: _Armed | None = None


def arm() -> None:
    """Read the variable.

    Raises:
        ValueError: it names no place, or a count that is none.
    """
    global _armed  # noqa: PLW0603 - one process, one end
    name, _, count = os.environ.get(VARIABLE, "").partition(":")
    if name and name not in POINTS:
        raise ValueError(f"{VARIABLE} names no place: {name}")
    _armed = _Armed(name, int(count or 1)) if name else None


def reached(name: str) -> None:
    """Pass this place, or end here."""
    if _armed is not None:
        _armed.pass_by(name)


arm()
