"""Raw events to dataclasses: the shapes that clients send, and everything that is not one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copp_bot.core.ids import MxcUri, RoomId
from copp_bot.core.matrix import events
from copp_bot.core.matrix.port import Edit, Event, Membership, Message, PostedFile, Reaction, Redaction, State
from tests import world

ROOM = RoomId("!room:example.org")
MXC = MxcUri("mxc://example.org/abc")


def raw(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    """An event of anna's."""
    head = {"event_id": "$one", "sender": "@anna:example.org", "origin_server_ts": 1_000}
    return {**head, "type": kind, "content": content, **more}


def parsed(kind: str, content: Any, **more: Any) -> Event | None:
    """The event parsed."""
    return events.parse(raw(kind, content, **more), ROOM)


def message(content: dict[str, Any]) -> Message:
    """A message parsed."""
    found = parsed("m.room.message", {"msgtype": "m.text", **content})
    assert isinstance(found, Message)
    return found


def test_a_message() -> None:
    found = message(world.message("hello", mentions=["@ben:example.org", "@ben:example.org"]))
    assert (found.event_id, found.room_id, found.sender) == ("$one", ROOM, "@anna:example.org")
    assert found.sent_at == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)
    assert (found.body, found.msgtype, found.mentions) == ("hello", "m.text", ("@ben:example.org",))
    assert (found.reply_to, found.thread, found.file) == (None, None, None)


def test_the_room_is_where_it_was_found() -> None:
    found = parsed("m.room.message", {"msgtype": "m.text", "body": "x"}, room_id="!other:example.org")
    assert found is not None
    assert found.room_id == ROOM


def test_formatted_body_is_never_read() -> None:
    found = message({"body": "plain", "format": "org.matrix.custom.html", "formatted_body": "<b>!library</b>"})
    assert found.body == "plain"


def test_a_reply_loses_its_fallback() -> None:
    found = message(world.message("> <@ben:example.org> what?\n> really?\n\nyes\n\nindeed", reply_to="$asked"))
    assert (found.reply_to, found.body) == ("$asked", "yes\n\nindeed")


def test_a_quotation_that_is_no_fallback_stays() -> None:
    quoting = "> <@ben:example.org> what?\n\nyes"
    assert message({"body": quoting}).body == quoting
    for body in ("> what?\n\nyes", "> <@ben:example.org> what?\nyes", "> <@ben:example.org> what?"):
        assert message(world.message(body, reply_to="$asked")).body == body


def test_an_emote_in_the_fallback() -> None:
    assert message(world.message("> * <@ben:example.org> waves\n\nhi", reply_to="$asked")).body == "hi"


def test_a_thread_falls_back_on_a_reply_that_is_none() -> None:
    found = message(world.message("in the thread", thread="$root"))
    assert (found.thread, found.reply_to) == ("$root", None)


def test_a_real_reply_in_a_thread() -> None:
    found = message(world.message("to you", thread="$root", reply_to="$asked"))
    assert (found.thread, found.reply_to) == ("$root", "$asked")


def test_a_file_without_caption() -> None:
    found = message(world.posted_file("score.pdf", MXC, 7, "application/pdf", None, None))
    assert found.file == PostedFile("score.pdf", MXC, "application/pdf", 7)
    assert found.body == ""


def test_a_file_with_caption() -> None:
    found = message(world.posted_file("score.pdf", MXC, 7, "application/pdf", "!library add Score", "$asked"))
    assert found.file is not None
    assert (found.file.name, found.body, found.reply_to) == ("score.pdf", "!library add Score", "$asked")


def test_a_file_of_an_older_client() -> None:
    found = message({"msgtype": "m.image", "body": "photo.jpg", "url": MXC})
    assert found.file == PostedFile("photo.jpg", MXC, "application/octet-stream", None)
    assert found.body == ""


@pytest.mark.parametrize(
    "content",
    [{"file": {"url": MXC}}, {"file": {"url": MXC}, "url": MXC}, {"url": "https://example.org"}, {"url": 7}, {}],
)
def test_a_file_that_cannot_be_fetched(content: dict[str, Any]) -> None:
    found = message({"msgtype": "m.file", "body": "x.pdf", "info": {"size": -1, "mimetype": 1}, **content})
    assert found.file == PostedFile("x.pdf", None, "application/octet-stream", None, is_encrypted="file" in content)


def test_an_edit() -> None:
    found = parsed("m.room.message", world.replacement("$said", "better"))
    assert isinstance(found, Edit)
    assert (found.target, found.new.body, found.new.event_id, found.event_id) == ("$said", "better", "$one", "$one")


