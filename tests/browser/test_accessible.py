"""axe-core on every page of the router, light and dark, on a phone and on a desk; and nothing to scroll sideways."""

from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.browser.hands import Hands
from tests.features.built import built_routes
from tests.house import House
from tests.web.test_every_page import FOR_MACHINES

pytestmark = pytest.mark.asyncio(loop_scope="module")
AXE = (Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8")
SERIOUS = ("serious", "critical")
SIZES = {"phone": (390, 844), "desk": (1280, 800)}
NARROW = 320
PAGES = sorted(
    route.partition(" ")[2]
    for route in built_routes()
    if route.startswith("GET ") and route not in FOR_MACHINES and not route.endswith("/file")
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def signed_in(house: House, chromium: Any) -> dict[str, Any]:
    """Cookies of the Secretariat, who sees most."""
    context = await chromium.new_context()
    await Hands(house, await context.new_page()).sign_in(house.people["odile"])
    state: dict[str, Any] = await context.storage_state()
    await context.close()
    return state


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def addresses(house: House) -> dict[str, str]:
    """What stands in the braces of a route."""
    number = (await house.ask(house.people["lucia"], "rhythm/library", "!library list")).split("(")[1].split(")")[0]
    return {"{id}": number, "{person}": house.people["lucia"].user_id, "{key}": "rhythm", "{link}": "x" * 43}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
async def test_axe_finds_nothing_serious(
    house: House, chromium: Any, signed_in: dict[str, Any], addresses: dict[str, str], scheme: str, size: str
) -> None:
    width, height = SIZES[size]
    view = {"width": width, "height": height}
    for state in (signed_in, None):
        context = await chromium.new_context(storage_state=state, color_scheme=scheme, viewport=view)
        hands = Hands(house, await context.new_page())
        for path in (_filled(path, addresses) for path in (*PAGES, "/library?q=beat", "/library?q=nothingatall")):
            await hands.open(path)
            await hands.page.evaluate(AXE)
            found = await hands.page.evaluate("() => axe.run()")
            serious = [
                (one["id"], node["html"][:200])
                for one in found["violations"]
                if one["impact"] in SERIOUS
                for node in one["nodes"]
            ]
            assert not serious, (path, scheme, size, serious)
            assert found["passes"], path
        await context.close()


async def test_nothing_is_scrolled_sideways(
    house: House, chromium: Any, signed_in: dict[str, Any], addresses: dict[str, str]
) -> None:
    context = await chromium.new_context(storage_state=signed_in, viewport={"width": NARROW, "height": 600})
    hands = Hands(house, await context.new_page())
    for path in (_filled(path, addresses) for path in PAGES):
        await hands.open(path)
        assert await hands.page.evaluate("() => document.documentElement.scrollWidth") <= NARROW, path
    await context.close()


def _filled(path: str, addresses: dict[str, str]) -> str:
    for name, value in addresses.items():
        path = path.replace(name, value)
    assert "{" not in path, f"say what {path} is opened with"
    return path
