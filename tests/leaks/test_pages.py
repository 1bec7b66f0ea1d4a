"""The leak matrix of the pages: everybody opens every page that shows what is shared, and every byte is looked at.

The rule it keeps: what may be seen is worked out from memberships alone; the pages are found from the router, and one
without addresses to open fails. Former members come with the session that they had.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests import policy
from tests.fakes.person import FakeWorld
from tests.house import community
from tests.leaks.people import CONTENTS, DEACTIVATED, ENTERED, EX_MEMBER, PLACES, Content, may_read
from tests.leaks.test_matrix import COMMON, MISSING, Matrix, gone, peopled, shared, taken_back
from tests.web.browser import Browser, Shown, browser

pytestmark = pytest.mark.asyncio(loop_scope="module")
LIBRARY = tuple(content for content in CONTENTS if content.kind == "library")
"""What has pages of its own; posts are named on a person's page alone."""
NONE = MISSING["library"]
NOBODY = "nobody"
"""Somebody who has never signed in."""
VIEWERS = (*PLACES, DEACTIVATED, NOBODY)


@dataclass
class Pages:
    """The community with a browser for everybody, and all that came."""

    matrix: Matrix
    browsers: dict[str, Browser]
    came: dict[tuple[str, str], Shown] = field(default_factory=dict)

    def addresses(self, surface: str, content: Content) -> tuple[str, ...]:
        """What somebody opens to get at a content by a page."""
        number, author = self.matrix.numbers[content.name], self.matrix.house.people[content.author].user_id
        page = f"/library/{number}"
        known: dict[str, tuple[str, ...]] = {
            "GET /": ("/",),
            "GET /home": ("/home",),
            "GET /library": (
                "/library",
                f"/library?q={content.title}",
                f"/library?q={content.inside}",
                f"/library?q={content.title[:5]}",
                f"/library?q={COMMON}&tag={content.tag}",
                f"/library?q={content.inside}&lang=en",
                f"/library?q={content.inside}+{COMMON}",
                f"/library?tag={content.tag}",
            ),
            "GET /library/tags": ("/library/tags",),
            "GET /library/{id}": (page, f"{page}?done=added"),
            "GET /library/{id}/file": (f"{page}/file",),
            "GET /library/{id}/edit": (f"{page}/edit",),
            "GET /people": ("/people", "/people?interest=drama"),
            "GET /people/{person}": (f"/people/{quote(author, safe='@:')}",),
            "GET /groups": ("/groups",),
            "GET /groups/{key}": ("/groups/rhythm", "/groups/archive"),
        }
        assert surface in known, f"add what somebody opens to get at a content by {surface} to addresses()"
        return known[surface]


SURFACES = [
    one
    for one, gate in policy.SURFACES.items()
    if one.startswith("GET ") and gate in (policy.ITEMS, policy.FINDABLE, policy.MEMBERS)
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pages]:
    """Everybody has shared, signed in, and partly gone; then everything is opened."""
    world = FakeWorld()
    async with community(world, tmp_path_factory.mktemp("pages")) as house, AsyncExitStack() as stack:
        made = Pages(Matrix(house), {})
        await peopled(house)
        for content in CONTENTS:
            made.matrix.numbers[content.name] = await shared(house, content)
        for name in VIEWERS:
            made.browsers[name] = await stack.enter_async_context(browser(house))
        for name, _groups, _roles in ENTERED:
            await made.browsers[name].sign_in(house.people[name])
        await taken_back(made.matrix)
        await gone(house)
        await _everything_opened(made)
        yield made
    await world.close()


async def test_no_byte_is_shown_to_those_who_may_not_read_it(pages: Pages) -> None:
    looked = 0
    for (name, address), shown in pages.came.items():
        answer = f"{dict(shown.headers)}\n{shown.body.decode(errors='replace')}".casefold()
        for content in CONTENTS:
            words = (*content.words, pages.matrix.numbers[content.name].casefold())
            telling = [word for word in words if word in answer and word not in address.casefold()]
            assert may_read(name, content) or not telling, (name, address, content, telling)
            looked += bool(telling)
    assert looked > 500


@pytest.mark.parametrize("name", VIEWERS)
async def test_everything_is_shown_to_those_who_may(pages: Pages, name: str) -> None:
    """Else silence would pass."""
    for content in LIBRARY:
        number = pages.matrix.numbers[content.name]
        is_shown = may_read(name, content)
        page, file = pages.came[name, f"/library/{number}"], pages.came[name, f"/library/{number}/file"]
        assert (page.status, file.status) == ((200, 200) if is_shown else (404, 404))
        assert (content.title in page.text) == is_shown
        if _is_member(name):
            assert (number in pages.came[name, f"/library?q={content.inside}"].html) == is_shown
            assert (content.tag in pages.came[name, "/library/tags"].text) == is_shown


@pytest.mark.parametrize("name", VIEWERS)
async def test_denied_is_answered_like_what_does_not_exist(pages: Pages, name: str) -> None:
    shown = pages.browsers[name]
    for content in (content for content in LIBRARY if not may_read(name, content)):
        number = pages.matrix.numbers[content.name]
        for end in ("", "/file", "/edit"):
            denied = pages.came[name, f"/library/{number}{end}"]
            missing = await shown.get(f"/library/{NONE}{end}")
            assert (denied.status, denied.html.replace(number, NONE)) == (missing.status, missing.html)
        for end in ("edit", "audience", "withdraw"):
            csrf = await _token(shown)
            denied = await shown.post(f"/library/{number}/{end}", {"csrf": csrf, "sure": "yes", "audience": "public"})
            missing = await shown.post(f"/library/{NONE}/{end}", {"csrf": csrf, "sure": "yes"})
            assert (denied.status, denied.html) == (missing.status, missing.html)


@pytest.mark.parametrize("name", VIEWERS)
async def test_groups_show_their_members_to_their_members(pages: Pages, name: str) -> None:
    mine = {who: groups for who, groups, _roles in ENTERED}.get(name, ()) if _is_member(name) else ()
    for key in ("rhythm", "archive"):
        assert (pages.came[name, f"/groups/{key}"].text.count("member") > 0) == (key in mine)


async def test_every_page_has_its_addresses(pages: Pages) -> None:
    for surface in SURFACES:
        pages.addresses(surface, LIBRARY[0])


async def _everything_opened(pages: Pages) -> None:
    for name, shown in pages.browsers.items():
        addresses = dict.fromkeys(
            address for content in LIBRARY for surface in SURFACES for address in pages.addresses(surface, content)
        )
        for address in addresses:
            pages.came[name, address] = await shown.get(address)


async def _token(shown: Browser) -> str:
    """The token of this browser's forms, where it is signed in."""
    home = await shown.get("/home")
    return home.fields("/sign-out")["csrf"] if home.url == "/home" else ""


def _is_member(name: str) -> bool:
    return name in {who for who, _groups, _roles in ENTERED} - {EX_MEMBER, DEACTIVATED}
