"""The declared community that one begins with: of the source tree, or the one that is installed."""

from pathlib import Path

import copp_bot

_PACKAGE = Path(copp_bot.__file__).parent


def starter() -> Path:
    """The folder."""
    places = (_PACKAGE.parent / "rooms_config", _PACKAGE / "starter")
    return next(place for place in places if (place / "community.yaml").exists())
