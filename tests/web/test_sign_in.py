"""Signing in and out: who gets in, who does not, and that nobody learns who is a member."""

from datetime import timedelta

import aiohttp
import pytest
from sqlmodel import Session, select

from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.ids import UserId
from copp_bot.core.settings import Settings
from copp_bot.core.store import rooms
from copp_bot.core.store import web as store
from copp_bot.core.web import sessions
from copp_bot.core.web.entrance import MOST_ASKED
from copp_bot.core.web.serving import Base
from tests.house import House
from tests.web.browser import LINK, Browser, browser
from tests.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_link_asked_for_on_the_page_signs_this_browser_in(house: House, page: Browser, zofia: Person) -> None:
    home = await page.sign_in(zofia)
    assert (home.status, home.url) == (200, "/home")
    assert page.cookie("copp_session")
    said = await house.said(zofia, "direct")
    assert "You are signed in to the web pages now, in Firefox on Linux." in said[-1]
    assert not any(LINK.search(text) for text in said)


async def test_after_signing_in_one_comes_where_one_wanted_to_go(house: House, page: Browser, zofia: Person) -> None:
    asked = await page.get("/home?x=1")
    assert asked.url == "/sign-in?next=/home?x%3D1", asked.url
    assert (await page.sign_in(zofia, path="/home?x%3D1")).url == "/home?x=1"


