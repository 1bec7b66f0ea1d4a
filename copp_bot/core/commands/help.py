"""``!help``: what *you* can do *here*, made from the declarations."""

from collections.abc import Callable, Mapping, Sequence

from copp_bot.core.commands import mistakes
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.i18n import current_language, deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY
from copp_bot.core.markdown import markdown_lines
from copp_bot.core.people import RECEPTION_KEY
from copp_bot.core.permissions import Standing, how_to_come_in
from copp_bot.core.reply import LINES_IN_A_ROOM, Line, Part, Reply, bold, code, say

Topics = Sequence[tuple[str, str, Sequence[Command]]]
"""A feature's name, what it is about in words, and its commands."""
RULES = "rules"


def help_command(topics: Topics, text: Callable[[str, str], str]) -> Command:
    """The help over these topics.

    Args:
        text: the declared text of a name, in a language.
    """

    def run(context: Context, args: Args) -> Reply:
        topic = args.text("topic").lower().lstrip("!").strip()
        if topic == RULES:
            return say(*markdown_lines(text(RULES, current_language())))
        mine = [
            (name, summary, [c for c in commands if not c.is_for_reactions and may_use(context, c)])
            for name, summary, commands in topics
        ]
        has_any = any(commands for _name, _summary, commands in mine)
        return _about(topic, mine) if topic and has_any else _overview(context, mine)

    return Command(
        path="help",
        run=run,
        summary=deferred("what you can do here"),
        permission="help",
        params=(Param("topic", Kind.TEXT, required=False),),
        example="!help library",
    )


def may_use(context: Context, command: Command) -> bool:
    """Does the viewer hold the permission here, or anywhere of theirs in the direct chat?"""
    scopes = [context.place.scope, COMMUNITY]
    if context.place.is_direct:
        scopes += [grant.scope for grant in context.viewer.grants]
    return any(context.may(command.permission, scope) for scope in scopes)


def _overview(context: Context, topics: Topics) -> Reply:
    head: Line = (bold(_("What you can do here")), _(" – more about one: "), code(_example(topics)))
    rules: Line = (_("How we talk with each other, and who can read along: "), code(f"!help {RULES}"))
    each: list[Line] = [(*_codes(words), f" – {_(summary)}") for words, summary in _shown(topics)]
    if not each:
        return say(how_to_come_in(context.policy), rules)
    after = [*_hints(context), rules]
    if not context.place.is_direct and 1 + len(each) + len(after) > LINES_IN_A_ROOM:
        every = dict.fromkeys(word for words, _summary in _shown(topics) for word in words)
        each = [tuple(_codes(list(every))), (_("In our direct chat I say what each is for: "), code("!help"))]
    return Reply((head, *each, *after))


def _hints(context: Context) -> list[Line]:
    hints: list[Line] = []
    if context.place.is_direct:
        hints.append((_("Here, in our direct chat, you can leave out the “!”."),))
    if context.viewer.standing is Standing.NEWCOMER:
        in_reception = _("Say hello here: a steward will let you into the community, where there is more.")
        elsewhere = _("Say hello in Reception: a steward will let you into the community, where there is more.")
        hints.append((in_reception if context.place.key == RECEPTION_KEY else elsewhere,))
    return hints


def _shown(topics: Topics) -> list[tuple[list[str], str]]:
    """Each topic's words with what it is about. A word of several topics stands once, where it is a command itself."""
    own = {word: name for name, _summary, commands in reversed(topics) for word in _words(commands)}
    own |= {command.path: name for name, _summary, commands in topics for command in commands if command.path in own}
    words = [([word for word in _words(commands) if own[word] == name], about) for name, about, commands in topics]
    return [(found, about) for found, about in words if found]


def _words(commands: Sequence[Command]) -> list[str]:
    """The first words of commands, each once."""
    return list(dict.fromkeys(command.path.split(" ")[0] for command in commands))


def _example(topics: Topics) -> str:
    """Help on the topic that offers most."""
    most = max(topics, key=lambda topic: len(topic[2]))[2]
    return f"!help {most[0].path.split(' ')[0]}" if most else "!help"


def _codes(words: Sequence[str]) -> list[Part]:
    parts: list[Part] = []
    for word in words:
        parts += [code(f"!{word}"), " "]
    return parts[:-1]


def _about(topic: str, topics: Topics) -> Reply:
    found = [
        command
        for name, _summary, commands in topics
        for command in commands
        if topic in (name, _words(commands)[0]) or f"{command.path} ".startswith(f"{topic} ")
    ]
    found.sort(key=lambda command: command.path != topic)  # the command of that very name first
    if not found:
        return say((_("I have no help on “{topic}”. ").format(topic=topic[:50]), *_where_to_look(topic, topics)))
    if len(found) == 1:
        return say((code(found[0].usage), " – ", _(found[0].summary)), (_("For example: "), code(found[0].example)))
    lines: list[Line] = [(code(command.usage), " – ", _(command.summary)) for command in found]
    return Reply((*lines, (_("For example: "), code(found[0].example))))


def _where_to_look(topic: str, topics: Topics) -> tuple[Part, ...]:
    """What was probably meant, else all there is; where nothing is there is nothing to look at."""
    words = {word for _name, _summary, commands in topics for word in _words(commands)}
    near = mistakes.near_topic(topic, words)
    if near is not None:
        return (_("Did you mean "), code(f"!help {near}"), "?")
    return (_("All topics: "), code("!help"))


def by_path(topics: Topics) -> Mapping[str, Command]:
    """Every command by path; the same path twice is a mistake of ours."""
    commands: dict[str, Command] = {}
    for _name, _summary, declared in topics:
        for command in declared:
            if command.path in commands:
                raise ValueError(f"two commands are called {command.path}")
            commands[command.path] = command
    return commands
