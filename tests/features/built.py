"""The features of the shipped declaration, as they declare themselves."""

from functools import cache
from pathlib import Path

from copp_bot.app import unconnected_features
from copp_bot.core.feature import Feature
from copp_bot.core.settings import Settings
from copp_bot.rooms.declaration import load

BOT = "@copp:example.org"


@cache
def built_features() -> tuple[Feature, ...]:
    """Every feature of the app."""
    settings = Settings(homeserver="http://127.0.0.1", user_id=BOT)
    return unconnected_features(settings, load(Path(__file__).parent.parent.parent / "rooms_config"))
