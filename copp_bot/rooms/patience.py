"""Waiting for the homeserver: what passes is waited out, everything else is told to the caller.

The rule it keeps: after 429 nothing is asked before the time the server named.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from copp_bot.core import backoff
from copp_bot.core.matrix.port import RateLimited, Unavailable

T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]


async def patiently(ask: Callable[[], Awaitable[T]], pause: Pause = asyncio.sleep) -> T:
    """Ask until there is an answer.

    Args:
        ask: one attempt; it must look before it repeats what is not idempotent.
        pause: waits so many seconds.

    Raises:
        MatrixError: a refusal that waiting does not heal.
    """
    attempt = 0
    while True:
        try:
            return await ask()
        except (RateLimited, Unavailable) as error:
            attempt += 1
            await pause(backoff.delay(attempt, error))
