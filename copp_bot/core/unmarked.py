"""Messages of ours that may stand in a room while it is not written down which events they have become.

The rule it keeps: nobody decides that an event means nothing to us while it may speak of one of these. After a crash
they are all that was open: some had gone out, and somebody may have reacted to them before the bot was back.
"""

import asyncio
from collections.abc import Iterable

from copp_bot.core.ids import TxnId

WITHIN = 10.0
"""Seconds that somebody waits."""


class Unmarked:
    """Keeps them, and lets others wait until they are known."""

    def __init__(self) -> None:
        self._before: set[TxnId] = set()
        self._sending: set[TxnId] = set()
        self._begun, self._fewer = asyncio.Event(), asyncio.Event()

    def begin(self, txns: Iterable[TxnId]) -> None:
        """These were open when the bot started."""
        self._before = set(txns)
        self._begun.set()

    def send(self, txn: TxnId) -> None:
        """It is on its way."""
        self._sending.add(txn)

    def refuse(self, txn: TxnId) -> None:
        """The homeserver did not take it this time."""
        self._sending.discard(txn)
        self._fewer.set()

    def settle(self, txns: Iterable[TxnId]) -> None:
        """It is written down what became of these, or they never went out."""
        known = frozenset(txns)
        self._before -= known
        self._sending -= known
        self._fewer.set()

    async def known(self) -> None:
        """Wait until all that may stand in a room by now is known.

        What takes longer than ten seconds, as with a homeserver that asks for patience, is not waited for again.
        """
        now: frozenset[TxnId] = frozenset()
        try:
            async with asyncio.timeout(WITHIN):
                await self._begun.wait()
                now = frozenset(self._before | self._sending)
                while now & (self._before | self._sending):
                    self._fewer.clear()
                    await self._fewer.wait()
        except TimeoutError:
            self.settle(now)
