"""Avatars on the homeserver: each picture is uploaded once, however many rooms show it.

The rule it keeps: what was uploaded is known from the rooms themselves, whose avatars carry the hash of their bytes.
"""

from copp_bot.core.ids import MxcUri
from copp_bot.core.matrix.port import JsonDict, Media
from copp_bot.rooms import state
from copp_bot.rooms.observe import Observed
from copp_bot.rooms.pictures import Picture


class Uploads:
    """Knows which pictures are on the homeserver already."""

    def __init__(self, media: Media, observed: Observed) -> None:
        self._media = media
        avatars = [seen.content(state.AVATAR) or {} for seen in (*observed.rooms.values(), *observed.doubles)]
        self._known: dict[str, MxcUri] = {
            str(shown[state.SHA256]): MxcUri(str(shown["url"]))
            for shown in avatars
            if {state.SHA256, "url"} <= shown.keys()
        }

    async def content(self, picture: Picture) -> JsonDict:
        """The content of ``m.room.avatar``; the picture is uploaded if no room of ours shows it yet."""
        if picture.sha256 not in self._known:
            self._known[picture.sha256] = await self._media.upload(picture.path, picture.media_type, picture.path.name)
        info = {"mimetype": picture.media_type}
        return {"url": self._known[picture.sha256], "info": info, state.SHA256: picture.sha256}