@pytest.mark.parametrize(
    "onward", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
async def test_one_is_never_sent_elsewhere(page: Browser, onward: str) -> None:
    asked = await page.get(f"/sign-in?next={onward}")
    assert asked.fields("/sign-in")["next"] == "/home"


async def test_the_same_answer_whether_or_not_somebody_is_a_member(house: House, page: Browser, zofia: Person) -> None:
    noor = await house.newcomer("noor")
    answers = []
    for name in (
        zofia.user_id,
        noor.user_id,
        "@nobody:example.org",
        zofia.user_id[1:].split(":")[0],
        "no such thing",
        "",
    ):
        await page.get("/sign-in")
        shown = await page.send("/sign-in", user_id=name)
        answers.append((shown.status, shown.url, shown.text))
    assert len(set(answers)) == 1, answers
    await house.app.site.entrance.idle()
    await house.settled()
    assert not any(LINK.search(text) for text in await house.said(noor, "direct"))
    assert sum(bool(LINK.search(text)) for text in await house.said(zofia, "direct")) == 2


async def test_opening_a_link_does_not_use_it_up(house: House, page: Browser, zofia: Person) -> None:
    """Previews and scanners open what is written in a chat."""
    await house.ask(zofia, "direct", "!web")
    link = await page.link(zofia)
    async with browser(house) as scanner:
        for _look in range(3):
            assert (await scanner.get(link)).status == 200
    await page.get(link)
    assert (await page.send(link)).url == "/home"


async def test_a_link_works_once(house: House, page: Browser, zofia: Person) -> None:
    await house.ask(zofia, "direct", "!web")
    link = await page.link(zofia)
    await page.get(link)
    async with browser(house) as other:
        await other.get(link)
        await page.send(link)
        late = await other.send(link)
        assert late.status == 410 and "does not work any more" in late.text
        assert (await other.get("/home")).url.startswith("/sign-in")


async def test_a_link_works_for_ten_minutes(house: House, page: Browser, zofia: Person) -> None:
    await house.ask(zofia, "direct", "!web")
    link = await page.link(zofia)
    now = house.app.clock.now()
    secret = link.rsplit("/", 1)[1]

    async def works(after: timedelta) -> bool:
        policy = house.app.core.policy
        return await house.database.read(lambda s: sessions.link(s, policy, secret, now + after)) is not None

    assert await works(timedelta(minutes=9))
    assert not await works(timedelta(minutes=10))


async def test_a_link_asked_for_on_a_page_works_in_that_browser_alone(
    house: House, page: Browser, zofia: Person
) -> None:
    await page.get("/sign-in")
    await page.send("/sign-in", user_id=zofia.user_id)
    link = await page.link(zofia)
    async with browser(house) as other:
        refused = await other.get(link)
        assert refused.status == 403 and "works there alone" in refused.text
        await other.get("/sign-in")
        assert other.last is not None
        forged = await other.post(link, {"csrf": other.last.fields("/sign-in")["csrf"]})
        assert forged.status == 403 and not other.cookie("copp_session")
    await page.get(link)
    assert (await page.send(link)).url == "/home"


async def test_nobody_is_flooded_with_links(house: House, page: Browser, zofia: Person) -> None:
    for _time in range(sessions.MOST_LINKS + 2):
        await page.get("/sign-in")
        await page.send("/sign-in", user_id=zofia.user_id)
        await house.app.site.entrance.idle()
    await house.settled()
    assert sum(bool(LINK.search(text)) for text in await house.said(zofia, "direct")) == sessions.MOST_LINKS


async def test_leaving_the_community_signs_out(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    await zofia.leave(house.rooms["root"])
    await house.settled()
    assert (await page.get("/home")).url.startswith("/sign-in")
    left = await house.database.read(lambda s: store.sessions(s, zofia.user_id, house.app.clock.now()))
    assert not left


async def test_what_a_session_may_do_is_asked_at_every_request(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)

    def gone(session: Session) -> None:
        row = rooms.membership(session, house.rooms["root"], zofia.user_id)
        assert row is not None
        row.membership = "leave"

    await house.database.write(gone)
    assert (await page.get("/home")).url.startswith("/sign-in")


async def test_signing_out_ends_this_session_alone(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    async with browser(house) as other:
        await other.sign_in(zofia)
        kept = page.cookie("copp_session")
        await page.get("/home")
        assert (await page.send("/sign-out")).url == "/"
        assert not page.cookie("copp_session")
        page.http.cookie_jar.update_cookies({"copp_session": kept})
        assert (await page.get("/home")).url.startswith("/sign-in")
        assert (await other.get("/home")).url == "/home"


async def test_signed_out_everywhere_from_the_chat(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    await house.ask(zofia, "direct", "!web off")
    assert (await page.get("/home")).url.startswith("/sign-in")


async def test_who_is_forgotten_leaves_no_row(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    feature = next(one for one in house.app.features if one.name == "web")
    assert feature.forget is not None
    forget, now = feature.forget, house.app.clock.now()
    await house.database.write(lambda s: forget(RowEffects(s, now, "forget", Batch()), UserId(zofia.user_id)))
    links = await house.database.read(lambda s: [row.user_id for row in s.exec(select(store.WebLinkRow))])
    sessions_ = await house.database.read(lambda s: [row.user_id for row in s.exec(select(store.WebSessionRow))])
    assert zofia.user_id not in (*links, *sessions_)


async def test_secrets_are_kept_as_hashes(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    secret = page.cookie("copp_session")
    kept = await house.database.read(
        lambda s: [row.token for row in store.sessions(s, UserId(zofia.user_id), house.app.clock.now())]
    )
    assert kept == [sessions.hash_of(secret)] and secret not in kept


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "é" * 10])
async def test_a_form_without_our_token_does_nothing(house: House, page: Browser, zofia: Person, token: str) -> None:
    await page.sign_in(zofia)
    for path in ("/sign-out", "/me/sessions"):
        refused = await page.post(path, {"csrf": token})
        assert refused.status == 403, path
    assert (await page.get("/home")).url == "/home"


async def test_cookies_are_out_of_reach(house: House, page: Browser, zofia: Person) -> None:
    await house.ask(zofia, "direct", "!web")
    link = await page.link(zofia)
    await page.get(link)
    assert page.last is not None
    fields = page.last.fields(link)
    url = f"http://127.0.0.1:{house.app.web_port}{link}"
    async with page.http.post(url, data=fields, allow_redirects=False) as response:
        set_cookie = response.headers.getall("Set-Cookie")
    session = next(line for line in set_cookie if line.startswith("copp_session="))
    assert "HttpOnly" in session and "SameSite=Lax" in session and "Path=/" in session and "Secure" not in session


async def test_by_https_cookies_are_secure_and_bound_to_the_host() -> None:

    settings = Settings(homeserver="http://x", user_id="@copp:x", web_url="https://copp.example.org/")
    base = Base(settings, None, None, None, None, None)  # type: ignore[arg-type]
    assert base.is_secure and base.session_cookie == "__Host-copp_session"


async def test_health_stays_where_it_was(house: House) -> None:
    url = f"http://127.0.0.1:{house.app.web_port}/healthz"
    async with aiohttp.ClientSession() as http, http.get(url) as response:
        assert await response.json() == {"status": "up"}


async def test_everybody_together_is_held_back(page: Browser) -> None:
    """The last of this file: nobody else can ask for a minute."""
    await page.get("/sign-in")
    assert page.last is not None
    fields = {**page.last.fields("/sign-in"), "user_id": "nobody"}
    answers = [(await page.post("/sign-in", fields)).status for _time in range(MOST_ASKED + 1)]
    assert (answers[0], answers[-1]) == (200, 429)
