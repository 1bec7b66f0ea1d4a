"""Persisted choices: a reaction, or the same in words or as a number, becomes the command it stands for."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session

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
_NUMBER = re.compile(r"\s*(\d{1,2})[.)]?\s*$")


def by_reaction(effects: RowEffects, place: Place, reaction: Reaction, dispatcher: Dispatcher) -> None:
    """Run what a reaction stands for; a reaction that is no choice, by a stranger or too late, does nothing.

    Only a choice that was carried out closes the question: one that is refused leaves it to those who may.
    """
    prompt = store.by_event(effects.session, reaction.target)
    if prompt is None:
        return
    options = {key.replace(VARIATION, ""): command for key, command in prompt.options.items()}
    command = options.get(reaction.key.replace(VARIATION, ""))
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

    In the direct chat the reply may be left out; then the newest question is meant.
    """
    found = _NUMBER.match(message.body)
    said = str(int(found[1])) if found else f"{WORD}{message.body.strip().casefold()}"
    prompt = _asked_by(effects.session, place, message)
    if prompt is None or not (said in prompt.options or (found and any(key.isdigit() for key in prompt.options))):
        return False
    command = prompt.options.get(said)
    if not _is_open(prompt, message.sender, effects.now):
        return message.reply_to is not None
    if command is None:
        last = max(int(key) for key in prompt.options if key.isdigit())
        words = _("The list has numbers from 1 to {last}. Reply to it with one of them.").format(last=last)
        effects.send(place.room_id, say(words), reply_to=message.event_id, thread=message.thread)
        return True
    source = EventId(prompt.source_event) if prompt.source_event else None
    if dispatcher.chosen(effects, place, replace(message, body=command, reply_to=source), command):
        _close(effects, prompt, message.sender)
    return True


def _asked_by(session: Session, place: Place, message: Message) -> PromptRow | None:
    if message.reply_to is not None:
        return store.by_event(session, message.reply_to)
    return store.newest(session, (place.room_id, message.sender)) if place.is_direct else None


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
