"""Keeps the promise that what was redacted is gone: within a minute no byte of it is left in the database's files.

Erased rows are overwritten at once (``secure_delete``), the full-text index holds no words (``storage/search``); what
is left is the write-ahead log, which is emptied here.
"""

import asyncio
import logging

from storage.database import Database

log = logging.getLogger(__name__)
EVERY = 30.0
"""Seconds; a redaction waits at most that long, and for as long as the log takes to be emptied."""


class Housekeeping:
    """Tidies the database for as long as the bot runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Tidy until cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self._database.tidy()
            except Exception:  # a disk in trouble must not end the bot; the next time is soon
                log.exception("the database could not be tidied")
