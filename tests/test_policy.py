"""The policy table tells the truth: the class of a surface follows from what its handler reaches.

The rule it keeps: the leak tests are made from the table, so a row that says less than its handler can do fails here.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

from copp_bot.core import items
from copp_bot.core.store import items as items_store
from copp_bot.core.web.page import Where
from copp_bot.features.profile import service as people
from copp_bot.rooms.declaration import load
from tests.features.built import built_features
from tests.house import ROOMS_CONFIG
from tests.policy import FINDABLE, ITEMS, MEMBERS, NOTHING, OWN, ROLE, SURFACES
from tests.reach import reached

Handler = Callable[..., Any]
PANELS = {"GET /": Where.FRONT, "GET /home": Where.HOME, "GET /me": Where.ME}
"""Pages that every feature may add to."""
BY_STANDING = frozenset().union(*load(ROOMS_CONFIG).policy().standing.values())
"""What is allowed without any role."""


def handlers() -> Iterator[tuple[str, Handler, str | None]]:
    """Every surface of a feature as the table names it, what it runs, and the permission that it needs."""
    for feature in built_features():
        yield from ((f"!{one.path}", one.run, one.permission) for one in feature.commands if one.run is not None)
        yield from ((f"offer {one.name}", one.run, one.permission) for one in feature.offers)
        yield from ((f"job {one.id}", one.run, None) for one in feature.jobs)
        yield from ((f"GET {_plain(page.path)}", page.show, page.permission) for page in feature.pages)
        yield from ((f"POST {_plain(action.path)}", action.run, action.permission) for action in feature.actions)


def classes(surface: str, handler: Handler, permission: str | None) -> set[str]:
    """The classes that a surface can have."""
    panels = [one.fill for feature in built_features() for one in feature.panels if one.where is PANELS.get(surface)]
    met = set[object]().union(*(reached(one) for one in (handler, *panels)))
    is_gated = items.audiences in met
    if met & {people.find, people.who}:
        return {FINDABLE}
    if met & {items_store.visible, items.create}:
        return {ITEMS} if is_gated else {OWN}
    if permission is not None and permission not in BY_STANDING:
        return {ROLE, MEMBERS}
    if surface.startswith("job "):
        return {ITEMS} if is_gated else {ROLE, NOTHING}
    return {MEMBERS} if is_gated else {MEMBERS, OWN, NOTHING}


@cache
def known() -> dict[str, set[str]]:
    """Of every surface the classes that it can have."""
    return {surface: classes(surface, handler, permission) for surface, handler, permission in handlers()}


def test_a_surface_has_the_class_of_what_it_reaches() -> None:
    wrong = {surface: (SURFACES[surface], can) for surface, can in known().items() if SURFACES[surface] not in can}
    assert wrong == {}


def test_no_surface_is_passed_over() -> None:
    """Those of the core show nothing of anybody, or what belongs to whoever signs in."""
    assert {SURFACES[surface] for surface in set(SURFACES) - set(known())} == {NOTHING, OWN}


def test_a_surface_that_reads_what_members_share_has_one_class_alone() -> None:
    """So that none of them can be called harmless, and be left out of the leak tests."""
    for surface in ("!library search", "!blog show", "!meet list", "!search", "GET /library/{id}", "GET /home"):
        assert known()[surface] == {ITEMS}, surface
    assert known()["!journal show"] == {OWN}
    assert known()["!who"] == known()["GET /people/{person}"] == {FINDABLE}
    assert known()["!audit"] == {ROLE, MEMBERS}
    assert ITEMS not in known()["!library dismiss"]


def test_what_a_handler_reaches_is_found_however_it_is_called() -> None:
    """Through other modules, properties, closures, and methods of what it is made of; and no more than that."""
    show = next(handler for surface, handler, _permission in handlers() if surface == "!library show")
    assert {items.find, items.audiences, items_store.by_number} <= reached(show)
    assert items_store.visible in reached(partial(items.find))
    assert items_store.visible not in reached(items.short_id)


def _plain(path: str) -> str:
    """An address without the patterns of its parts."""
    return re.sub(r"\{(\w+):(?:[^{}]|\{[^{}]*\})*\}", r"{\1}", path)
