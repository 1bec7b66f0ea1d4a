"""What people come for, done by keyboard alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.browser.hands import Hands
from tests.house import House
from tests.samples import pdf

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def hands(house: House, chromium: Any) -> AsyncIterator[Hands]:
    """Somebody at a browser that complains about nothing."""
    context = await chromium.new_context(accept_downloads=True)
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("dialog", lambda dialog: complaints.append(f"a script asked: {dialog.message}"))
    yield Hands(house, page)
    await context.close()
    assert not complaints


async def test_sign_in_search_and_download(house: House, hands: Hands) -> None:
    await hands.sign_in(house.people["zofia"])
    assert "Hello, zofia" in await hands.text()
    await hands.press("Library")
    await hands.type("Words to look for", "beat")
    await hands.page.keyboard.press("Enter")
    await hands.page.wait_for_url("**/library?q=beat*")
    await hands.press("Clapping names")
    await hands.to("Download")
    async with hands.page.expect_download() as started:
        await hands.page.keyboard.press("Enter")
    download = await started.value
    assert download.suggested_filename == "sheet.pdf"
    saved = Path(await download.path())
    assert await asyncio.to_thread(saved.read_bytes) == pdf("Clap the beat of a name.")


async def test_add_change_and_take_back(house: House, hands: Hands, tmp_path: Path) -> None:
    file = tmp_path / "walk.pdf"
    file.write_bytes(pdf("Walking the sentence, step by step."))
    await hands.sign_in(house.people["zofia"])
    await hands.open("/library/add")
    await hands.page.set_input_files("#file", str(file))
    await hands.type("Title", "Walking the sentence")
    await hands.type("Tags", "rhythm, movement")
    await hands.press("Put it on the shelf")
    assert "It is on the shelf" in await hands.text()
    await hands.press("Change")
    await hands.type("Title", "Walking a sentence")
    await hands.press("Save")
    assert "Walking a sentence" in await hands.text()
    await hands.press("Change")
    await hands.to("Yes, take it off the shelf")
    await hands.page.keyboard.press("Space")
    await hands.press("Take it back")
    assert "It is taken back" in await hands.text()
    await hands.open("/library?q=sentence")
    assert "Nothing found" in await hands.text()


async def test_profile_and_signing_out_everywhere(house: House, hands: Hands) -> None:
    await hands.sign_in(house.people["lucia"])
    await hands.press("Me")
    await hands.type("Time zone", "Lisbon")
    await hands.type("What interests you", "drama, puppets")
    await hands.press("Save")
    assert "Saved." in await hands.text()
    assert await hands.page.input_value("#timezone") == "Europe/Lisbon"
    await hands.press("Sign out everywhere")
    await hands.open("/me")
    assert "/sign-in" in hands.page.url


async def test_the_secretariat_reads_a_report(house: House, hands: Hands) -> None:
    await hands.sign_in(house.people["odile"])
    await hands.press("Activity")
    assert "The community's week" in await hands.text()