@pytest.mark.parametrize(
    "wrong", [{"m.new_content": 7}, {"m.new_content": {}}, {"m.relates_to": {"rel_type": "m.replace"}}]
)
def test_an_edit_without_its_parts_is_nothing(wrong: dict[str, Any]) -> None:
    assert parsed("m.room.message", world.replacement("$said", "better") | wrong) is None


def test_a_reaction() -> None:
    found = parsed("m.reaction", world.annotation("$said", "👍"))
    assert isinstance(found, Reaction)
    assert (found.target, found.key) == ("$said", "👍")
    assert parsed("m.reaction", {}) is None


@pytest.mark.parametrize(
    "parts",
    [
        {"content": {"redacts": "$said", "reason": "why"}},
        {"content": {"reason": "why"}, "redacts": "$said"},
        {"content": {"reason": "why", "redacts": "$said"}, "redacts": "$said"},
    ],
)
def test_a_redaction_names_its_target_in_either_place(parts: dict[str, Any]) -> None:
    found = parsed("m.room.redaction", **parts)
    assert isinstance(found, Redaction)
    assert (found.target, found.reason) == ("$said", "why")


def test_a_redaction_of_nothing() -> None:
    assert parsed("m.room.redaction", {}) is None


def test_a_membership() -> None:
    unsigned = {"prev_content": {"membership": "invite"}}
    content = {"membership": "join", "displayname": "Ben"}
    found = parsed("m.room.member", content, state_key="@ben:example.org", unsigned=unsigned)
    assert isinstance(found, Membership)
    assert (found.user_id, found.membership, found.was) == ("@ben:example.org", "join", "invite")
    assert (found.display_name, found.sender) == ("Ben", "@anna:example.org")


def test_other_state() -> None:
    found = parsed("m.room.name", {"name": "Library"}, state_key="")
    assert isinstance(found, State)
    assert (found.type, found.state_key, found.content) == ("m.room.name", "", {"name": "Library"})


def test_a_message_that_pretends_to_be_state_is_state() -> None:
    found = parsed("m.room.message", {"msgtype": "m.text", "body": "!help"}, state_key="")
    assert isinstance(found, State)


@pytest.mark.parametrize("kind", ["m.room.encrypted", "m.sticker", "org.example", ""])
def test_what_nobody_acts_on(kind: str) -> None:
    assert parsed(kind, {"body": "x", "msgtype": "m.text"}) is None


def test_a_redacted_message_is_nothing() -> None:
    assert parsed("m.room.message", {}) is None


def test_half_characters_can_be_stored() -> None:
    found = message({"body": "\ud83d!", "msgtype": "m.\udc00"})
    assert (found.body, found.msgtype) == ("?!", "m.?")
    assert (
        events.parse({**raw("m.room.message", {"msgtype": "m.text", "body": "x"}), "event_id": "$\ud83d"}, ROOM) is None
    )


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["$e", "@u:e", "m.replace", "m.thread", "m.annotation", "m.file", "mxc://a/b", "\ud800", 10**400])
)
NAMES = """
    body msgtype m.relates_to rel_type event_id m.in_reply_to is_falling_back key redacts m.new_content m.mentions
    user_ids url file info size mimetype filename membership displayname prev_content reason
"""
KEYS = st.sampled_from(NAMES.split())
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner),
    max_leaves=15,
)
KINDS = st.sampled_from(["m.room.message", "m.reaction", "m.room.redaction", "m.room.member", "m.room.name"])


@given(JSON)
def test_anything_is_an_event_or_nothing(value: Any) -> None:
    assert events.parse(value, ROOM) is None


@given(KINDS, JSON, st.dictionaries(st.sampled_from(["redacts", "state_key", "unsigned", "origin_server_ts"]), JSON))
def test_any_content_is_an_event_that_can_be_stored_or_nothing(kind: str, content: Any, more: dict[str, Any]) -> None:
    found = parsed(kind, content, **more)
    assert found is None or isinstance(found, Message | Edit | Reaction | Redaction | Membership | State)
    if isinstance(found, Message):
        found.body.encode()


@given(st.dictionaries(KEYS, JSON), st.sampled_from(["m.text", "m.file", "m.notice"]), st.text())
def test_messages_of_any_make(content: dict[str, Any], msgtype: str, body: str) -> None:
    found = parsed("m.room.message", {**content, "msgtype": msgtype, "body": body})
    assert found is None or isinstance(found, Message | Edit)
