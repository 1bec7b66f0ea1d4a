"""How long to wait after a failure: doubling with jitter, up to 20 seconds, and what a server asked for if more.

Why no longer: half a minute after a homeserver is back, people shall have their answers (``docs/decisions/0012``).
"""

import math
import random

from copp_bot.core.matrix.port import MatrixError, RateLimited, Unavailable

FIRST = 0.5
LONGEST = 20.0
ATTEMPTS = 5
"""How often a refusal that waiting does not heal is tried again."""


def is_passing(error: Exception) -> bool:
    """Will waiting heal it? Connection errors, 5xx and 429 are waited out, however long it takes."""
    return isinstance(error, Unavailable | RateLimited)


def delay(attempt: int, error: Exception | None = None) -> float:
    """Seconds to wait before attempt number ``attempt`` + 1 (``attempt`` counts from 1)."""
    if isinstance(error, RateLimited):
        return error.retry_after + random.uniform(0.0, 0.2)  # noqa: S311 - jitter, not a secret
    grown: float = min(LONGEST, FIRST * 2.0 ** min(attempt - 1, 10))
    return grown * random.uniform(0.5, 1.0)  # noqa: S311


def told(pause: float) -> int:
    """A wait in whole seconds, as people are told: rounded up, for none would be no wait."""
    return max(1, math.ceil(pause))


def growing(failures: int, error: Exception) -> float:
    """As ``delay``, for the one call that is repeated for ever: longer each time, however little a server asks for."""
    return max(delay(failures), delay(failures, error))


def reason(error: Exception) -> str:
    """What to write down about an error: its kind and code, never a body."""
    if isinstance(error, MatrixError):
        return f"{type(error).__name__} {error.status} {error.errcode}".strip()
    return type(error).__name__
