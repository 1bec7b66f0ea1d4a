"""The library's pages: what is found, shown and handed out; what is added and changed by the chat's rules."""

import pytest

from tests.features.library.library_house import copies
from tests.house import House
from tests.samples import pdf
from tests.web.browser import Browser, browser
from tests.world import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")
PDF = "application/pdf"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"


async def added(page: Browser, text: str, **fields: str) -> str:
    """Add a PDF of this text; the address of its page."""
    await page.get("/library/add")
    shown = await page.send("/library/add", file=("sheet.pdf", pdf(text), PDF), **fields)
    assert shown.url.endswith("?done=added"), shown.text
    return shown.url.removesuffix("?done=added")


async def test_a_file_is_added_found_and_downloaded(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    path = await added(
        page, "The zephyrword blows.", title="Wind games", tags="#drama, assessment", licence="CC-BY-4.0"
    )
    found = await page.get("/library?q=zephyrword&tag=drama&licence=CC-BY-4.0")
    assert "1 found" in found.text and "Wind games" in found.text and "<mark>zephyrword</mark>" in found.html
    narrow = await page.get("/library?q=zephyrword&tag=nonsense")
    assert "Nothing found" in narrow.text and "narrowed down to there is 1" in narrow.text
    assert "1 found" in (await page.get("/library?q=zephyrword")).text and 'href="/library?q=zephyrword"' in narrow.html
    assert "Nothing here is like that" in (await page.get("/library?tag=nonsense")).text
    shown = await page.get(path)
    assert "#drama" in shown.text and "CC-BY-4.0" in shown.text
    file = await page.get(f"{path}/file")
    assert file.body == pdf("The zephyrword blows.")
    assert file.headers["Content-Disposition"].startswith('attachment; filename="sheet.pdf"')
    assert "sandbox" in file.headers["Content-Security-Policy"] and file.headers["Cache-Control"] == "private, no-cache"


async def test_a_file_that_came_by_a_page_is_handed_out_in_the_chat(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    path = await added(page, "The chatword.", title="For the chat")
    await house.settled()
    assert await house.ask(zofia, "direct", f"!library get {path.rpartition('/')[2]}") == "sheet.pdf"


async def test_part_of_a_file_and_only_when_it_has_changed(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    path = await added(page, "The rangeword.")
    part = await page.get(f"{path}/file", Range="bytes=0-3")
    assert (part.status, part.body) == (206, b"%PDF")
    whole = await page.get(f"{path}/file")
    again = await page.get(f"{path}/file", **{"If-None-Match": whole.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("page.html", b"<!doctype html><title>x</title><p>hello</p><script>alert(1)</script>", "text/html"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "image/svg+xml"),
    ],
)
async def test_what_a_browser_would_run_is_saved(
    house: House, page: Browser, zofia: Person, name: str, data: bytes, kind: str
) -> None:
    await page.sign_in(zofia)
    await page.get("/library/add")
    shown = await page.send("/library/add", file=(name, data, kind), title=name)
    assert shown.status == 200, shown.text
    file = await page.get(shown.url.partition("?")[0] + "/file")
    assert file.headers["Content-Type"] == "application/octet-stream"
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_link_is_added_once(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    for wanted in ("added", "there"):
        await page.get("/library/add")
        shown = await page.send("/library/add", url="http://127.0.0.1:9/rhymes", title="Rhymes")
        assert shown.url.endswith(f"?done={wanted}")


@pytest.mark.parametrize(
    ("fields", "file", "said"),
    [
        ({}, None, "Choose a file, or give an address"),
        ({"url": "ftp://example.org"}, None, "Choose a file, or give an address"),
        ({"url": "http://x.example/"}, ("a.pdf", pdf("x"), PDF), "One at a time"),
        ({}, ("a.pdf", b"", PDF), "not a single byte"),
        ({}, ("a.pdf", b"%PDF-1.7 broken", PDF), "cannot be opened"),
        ({"tags": " ".join(f"tag{n}" for n in range(11))}, ("a.pdf", pdf("x"), PDF), "10 is the most"),
        ({"title": "x" * 201}, ("a.pdf", pdf("x"), PDF), "200 is the most"),
        ({"for": "archive"}, ("a.pdf", pdf("x"), PDF), "You are in no group"),
    ],
)
async def test_what_cannot_be_taken_is_said_on_the_form(
    house: House, page: Browser, zofia: Person, fields: dict[str, str], file: tuple[str, bytes, str] | None, said: str
) -> None:
    await page.sign_in(zofia)
    before = copies(house)
    await page.get("/library/add")
    typed = {"title": "What I typed", **fields}
    shown = await page.send("/library/add", file=file, **typed)
    assert shown.status == 422 and said in shown.text
    assert shown.fields("/library/add")["title"] == typed["title"]
    assert copies(house) == before and not list((house.data_dir / "uploads").iterdir())


async def test_the_author_changes_lets_read_and_takes_back(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    path = await added(page, "The mutableword.", title="Before", licence="CC-BY-4.0", **{"for": "rhythm"})
    await page.get(f"{path}/edit")
    assert "After" in (await page.send(f"{path}/edit", title="After", tags="songs", licence="")).text
    assert page.last is not None and "CC-BY-4.0" not in page.last.text and "#songs" in page.last.text
    async with browser(house) as stranger:
        assert (await stranger.get(path)).status == 404
        await page.get(f"{path}/edit")
        refused = await page.send(f"{path}/audience", audience="public")
        assert refused.status == 422 and "anybody can read" in refused.text
        await page.send(f"{path}/audience", audience="public", sure="yes")
        assert (await stranger.get(path)).status == 200
        assert "After" in (await stranger.get("/")).text
        assert (await stranger.get(f"{path}/file")).body.startswith(b"%PDF")
        await page.get(f"{path}/edit")
        assert (await page.send(f"{path}/withdraw")).status == 422
        await page.get(f"{path}/edit")
        assert (await page.send(f"{path}/withdraw", sure="yes")).url == "/library?done=withdrawn"
        assert (await stranger.get(path)).status == (await stranger.get(f"{path}/file")).status == 404


async def test_who_may_read_may_not_change(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    path = await added(page, "The firmword.", title="Mine")
    other = await house.member(f"{zofia.user_id[1:].partition(':')[0]}other")
    async with browser(house) as theirs:
        await theirs.sign_in(other)
        assert "Change" not in (await theirs.get(path)).text
        assert (await theirs.get(f"{path}/edit")).status == 404
        assert theirs.last is not None
        csrf = (await theirs.get("/library/add")).fields("/library/add")["csrf"]
        for change, fields in (("edit", {"title": "x"}), ("audience", {"audience": "community"}), ("withdraw", {})):
            refused = await theirs.post(f"{path}/{change}", {"csrf": csrf, "sure": "yes", **fields})
            assert refused.status == 404, change
    assert "Mine" in (await page.get(path)).text


async def test_what_people_write_is_shown_and_never_run(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    path = await added(page, f"The {HOSTILE} inkword.", title=HOSTILE, tags="bold")
    await page.get("/library/add")
    refused = await page.send("/library/add", url="https://school.example/x", title="x", tags="<b>bold</b>")
    assert "cannot be a tag" in refused.text and not refused.tree.css("b")
    await page.get("/me")
    await page.send("/me", interests=HOSTILE[:50])
    person = zofia.user_id
    for address in (path, f"{path}/edit", "/library", "/library?q=inkword", f"/library?q={HOSTILE}", "/home", "/me",
                    f"/people/{person}", f"/people?interest={HOSTILE}", "/library?tag=<b>", "/groups"):  # fmt: skip
        shown = await page.get(address.replace("#", "%23"))
        tree = shown.tree
        assert not tree.css("script, img, b, [onerror], [onload], [style], iframe"), address
        assert "<script>alert" not in shown.html
    shown = await page.get(path)
    heading = shown.tree.css_first("h1")
    assert heading is not None and heading.text() == HOSTILE.rstrip("\"'")


async def test_pages_follow_each_other(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    for number in range(21):
        await page.get("/library/add")
        await page.send("/library/add", url=f"http://127.0.0.1:9/{zofia.user_id}/{number}", title="Many", tags="many")
    first = await page.get("/library?tag=many")
    assert len(first.tree.css("ul.list > li")) == 20
    more = first.tree.css_first("a[rel=next]")
    assert more is not None
    second = await page.get(more.attributes["href"] or "")
    assert len(second.tree.css("ul.list > li")) == 1 and second.tree.css_first("a[rel=prev]")


async def test_a_mistake_in_an_address_is_a_sentence(house: House, page: Browser, zofia: Person) -> None:
    await page.sign_in(zofia)
    for address in ("/library?lang=klingon", "/library?page=0", "/library?licence=whatever", "/library?q=" + "a+" * 30):
        shown = await page.get(address)
        assert shown.status == 400 and "did not work" in shown.text, address
