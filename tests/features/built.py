"""The features of the shipped declaration, as they declare themselves."""

from functools import cache
from pathlib import Path
from typing import Any, cast

from copp_bot.app import unconnected_features
from copp_bot.core.clock import SystemClock
from copp_bot.core.feature import Feature
from copp_bot.core.settings import Settings
from copp_bot.core.web.serving import Base
from copp_bot.core.web.site import Site
from copp_bot.rooms.declaration import load

BOT = "@copp:example.org"


@cache
def built_features() -> tuple[Feature, ...]:
    """Every feature of the app."""
    settings = Settings(homeserver="http://127.0.0.1", user_id=BOT)
    return unconnected_features(settings, load(Path(__file__).parent.parent.parent / "rooms_config"))


@cache
def built_routes() -> frozenset[str]:
    """Every route of the site as its router has it: ``GET /library``."""
    settings = Settings(homeserver="http://127.0.0.1", user_id=BOT)
    declared = load(Path(__file__).parent.parent.parent / "rooms_config")
    nothing = cast("Any", None)
    base = Base(settings, nothing, declared.policy(), SystemClock(), declared.directory(), nothing)
    router = Site(declared.title, base, built_features(), nothing, nothing).application().router
    found = [(route.method, route.resource) for route in router.routes() if route.method != "HEAD"]
    return frozenset(f"{method} {resource.canonical}" for method, resource in found if resource is not None)
