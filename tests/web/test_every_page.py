"""What holds for every route, found from the router itself: one that these tests cannot open fails."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from copp_bot.core.web.headers import PAGE_POLICY
from tests.features.built import built_routes
from tests.house import House
from tests.test_structure import ROOT
from tests.web.browser import Browser, Shown, browser
from tests.web.test_library import added
from tests.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROUTES = sorted(built_routes())
PAGES = [route for route in ROUTES if route.startswith("GET ")]
CHANGES = [route for route in ROUTES if route.startswith("POST ")]
FOR_MACHINES = {"GET /healthz", "GET /readyz", "GET /metrics", "GET /static/{name}"}
OPEN = {"GET /", "GET /sign-in", "GET /sign-in/sent", "GET /sign-in/{link}", *FOR_MACHINES}
"""What anybody is shown."""
BY_GATE = {"GET /library/{id}", "GET /library/{id}/file"}
"""What anybody is shown when it is public."""
MOST_BYTES = 100_000


@dataclass(frozen=True)
class Inside:
    """A member who stays signed in, with something shared, so that every address has something behind it."""

    page: Browser
    parts: dict[str, str]

    def address(self, route: str) -> str:
        """A route with something real in its braces."""
        path = route.partition(" ")[2]
        for name, value in self.parts.items():
            path = path.replace(name, value)
        assert "{" not in path, f"say what {route} is opened with"
        return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def inside(house: House) -> AsyncIterator[Inside]:
    """Signed in once for this file."""
    anna = await house.member("anna", "rhythm")
    async with browser(house) as page:
        await page.sign_in(anna)
        number = (await added(page, "The everyword.", title="Every")).rpartition("/")[2]
        parts = {"{id}": number, "{person}": anna.user_id, "{link}": "x" * 43}
        yield Inside(page, parts | {"{key}": "rhythm", "{session}": "1", "{name}": "site.css"})


def check_headers(shown: Shown) -> None:
    """No script, nothing from elsewhere, nothing told to others, nothing kept."""
    policy = shown.headers["Content-Security-Policy"]
    assert policy == PAGE_POLICY or "sandbox" in policy
    assert "unsafe" not in policy and "default-src 'none'" in policy
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in shown.headers


def check_page(shown: Shown) -> None:
    """Said in a language, with one heading; every field has its name in words; small enough for any line."""
    tree = shown.tree
    assert tree.css_first("html[lang]") and tree.css_first("title") and tree.css_first("main#main")
    assert len(tree.css("h1")) == 1
    assert len(shown.body) < MOST_BYTES
    assert not tree.css("script, style, [style], iframe, [onclick]")
    for node in tree.css("input:not([type=hidden]), select, textarea"):
        name = node.attributes.get("id") or ""
        is_inside = node.parent is not None and node.parent.tag == "label"
        assert is_inside or node.attributes.get("aria-label") or tree.css_first(f'label[for="{name}"]'), node.html
    for form in tree.css('form[method="post"]'):
        assert form.css_first('input[name="csrf"]'), form.html


@pytest.mark.parametrize("route", PAGES)
async def test_every_page(inside: Inside, route: str) -> None:
    shown = await inside.page.get(inside.address(route))
    check_headers(shown)
    is_for_roles = route in ("GET /audit", "GET /activity")
    assert shown.status in ({404} if is_for_roles else {410} if "{link}" in route else {200, 503}), shown.text
    if route == "GET /static/{name}":
        assert "public" in shown.headers["Cache-Control"]
    elif "/file" not in route:
        assert shown.headers["Cache-Control"] == "private, no-store"
    if route not in FOR_MACHINES and "/file" not in route:
        check_page(shown)


@pytest.mark.parametrize("route", [route for route in PAGES if route not in OPEN])
async def test_nothing_without_signing_in(inside: Inside, page: Browser, route: str) -> None:
    shown = await page.get(inside.address(route))
    if route in BY_GATE:
        assert shown.status == 404
    else:
        assert shown.url.startswith("/sign-in?next=/"), shown.url
    check_headers(shown)


@pytest.mark.parametrize("route", CHANGES)
async def test_every_change_asks_for_the_token_of_the_form(inside: Inside, page: Browser, route: str) -> None:
    path = inside.address(route)
    for data in ({}, {"csrf": "0" * 64}):
        assert (await inside.page.post(path, data)).status == 403
    shown = await page.post(path, {})
    assert shown.status == 403 or shown.url == "/sign-in"


async def test_what_is_not_there_looks_the_same_everywhere(house: House, inside: Inside) -> None:
    page = inside.page
    missing = await page.get("/no/such/page")
    assert missing.status == 404
    check_page(missing)
    for path in ("/library/L999999999", "/library/L999999999/file", "/audit", "/groups/hush", "/groups/archive",
                 "/people/@nobody:example.org", f"/people/{house.bot}", "/static/none.css", "/sign-out"):  # fmt: skip
        shown = await page.get(path)
        assert (shown.status, shown.html) == (404, missing.html), path


async def test_roles_have_their_pages(house: House, page: Browser) -> None:
    odile = await house.member("odile", "rhythm", roles=(("secretariat", "community"),))
    await page.sign_in(odile)
    assert "signed in to the web pages" in (await page.get("/audit")).text
    assert "The community's week" in (await page.get("/activity")).text
    menu = page.last.tree.css_first("nav") if page.last else None
    assert menu is not None and "Trail" in menu.text()


async def test_my_profile_is_mine_to_change(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    await page.get("/me")
    saved = await page.send("/me", language="fr", timezone="Lisbon", interests="Drama, songs", findable="on")
    assert saved.url == "/me?done=saved"
    assert saved.fields("/me") | {"csrf": ""} == {
        "csrf": "", "language": "fr", "timezone": "Europe/Lisbon", "interests": "Drama, songs", "findable": "on",
    }  # fmt: skip
    wrong = await page.send("/me", timezone="Atlantis")
    assert wrong.status == 422 and wrong.fields("/me")["timezone"] == "Atlantis"
    assert "I know no time zone" in wrong.text
    answer = await house.ask(zofia, "direct", "!me")
    assert "Europe/Lisbon" in answer and "Drama, songs" in answer


async def test_people_are_found_as_far_as_they_wish(house: House, page: Browser, zofia: Person) -> None:
    liam = await house.member("liam")
    await house.ask(liam, "direct", "!me interests juggling")
    await page.sign_in(zofia)
    assert liam.user_id in (await page.get("/people?interest=juggling")).text
    assert (await page.get(f"/people/{liam.user_id}")).status == 200
    await house.ask(liam, "direct", "!me findable off")
    assert liam.user_id not in (await page.get("/people?interest=juggling")).text
    assert (await page.get(f"/people/{liam.user_id}")).status == 404


async def test_asking_to_join_goes_before_the_stewards(house: House, page: Browser, zofia: Person) -> None:
    matteo = await house.member("matteo", roles=(("steward", "community"),))
    await page.sign_in(zofia)
    await page.get("/groups")
    for words in ("stewards are asked", "have asked already"):
        assert words in (await page.send("/groups/archive/join")).text
    await house.settled()
    assert any(zofia.user_id in said for said in await house.said(matteo, "stewards"))


async def test_sessions_are_listed_and_ended_one_by_one_or_all(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    await house.ask(zofia, "direct", "!web")
    me = await page.get("/me")
    assert "Firefox on Linux · this browser" in me.text
    assert (await page.send("/me/sessions")).url == "/"
    assert (await page.get("/me")).url.startswith("/sign-in")


async def test_every_text_of_the_templates_is_translated() -> None:
    """Outside of braces there are tags alone."""
    for path in (ROOT / "copp_bot").rglob("*.html"):
        text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        left = re.sub(r"<code>[^<]*</code>|<[^>]*>|&\w+;", "", text)
        assert not re.search(r"[^\W\d_]{2,}", left), (path, re.findall(r"[^\W\d_]{2,}", left))
