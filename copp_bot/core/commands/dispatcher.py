"""From a message or a choice to a handler, and from its reply to the outbox.

The rule it keeps: every way in (typed, mentioned, chosen by reaction or number) passes the same permission check,
and every answer goes where its readers may read it.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from copp_bot.core.commands import grammar, mistakes
from copp_bot.core.commands.declare import Args, Command, Where
from copp_bot.core.commands.help import may_use
from copp_bot.core.context import Context, Place
from copp_bot.core.courtesy import Courtesy, courtesy_in
from copp_bot.core.effects import RowEffects
from copp_bot.core.errors import UserError
from copp_bot.core.feature import FileOffer
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import COMMUNITY, RoomId, UserId, localpart
from copp_bot.core.matrix.port import Message
from copp_bot.core.people import load_viewer
from copp_bot.core.permissions import Policy, refusal
from copp_bot.core.reply import LINES_IN_A_ROOM, Part, Reply, code, say, shorten
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store import said as said_store

log = logging.getLogger(__name__)
LONGEST_NAME = 60
TOO_OLD = timedelta(hours=24)
JUST_NOW = timedelta(seconds=10)
"""Since we came into a direct chat and greeted; whoever writes "hello" so soon has not read ours yet."""
STEWARDS_KEY = "stewards"


@dataclass(frozen=True)
class House:
    """What does not change while the bot runs."""

    bot: UserId
    server: str
    policy: Policy
    zone: ZoneInfo
    language: str
    commands: Mapping[str, Command]


class Dispatcher:
    """Runs commands inside the worker's transaction."""

    def __init__(self, house: House) -> None:
        self.house = house

    def message(self, effects: RowEffects, place: Place, message: Message, choices: Sequence[str] = ()) -> None:
        """Handle a message that may be a command; answers are written to the outbox.

        Args:
            choices: what may be said instead, where it replies to a question.
        """
        typed = self._meant(effects, place, message)
        if typed is None:
            return
        context = self._context(effects, place, message)
        with reading_in(context.viewer.language or self.house.language):
            if self._is_too_old(effects, message, context):
                self._answer(context, say(_("I was away for more than a day and did not act on this. Say it again.")))
                return
            self._typed(context, typed, choices)

    def is_command(self, effects: RowEffects, place: Place, message: Message) -> bool:
        """Is this caption a command, or nearly one? Without ``!``, only where it begins with all words of one."""
        typed = self._meant(effects, place, message)
        if typed is None:
            return False
        command, _rest = grammar.find_command(typed.text, self.house.commands)
        if typed.is_explicit:
            return command is not None or mistakes.suggestion(typed.text, list(self.house.commands)) is not None
        return command is not None and " " in command.path

    def _meant(self, effects: RowEffects, place: Place, message: Message) -> grammar.Typed | None:
        names = [name for name in (self._bot_name(effects), localpart(self.house.bot)) if name]
        mentioned = self.house.bot in message.mentions
        return grammar.meant_for_us(message.body, self.house.bot, names, mentioned, place.is_direct)

    def _is_too_old(self, effects: RowEffects, message: Message, context: Context) -> bool:
        """What was answered before an older database came back, or is put back by an operator, is done in any case."""
        is_old = effects.now - message.sent_at > TOO_OLD
        return is_old and not effects.attempt and not said_store.is_said(effects.session, context.answer)

    def chosen(self, effects: RowEffects, place: Place, message: Message, text: str) -> bool:
        """Run a command that a choice stands for, as if the chooser had typed it; False when it was refused."""
        context = self._context(effects, place, message)
        with reading_in(context.viewer.language or self.house.language):
            return self._typed(context, grammar.Typed(text, True))

    def reacted(self, effects: RowEffects, place: Place, message: Message, text: str) -> None:
        """Run a command that a reaction on any message stands for; who may not use it hears nothing."""
        context = self._context(effects, place, message)
        command, _rest = grammar.find_command(text, self.house.commands)
        if command is None or self._refusal(context, command) or self._is_too_old(effects, message, context):
            return
        with reading_in(context.viewer.language or self.house.language):
            self._typed(context, grammar.Typed(text, True))

    def offered(self, effects: RowEffects, place: Place, message: Message, offer: FileOffer) -> bool:
        """Let a feature offer to take a posted file; False when it does not. Who may not use it is not asked."""
        context = self._context(effects, place, message)
        if refusal(self.house.policy, context.viewer, offer.permission, place.scope) is not None:
            return False
        with reading_in(context.viewer.language or self.house.language):
            reply = offer.run(context)
            if reply is not None:
                self._answer(context, reply)
        return reply is not None

    def not_taken(self, effects: RowEffects, place: Place, message: Message, offers: Iterable[FileOffer]) -> None:
        """The answer to a file in the direct chat that no feature takes: they may not share it, or nobody reads it."""
        context = self._context(effects, place, message)
        name = message.file.name if message.file else ""
        with reading_in(context.viewer.language or self.house.language):
            refused = [refusal(self.house.policy, context.viewer, offer.permission, place.scope) for offer in offers]
            words = _("I have no use for “{name}” here: I read documents and text. See what you can do here: ")
            line = (words.format(name=shorten(name, LONGEST_NAME)), code("!help"))
            self._answer(context, say(next(filter(None, refused), line)))

    def went_wrong(self, effects: RowEffects, place: Place, message: Message, ref: str) -> None:
        """The answer to a command whose handler failed."""
        effects.handled("?", "failed")
        context = self._context(effects, place, message)
        with reading_in(context.viewer.language or self.house.language):
            sentence = _("Something went wrong (ref {ref}). Nothing was changed. Tell a steward if it happens again.")
            self._answer(context, say(sentence.format(ref=ref)))

    def _context(self, effects: RowEffects, place: Place, message: Message) -> Context:
        viewer = load_viewer(effects.session, message.sender, effects.now)
        zone = ZoneInfo(viewer.timezone) if viewer.timezone else self.house.zone
        answer = effects.txn("answer")
        return Context(viewer, place, message, effects, self.house.policy, zone, answer)

    def _typed(self, context: Context, typed: grammar.Typed, choices: Sequence[str] = ()) -> bool:
        if not typed.text:  # our name alone
            typed = replace(typed, text="help")
        if not typed.is_explicit and courtesy_in(typed.text) is Courtesy.WHAT:
            typed = replace(typed, text="help")  # "help me" asks for no help on !me
        try:
            grammar.refuse_control_characters(typed.text)
            command, args = self._parse(context, typed)
        except UserError as error:
            self._answer(context, say(error.sentence))
            return False
        if command is None:
            self._unknown(context, typed, choices)
            return False
        return self._run(context, command, args)

    def _parse(self, context: Context, typed: grammar.Typed) -> tuple[Command | None, Args]:
        text = grammar.with_show(typed.text, self.house.commands)
        command, rest = grammar.find_command(text, self.house.commands)
        if command is None:
            return None, Args()
        if context.message.mentions or "matrix.to" in rest:
            names = people_store.names(context.session, context.message.mentions)
            others = [user for user in context.message.mentions if user != self.house.bot]
            rest = grammar.with_ids(rest, others, names)
        try:
            mistakes.refuse_unknown_part(command, rest, self.house.commands)
            mistakes.refuse_other_kind(command, rest, self.house.commands)
            return command, grammar.parse_args(command, rest, self.house.server)
        except UserError:
            if typed.is_explicit or mistakes.may_be_meant(typed.text, command):
                raise
            return None, Args()

    def _run(self, context: Context, command: Command, args: Args) -> bool:
        """Run it and answer; False when it was refused."""
        refused = self._refusal(context, command)
        effects = _rows(context)
        if refused is not None:
            effects.handled(command.path, "refused")
            self._answer(context, say(refused))
            return False
        context = self._moved(context, command)
        savepoint = context.session.begin_nested()
        trial = effects.fork()
        try:
            reply = command.run(replace(context, effects=trial), args)
            context.session.flush()
        except UserError as error:
            savepoint.rollback()
            effects.handled(command.path, "refused")
            sentence = error.sentence if context.place.is_direct else error.in_room
            self._answer(context, say(sentence, private=error.private))
            return False
        except BaseException:
            savepoint.rollback()
            raise
        savepoint.commit()
        effects.join(trial)
        effects.handled(command.path, "answered")
        if reply is not None:
            is_own_list = bool(reply.choices) and not reply.asked
            self._answer(context, replace(reply, asked=(context.viewer.user_id,)) if is_own_list else reply)
        return True

    def _refusal(self, context: Context, command: Command) -> str | None:
        if command.scope_from == "service":
            if any(context.may(command.permission, grant.scope) for grant in context.viewer.grants):
                return None
            return refusal(self.house.policy, context.viewer, command.permission, COMMUNITY)
        return refusal(self.house.policy, context.viewer, command.permission, context.place.scope)

    def _moved(self, context: Context, command: Command) -> Context:
        """A discreet command typed in public is taken away and answered in the stewards' room."""
        if command.where is not Where.DISCREET or context.place.is_direct or context.place.key == STEWARDS_KEY:
            return context
        _rows(context).redact(context.place.room_id, context.message.event_id, _("answered in the stewards' room"))
        room = rooms_store.by_key(context.session, STEWARDS_KEY)
        if room is None:
            return context
        place = replace(context.place, room_id=RoomId(room.room_id), readers=room.readers)
        return replace(context, place=place)

    def _answer(self, context: Context, reply: Reply) -> None:
        effects, place, message = _rows(context), context.place, context.message
        if place.is_direct or (not reply.private and len(reply.lines) <= LINES_IN_A_ROOM):
            is_here = place.room_id == message.room_id
            reply_to = message.event_id if is_here else None
            effects.answer(
                context.answer, place.room_id, reply, reply_to=reply_to, thread=message.thread if is_here else None
            )
            return
        effects.answer(context.answer, context.viewer.user_id, reply, reply_to=None, thread=None)
        if rooms_store.is_joined(context.session, place.room_id, context.viewer.user_id):
            told = _("I have answered you in our direct chat.")
            if not rooms_store.has_direct_chat(effects.session, context.viewer.user_id):
                told = _("I answer you in our direct chat: accept the invitation that comes from me.")
            if place.is_shared_chat:
                told = _("Somebody else is in this chat. I have answered you in one that is ours alone.")
            effects.send(place.room_id, say(told), reply_to=message.event_id, thread=message.thread)

    def _unknown(self, context: Context, typed: grammar.Typed, choices: Sequence[str]) -> None:
        """The topic's help for a bare topic, else what was probably meant, else where to look."""
        if self._politely(context, typed):
            return
        mine = [c.path for c in self.house.commands.values() if may_use(context, c) and not c.is_for_reactions]
        words = typed.text.lower().split()
        if len(words) == 1 and any(path.startswith(f"{words[0]} ") for path in mine):
            self._run(context, self.house.commands["help"], Args({"topic": words[0]}))
            return
        near = mistakes.suggestion(typed.text, mine)
        if near == words[0] and len(words) > 2 and not typed.is_explicit:
            near = None  # a sentence that begins with the word of a command
        _rows(context).handled("?", "unknown")
        if near and typed.text.lower().startswith(f"{near} "):
            self._answer(context, say(grammar.usage(self.house.commands[near])))
        elif near:
            self._answer(context, say((_("I do not know that. Did you mean "), code(f"!{near}"), "?")))
        elif typed.is_explicit and mistakes.parts_of(words[0], mine):
            self._answer(context, say(mistakes.unknown_part(words[0], words[1], mine)))
        elif choices:
            sentence = _("I do not know what that answers. You can say one of these: {choices}.")
            self._answer(context, say(sentence.format(choices=", ".join(choices))))
        else:
            self._answer(context, say(_not_understood(mistakes.topic_in(typed.text, mine))))

    def _politely(self, context: Context, typed: grammar.Typed) -> bool:
        """Answer a courtesy in kind; a sign needs nothing, nor a greeting that crosses ours in a new direct chat."""
        said = courtesy_in(typed.text)
        if said is None:
            return False
        row = rooms_store.get(context.session, context.place.room_id)
        joined = row.joined_at if row is not None and context.place.is_direct else None
        crosses_ours = joined is not None and context.message.sent_at - joined < JUST_NOW
        if said is Courtesy.HELLO and not crosses_ours:
            self._answer(context, say((_("Hello! See what you can do here: "), code("!help"))))
        elif said is Courtesy.THANKS:
            self._answer(context, say(_("You are welcome.")))
        elif said is Courtesy.WHAT:
            return self._run(context, self.house.commands["help"], Args())
        _rows(context).handled("?", "answered")
        return True

    def _bot_name(self, effects: RowEffects) -> str | None:
        row = people_store.get(effects.session, self.house.bot)
        return row.display_name if row else None


def _not_understood(topic: str | None) -> tuple[Part, ...]:
    """Where to look, for what is no command; ``topic`` is what it speaks of."""
    if topic is None:
        return (_("I do not know that. See what you can do here: "), code("!help"))
    return (_("I understand commands alone. For this you may need "), code(f"!help {topic}"), ".")


def _rows(context: Context) -> RowEffects:
    assert isinstance(context.effects, RowEffects)
    return context.effects
