"""Persisted choices: a reaction, or the same in words or as a number, becomes the command it stands for."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

from copp_bot.core import assent
from copp_bot.core.commands.dispatcher import Dispatcher
from copp_bot.core.context import Place
from copp_bot.core.effects import WORD, RowEffects
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import EventId
from copp_bot.core.matrix.port import Message, Reaction
from copp_bot.core.reply import say
from copp_bot.core.store import prompts as store
from copp_bot.core.store.prompts import PromptRow

VARIATION = "\ufe0f"
YES_AND_NO = frozenset((assent.YES, assent.NO, "❔"))
LOOK_BACK = 10
"""Questions among which a number in the direct chat looks for its list."""
_NUMBER = re.compile(r"\s*(\d{1,2})[.)]?\s*$")


def by_reaction(effects: RowEffects, place: Place, reaction: Reaction, dispatcher: Dispatcher) -> None:
    """Run what a reaction stands for; a reaction that is no choice, by a stranger or too late, does nothing.

    Only a choice that was carried out closes the question: one that is refused leaves it to those who may.
    """
    prompt = store.by_event(effects.session, reaction.target)
    if prompt is None:
        return
    options = {key.replace(VARIATION, ""): command for key, command in prompt.options.items()}
    command = options.get(reaction.key.replace(VARIATION, "")) or _agreed(prompt.options, assent.by_sign(reaction.key))
    if command is None or not _is_open(prompt, reaction.sender, effects.now):
        return
    message = _as_message(reaction, command, EventId(prompt.source_event) if prompt.source_event else reaction.target)
    if dispatcher.chosen(effects, place, message, command):
        _close(effects, prompt, reaction.sender)


def by_key(
    effects: RowEffects, place: Place, reaction: Reaction, dispatcher: Dispatcher, commands: Mapping[str, str]
) -> None:
    """Run what a reaction stands for on any message; on a question of ours it is a choice or nothing.

    Args:
        commands: reaction -> command, which is run as if it answered the message.
    """
    command = commands.get(reaction.key.replace(VARIATION, ""))
    if command is not None and store.by_event(effects.session, reaction.target) is None:
        dispatcher.reacted(effects, place, _as_message(reaction, command, reaction.target), command)


def _as_message(reaction: Reaction, command: str, reply_to: EventId) -> Message:
    return Message(
        event_id=reaction.event_id,
        room_id=reaction.room_id,
        sender=reaction.sender,
        sent_at=reaction.sent_at,
        body=command,
        msgtype="m.text",
        reply_to=reply_to,
    )


def by_words(effects: RowEffects, place: Place, message: Message, dispatcher: Dispatcher) -> bool:
    """Run what a number, or the word of a choice, stands for: as a reply to our message, by the one who is asked.

    In the direct chat the reply may be left out; then the newest question is meant, with a number the newest list.
    """
    prompt = _asked_by(effects.session, place, message)
    if prompt is None:
        return False
    command, last = _meant(prompt, message)
    is_open = _is_open(prompt, message.sender, effects.now)
    if is_open and place.is_direct and _declines(prompt, message):
        _close(effects, prompt, message.sender)
        return _say(effects, place, message, _("All right, I leave it as it is."))
    if command is None and not last:
        return False
    if not is_open:
        too_late = _("That question has been answered already, or is too old. Ask me again.")
        is_reply = message.reply_to is not None
        return is_reply and (not place.is_direct or _say(effects, place, message, too_late))
    if command is None:
        sentence = _("The list has numbers from 1 to {last}. Reply to it with one of them.")
        return _say(effects, place, message, sentence.format(last=last))
    source = EventId(prompt.source_event) if prompt.source_event else None
    if dispatcher.chosen(effects, place, replace(message, body=command, reply_to=source), command):
        _close(effects, prompt, message.sender)
    return True


def _say(effects: RowEffects, place: Place, message: Message, sentence: str) -> bool:
    effects.send(place.room_id, say(sentence), reply_to=message.event_id, thread=message.thread)
    return True


def choices(effects: RowEffects, place: Place, message: Message) -> tuple[str, ...]:
    """What may be answered to the question that a message in the direct chat replies to; nothing elsewhere.

    In a shared room a reply that is no choice may be talk.
    """
    prompt = store.by_event(effects.session, message.reply_to) if place.is_direct and message.reply_to else None
    if prompt is None or not _is_open(prompt, message.sender, effects.now):
        return ()
    return tuple(key.removeprefix(WORD) for key in prompt.options if key.isdigit() or key.startswith(WORD))


def _meant(prompt: PromptRow, message: Message) -> tuple[str | None, int]:
    """The command that was chosen; of a list for which a number was said also its last one, else 0."""
    found = _NUMBER.match(message.body)
    if found is None:
        return _in_words(prompt, message), 0
    last = max((int(key) for key in prompt.options if key.isdigit()), default=0)
    return prompt.options.get(str(int(found[1]))), last if last > 1 else 0


def _in_words(prompt: PromptRow, message: Message) -> str | None:
    word = message.body.strip(" \t\n.,;:!?").casefold()
    is_yes = assent.in_words(message.body, is_reply=message.reply_to is not None)
    return prompt.options.get(f"{WORD}{word}") or _agreed(prompt.options, is_yes)


def _declines(prompt: PromptRow, message: Message) -> bool:
    """Is this a no, where the question offers but a yes?"""
    is_yes = assent.in_words(message.body, is_reply=message.reply_to is not None)
    signs = {key for key in prompt.options if not key.startswith(WORD)}
    return is_yes is False and signs == {assent.YES}


def _agreed(options: Mapping[str, str], is_yes: bool | None) -> str | None:
    """What yes or no stands for; yes only where nothing else is asked."""
    signs = {key.replace(VARIATION, ""): key for key in options if not key.startswith(WORD)}
    if is_yes is None or (is_yes and not signs.keys() <= YES_AND_NO):
        return None
    return options.get(signs.get(assent.YES if is_yes else assent.NO, ""))


def _asked_by(session: Session, place: Place, message: Message) -> PromptRow | None:
    if message.reply_to is not None:
        return store.by_event(session, message.reply_to)
    if not place.is_direct:
        return None
    last = store.newest(session, (place.room_id, message.sender), LOOK_BACK)
    if _NUMBER.match(message.body):  # what was shown of a list may ask something itself; the list goes on
        last = [prompt for prompt in last if "1" in prompt.options] or last
    return next(iter(last), None)


def _is_open(prompt: PromptRow, person: str, now: datetime) -> bool:
    if prompt.asked and person not in prompt.asked:
        return False
    return now <= prompt.expires_at and prompt.answered_at is None


def _close(effects: RowEffects, prompt: PromptRow, person: str) -> None:
    """Choices that do nothing any more are taken off the message; with a message that goes they go by themselves."""
    if not prompt.once:
        return
    prompt.answered_at, prompt.answered_by = effects.now, person
    effects.session.add(prompt)
    effects.session.flush()
    for txn in prompt.reactions if prompt.options else ():
        effects.redact_own(txn)
