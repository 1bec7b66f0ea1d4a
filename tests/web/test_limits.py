"""Whoever is slow, sends too much or makes a page fail keeps nobody waiting, and learns nothing."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from copp_bot.core.settings import Settings
from copp_bot.core.web import forms, headers, site
from copp_bot.core.web.frame import Frame
from tests.fakes.person import FakeWorld
from tests.house import House, community
from tests.web.browser import Browser
from tests.world import WAIT_SECONDS, Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """These rules are the same on every database."""
    world = FakeWorld()
    async with community(world, tmp_path_factory.mktemp("limits")) as made:
        yield made
    await world.close()


async def raw(house: House, sent: bytes) -> bytes:
    """What comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.app.web_port)
    try:
        writer.write(sent)
        await writer.drain()
        return await asyncio.wait_for(reader.read(), WAIT_SECONDS)
    finally:
        writer.close()


async def test_a_half_sent_header_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "HEADER_SECONDS", 0.2)
    started = time.monotonic()
    assert await raw(house, b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ") == b""
    assert await raw(house, b"") == b""
    assert time.monotonic() - started < WAIT_SECONDS


async def test_a_half_sent_form_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "FORM_SECONDS", 0.2)
    head = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 500\r\n"
    answer = await raw(house, head + b"Content-Type: application/x-www-form-urlencoded\r\n\r\ncsrf=")
    assert answer.startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("sent", [b"GET /" + b"x" * 9000, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 9000])
async def test_an_endless_header_is_refused(house: House, sent: bytes) -> None:
    assert b" 400 " in (await raw(house, sent + b"\r\n\r\n")).splitlines()[0]


async def test_too_large_a_form_is_refused(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    refused = await page.post("/me", {"csrf": "x", "interests": "x" * site.BIGGEST_FORM})
    assert refused.status == 413 and "more than this page takes" in refused.text


async def test_too_large_a_file_is_refused_and_leaves_nothing(
    house: House, page: Browser, zofia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await page.sign_in(zofia)
    await page.get("/library/add")
    monkeypatch.setattr(house.app.settings, "upload_limit", 1_000_000)
    refused = await page.send("/library/add", file=("a.pdf", b"%PDF" + b"x" * 1_200_000, "application/pdf"))
    assert refused.status == 422 and "1 MB is the most" in refused.text
    assert not list((house.data_dir / forms.UPLOADS).iterdir())


async def test_a_file_is_not_taken_in_before_the_token(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    data = aiohttp.FormData(default_to_multipart=True)
    data.add_field("file", b"x" * 100, filename="a.pdf")
    data.add_field("csrf", "x")
    assert (await page.post("/library/add", data)).status == 403
    assert not list((house.data_dir / forms.UPLOADS).iterdir())


async def test_what_fails_is_a_page_with_a_reference(
    house: House, page: Browser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = Frame.page

    def fails(self: Frame, view: object, *rest: object) -> str:
        if getattr(view, "template", "") == "web/front.html":
            raise ZeroDivisionError("a secret")
        return real(self, view, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Frame, "page", fails)
    shown = await page.get("/")
    assert shown.status == 500 and "Something went wrong (ref" in shown.text
    assert "secret" not in shown.html and "Traceback" not in shown.html
    assert shown.headers["Content-Security-Policy"] == headers.PAGE_POLICY


async def test_what_an_upload_left_behind_goes_at_the_next_start(tmp_path: Path) -> None:
    folder = tmp_path / forms.UPLOADS
    folder.mkdir()
    (folder / "left").write_bytes(b"x")
    forms.prepare_uploads(tmp_path)
    assert not list(folder.iterdir())


async def test_https_only_by_setting() -> None:
    assert "Strict-Transport-Security" not in headers.security(0)
    assert headers.security(31536000)["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize(
    "address", ["copp.example.org", "ftp://copp.example.org", "https://example.org/copp", "https://"]
)
async def test_an_address_that_links_cannot_begin_with_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="without a path"):
        Settings(homeserver="http://x", user_id="@copp:x", web_url=address)


async def test_names_of_files_are_said_in_full_and_in_ascii() -> None:
    said = headers.disposition("attachment", 'é"x\\.pdf')
    assert said == "attachment; filename=\"__x_.pdf\"; filename*=UTF-8''%C3%A9%22x%5C.pdf"
