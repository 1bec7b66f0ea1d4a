"""Hands on a keyboard: what somebody does who has no mouse."""

from typing import Any

from tests.house import House
from tests.web.browser import LINK
from tests.world import Person

MOST_TABS = 80
FOCUSED = """() => {
  const one = document.activeElement
  const label = one.labels && one.labels.length ? one.labels[0].innerText : ''
  return (one.getAttribute('aria-label') || label || one.innerText || '').trim()
}"""


class Hands:
    """One person at one browser."""

    def __init__(self, house: House, page: Any) -> None:
        self.house = house
        self.page = page

    async def open(self, path: str) -> None:
        """Type an address."""
        await self.page.goto(f"http://127.0.0.1:{self.house.app.web_port}{path}")

    async def to(self, name: str) -> None:
        """Press Tab until what has this name has the focus, and see that the focus can be seen."""
        for _time in range(MOST_TABS):
            await self.page.keyboard.press("Tab")
            if (await self.page.evaluate(FOCUSED)).startswith(name):
                width = await self.page.evaluate("() => getComputedStyle(document.activeElement).outlineWidth")
                assert width != "0px", f"nobody sees that {name} has the focus"
                return
        raise AssertionError(f"no way to {name} by keyboard on {self.page.url}")

    async def press(self, name: str) -> None:
        """Go to a link or a button, and press Enter."""
        await self.to(name)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def type(self, name: str, text: str) -> None:
        """Go to a field, and write in it in place of what is there."""
        await self.to(name)
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(text)

    async def text(self) -> str:
        """What is read on the page."""
        return str(await self.page.inner_text("main"))

    async def sign_in(self, person: Person) -> None:
        """By the link in the direct chat."""
        await self.open("/")
        await self.press("Sign in")
        await self.type("Your Matrix name", person.user_id)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_url("**/sign-in/sent")
        await self.house.app.site.entrance.idle()
        await self.house.settled()
        links = [link for said in await self.house.said(person, "direct") for link in LINK.findall(said)]
        await self.open(links[-1])
        await self.press("Sign in")
