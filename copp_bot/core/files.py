"""Deletes bytes that no item uses any more: our copy, and the homeserver's where the operator gave the right."""

import logging
from collections.abc import Collection
from pathlib import Path
from typing import Any

from copp_bot.core.errors import UserError
from copp_bot.core.feature import TaskKind
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import MxcUri
from copp_bot.core.items import DELETE_FILES
from copp_bot.core.matrix.port import Administration, Missing, PostedFile

log = logging.getLogger(__name__)


def address_of(file: PostedFile) -> MxcUri:
    """Where a posted file's bytes are.

    Raises:
        UserError: its event does not say so, or they are encrypted.
    """
    if file.is_encrypted:
        raise UserError(
            _(
                "That file is encrypted, so I cannot open it. Post it in a room that is not encrypted, such as our "
                "direct chat."
            )
        )
    if file.mxc is None:
        raise UserError(_("That message does not say where its file is, so I cannot open it. Post the file again."))
    return file.mxc


def delete_kind(data_dir: Path, administration: Administration | None) -> TaskKind:
    """The task that deletes files.

    Args:
        data_dir: what paths of files are relative to.
        administration: deletes media on the homeserver; without it they stay there, unreachable by our pages.
    """

    async def run(payload: dict[str, Any]) -> None:
        for file in payload["files"]:
            if file["path"]:
                (data_dir / file["path"]).unlink(missing_ok=True)
            if file["mxc"] and administration is not None:
                await _delete_media(administration, MxcUri(file["mxc"]), payload.get("owners", ()))

    return TaskKind(DELETE_FILES, run)


async def _delete_media(administration: Administration, mxc: MxcUri, owners: Collection[str]) -> None:
    """Whoever posts an address of somebody else's file gains no right over it."""
    try:
        if await administration.media_owner(mxc) in owners:
            await administration.delete_media(mxc)
    except Missing:
        log.info("withdrawn media was not on the homeserver any more")
