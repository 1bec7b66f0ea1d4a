"""Talking with the bot and waiting for its answer, as someone who looks at the screen would."""

import contextlib
import re
from collections.abc import Callable

from copp_bot.core.matrix.port import MARKER
from copp_bot.demo.person import PATIENCE, JsonDict, Person

_NUMBER = re.compile(r"\bL\d+\b")
_SETTLING = 45.0
"""Seconds in which a first answer may still be edited into the final one."""


def is_shelved(answer: str) -> bool:
    """Does an answer name the number of a resource?"""
    return _NUMBER.search(answer) is not None


class Answers:
    """The bot's answers to one message, and their edits."""

    def __init__(self, bot: str, command: str) -> None:
        self.text = ""
        self._bot = bot
        self._command = command
        self._answers: set[str] = set()

    def is_answer(self, event: JsonDict) -> bool:
        """Is this event a reply of the bot to the message, or the edit of one? Its text is then kept."""
        content = event.get("content", {})
        relation = content.get("m.relates_to") or {}
        if event.get("sender") != self._bot or event.get("type") != "m.room.message":
            return False
        if relation.get("rel_type") == "m.replace":
            is_ours = relation.get("event_id") in self._answers
            content = content.get("m.new_content", content)
        else:
            is_ours = relation.get("m.in_reply_to", {}).get("event_id") == self._command
            self._answers |= {event["event_id"]} if is_ours else set()
        self.text = content.get("body", "") if is_ours else self.text
        return is_ours


async def ask(
    person: Person,
    bot: str,
    room_id: str,
    content: JsonDict,
    txn_id: str,
    *,
    until: Callable[[str], bool] | None = None,
    look_back: bool = False,
) -> tuple[str, str]:
    """Say something to the bot and wait for its answer.

    Args:
        until: when the answer is the final one; without it the first answer is.
        look_back: the message may have been sent and answered before; look at the room's last events too.

    Returns:
        The message's event id, and the text of the last answer.

    Raises:
        TimeoutError: the bot did not answer.
    """
    position = await person.position()
    event_id = await person.send(room_id, content, txn_id)
    answers = Answers(bot, event_id)
    earlier = [e for e in reversed(await person.recent(room_id)) if answers.is_answer(e)] if look_back else []
    if not earlier:
        await person.find(room_id, position, answers.is_answer, PATIENCE)
    if until is not None and not until(answers.text):
        await _settled(person, room_id, position, answers, until)
    return event_id, answers.text


async def _settled(person: Person, room_id: str, position: str, answers: Answers, until: Callable[[str], bool]) -> None:
    """Wait for the edit that makes an answer final; what is there when it does not come is the answer."""
    with contextlib.suppress(TimeoutError):
        await person.find(room_id, position, lambda e: answers.is_answer(e) and until(answers.text), _SETTLING)


async def direct_chat(person: Person, bot: str, declared: frozenset[str], *, look_back: bool = False) -> str:
    """The room of this person and the bot alone, made when there is none, with the bot in it.

    Args:
        declared: the community's rooms, among which it is not.
        look_back: one may have been made at an earlier start.

    Raises:
        TimeoutError: the bot did not come.
    """
    position = await person.position()
    made = await _made_before(person, bot, declared) if look_back else None
    room_id = made or await _offered(person, bot) or await _opened(person, bot)
    if not await _is_there(person, bot, room_id, ("join",)):
        await person.find(room_id, position, lambda event: _is_arrival(event, bot), PATIENCE)
    await person.set_account_data("m.direct", {bot: [room_id]})
    return room_id


async def _made_before(person: Person, bot: str, declared: frozenset[str]) -> str | None:
    for room_id in await person.joined_rooms():
        is_candidate = room_id not in declared and await _is_there(person, bot, room_id, ("join", "invite"))
        marker = await person.state(room_id, MARKER) if is_candidate else None
        if is_candidate and (marker is None or marker["kind"] == "direct"):  # and no room of one's own space
            return room_id
    return None


async def _offered(person: Person, bot: str) -> str | None:
    """Accept the direct chat that the bot has opened, if it has."""
    invited_only = {"room": {"timeline": {"limit": 0}, "state": {"types": []}}, "presence": {"types": []}}
    rooms = (await person.sync(None, invited_only)).get("rooms", {})
    for room_id, invitation in rooms.get("invite", {}).items():
        if any(_is_direct(event, person.user_id, bot) for event in invitation["invite_state"]["events"]):
            await person.join(room_id)
            return str(room_id)
    return None


async def _opened(person: Person, bot: str) -> str:
    return await person.create_room(
        {"preset": "trusted_private_chat", "is_direct": True, "invite": [bot], "visibility": "private"}
    )


async def _is_there(person: Person, user_id: str, room_id: str, memberships: tuple[str, ...]) -> bool:
    member = await person.state(room_id, "m.room.member", user_id)
    return member is not None and member.get("membership") in memberships


def _is_direct(event: JsonDict, invited: str, bot: str) -> bool:
    content = event["content"]
    is_invitation = event["type"] == "m.room.member" and event["state_key"] == invited
    return is_invitation and event["sender"] == bot and content.get("is_direct") is True


def _is_arrival(event: JsonDict, bot: str) -> bool:
    is_member = event["type"] == "m.room.member" and event.get("state_key") == bot
    return is_member and event["content"].get("membership") == "join"
