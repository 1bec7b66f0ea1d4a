"""What people write never runs, even where the browser is told to run everything: escaping alone holds.

The pages' own policy would stop each of these too; here it is switched off.
"""

from itertools import product
from typing import Any
from urllib.parse import quote

import pytest

from tests.browser.hands import Hands
from tests.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
RUN = "window.ran=1"
BREAKS = ("", '">', "'>", "</title>", "</textarea>", "</option></select>", "</script>", "-->", "]]>", "{{", "}}{%")
SCRIPTS = (
    f"<script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f"<svg onload={RUN}>",
    f"<svg><script>{RUN}</script></svg>",
    f"<details open ontoggle={RUN}>",
    f"<input autofocus onfocus={RUN}>",
    f"<iframe src=\"javascript:parent.{RUN}\"></iframe>",
    f"<a href=\"javascript:{RUN}\" id=x>x</a>",
    f"\" onfocus={RUN} autofocus=\"",
    f"' onmouseover={RUN} '",
    f"<math><mtext></mtext><mglyph><style><img src=x onerror={RUN}>",
    f"<style onload={RUN}></style>",
    f"<video><source onerror={RUN}></video>",
    f"<body onpageshow={RUN}>",
    f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"\u003cscript\u003e{RUN}\u003c/script\u003e",
    "{{ 7*7 }}{{ cycler.__init__.__globals__ }}",
)  # fmt: skip
PAYLOADS = [one + script for one, script in product(BREAKS, SCRIPTS)]
ON_A_PAGE = 19
"""Interests that one person may have, less one."""
FILL = """([action, fields]) => {
  const form = document.querySelector(`form[action="${action}"]`)
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value
  form.submit()
}"""
ADD = """async (title) => {
  const form = document.querySelector('form[action="/library/add"]')
  const data = new FormData(form)
  data.delete('file')
  data.set('title', title)
  data.set('url', 'http://127.0.0.1:9/' + encodeURIComponent(title).replaceAll("'", '%27').slice(0, 300))
  return (await fetch('/library/add', {method: 'POST', body: data})).status
}"""


async def test_nothing_that_is_written_runs(house: House, chromium: Any) -> None:
    context = await chromium.new_context(bypass_csp=True)
    hands = Hands(house, await context.new_page())
    await hands.sign_in(house.people["zofia"])
    await hands.open("/library/add")
    added = [await hands.page.evaluate(ADD, payload) for payload in PAYLOADS]
    assert added.count(200) > len(PAYLOADS) * 0.9, added
    for payload in PAYLOADS[:: len(BREAKS) - 1]:
        await _send(hands, "/library/add", {"title": payload, "tags": payload})
        await _check(hands, "a refused tag")
    for number in range(len(PAYLOADS) // 20):
        await _look(hands, f"/library?page={number + 1}")
    for payload in PAYLOADS[:: len(BREAKS) - 1]:
        for path in ("/library?q=", "/library?tag=", "/people?interest=", "/library?done=", "/sign-in?next="):
            await _look(hands, path + quote(payload))
    for start in range(0, len(PAYLOADS), ON_A_PAGE * 4):
        said = ",".join(one.replace(",", "")[:60] for one in PAYLOADS[start : start + ON_A_PAGE])
        await _send(hands, "/me", {"interests": said})
        await _look(hands, "/people")
    await context.close()


async def _send(hands: Hands, path: str, fields: dict[str, str]) -> None:
    """Fill in the form of a page and send it, past what the browser itself would refuse."""
    await hands.open(path)
    async with hands.page.expect_navigation():
        await hands.page.evaluate(FILL, [path, fields])


async def _look(hands: Hands, path: str) -> None:
    await hands.open(path)
    await _check(hands, path)


async def _check(hands: Hands, path: str) -> None:
    assert await hands.page.evaluate("() => window.ran") is None, path
    foreign = "script, iframe, svg, math, img, video, style, [onload], [onerror], [onfocus], a[href^='javascript:']"
    assert await hands.page.locator(foreign).count() == 0, path
    assert "49" not in await hands.page.inner_text("h1"), path
