"""From what someone typed to a declared command and its arguments. Pure; reads ``body`` only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId, is_user_id, user_id
from copp_bot.core.matrix import events

_CONTROL = re.compile("[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]")
_PILL = re.compile(r"\[[^\]\n]{0,255}\]\(https://matrix\.to/#/(@[^)\s]{3,255}|%40[^)\s]{3,255})\)")
_LINK = re.compile(r"https://matrix\.to/#/(@[^\s)]{3,255}|%40[^\s)]{3,255})")
_TOKEN = re.compile(r"""(?:([a-z]{2,12}):)?["“”«»]([^"“”«»\n]*)["“”«»]|(\S+)""")
_PERSON_APART = re.compile(r"(?<!\S)([a-z]{2,12}):\s+(?=@)")
_OPTION = re.compile(r"([a-z]{2,12}):(.*)", re.DOTALL)
_ITEM = re.compile(r"#?([A-Za-z])?(\d{1,12})[,;.:!?)]*$")
_NUMBER = re.compile(r"\d{1,12}[,;.:!?)]*$")
_BARE_ITEM = re.compile(
    r"(?:please )?(?:([A-Za-z]+) (?:me )?)?#?([A-Za-z]) ?(\d{1,12})(?: please)?[,;.:!?)]*$", re.IGNORECASE
)
_SPELLINGS = {"license": "licence", "language": "lang"}
"""Names of options as others write them."""
_HASHTAG = re.compile(r"#(?=[^\W_])(?!\d+\W*$)")
"""A ``#`` alone, or before another sign, is text: Markdown headings begin so. ``#3`` is a number."""
_BETWEEN_TAGS, _AFTER_WORD = re.compile(r"[,;]+(?=#)"), ",;.:!?)"


@dataclass(frozen=True)
class Typed:
    """A message that is meant for the bot: its text without the ``!`` or the mention."""

    text: str
    is_explicit: bool
    """False in the direct chat without ``!``, and where the bot is named within a sentence: it counts only when the
    whole text parses."""


def meant_for_us(body: str, bot: UserId, bot_names: Sequence[str], mentioned: bool, is_direct: bool) -> Typed | None:
    """The command text of a message, or None when nobody talks to the bot.

    Args:
        mentioned: whether the client says that the bot is meant; then a name counts wherever it stands.
    """
    text = _PILL.sub(lambda m: f" {unquote(m[1])} ", body.replace("\u00a0", " ")).strip()
    if text.startswith(("!", "！")):
        rest = text[1:].lstrip()
        return Typed(rest, True) if rest[:1].isalpha() else None
    is_named = mentioned or is_direct or events.calls(text, bot_names)
    names = (bot, *bot_names) if is_named else (bot,)
    for name in names:
        after = _after_name(text, name)
        if after is not None:
            is_plain = is_direct and not mentioned and name != bot and not events.calls(text, (name,))
            return Typed(after.lstrip("!").lstrip(), not is_plain)
    for name in (bot, *bot_names) if mentioned else (bot,):
        without = _without_name(text, name)
        if without is not None:
            return Typed(without, False)
    return Typed(text, False) if is_direct and text else None


def refuse_control_characters(text: str) -> None:
    """Raise a UserError for characters that no keyboard types and some stores refuse."""
    found = _CONTROL.search(text)
    if found:
        raise UserError(
            _("Your message contains an invisible control character (code {code}). Type it again without it.").format(
                code=ord(found[0])
            )
        )


def with_ids(text: str, mentions: Sequence[UserId], names: Mapping[UserId, str]) -> str:
    """People as full ids, however the client wrote them: a Markdown pill, a link, or the display name it mentions."""
    text = _LINK.sub(lambda m: unquote(m[1]), _PILL.sub(lambda m: f" {unquote(m[1])} ", text))
    for user in mentions:
        for written in (names.get(user), user.split(":", 1)[0]):
            if user not in text and written:
                found = re.search(rf"(?<![\w@])@?{re.escape(written)}(?!\w)", text)
                text = f"{text[: found.start()]} {user} {text[found.end() :]}" if found else text
    return text


def find_command(text: str, commands: Mapping[str, Command]) -> tuple[Command | None, str]:
    """The command with the longest path that the text begins with, and what follows it."""
    words = text.partition("\n")[0].split(maxsplit=3)
    for length in (3, 2, 1):
        path = " ".join(word.lower() for word in words[:length])
        if len(words) >= length and path in commands:
            return commands[path], _rest(text, length)
    return None, text


def with_show(text: str, commands: Mapping[str, Command]) -> str:
    """``L4821`` alone asks for what shows it, ``get L4821`` for what gets it; any other text as it is."""
    found = _BARE_ITEM.match(text.strip())
    if found is None:
        return text
    verb, letter, number = (found[1] or "show").lower(), found[2].upper(), found[3]
    paths = (path for path, one in commands.items() if one.letter == letter and path.endswith(f" {verb}"))
    path = next(paths, None)
    return f"{path} {letter}{number}" if path else text


def parse_args(command: Command, rest: str, server: str) -> Args:
    """Arguments as declared; a mistake raises a UserError with the usage and the example."""
    first, newline, more = _with_people_joined(command, rest).partition("\n")
    options: dict[str, str] = {}
    tags: list[str] = []
    words: list[tuple[str, int, int]] = []
    for match in _TOKEN.finditer(first):
        before, quoted, word = match[1], match[2], match[3]
        option = _OPTION.match(word) if word is not None else None
        is_tagged = word is not None and command.tags and _HASHTAG.match(word)
        spelled, value = (option[1], option[2]) if option else (before or "", (quoted or "").strip())
        name = _SPELLINGS.get(spelled, spelled)
        if name in command.options:
            options[name] = value or _raise_usage(command)
        elif is_tagged:
            tags += _tags_in(word)
        else:
            words.append((word or (f"{before}:{quoted}" if before else quoted), match.start(), match.end()))
    values: dict[str, object] = {}
    for param in command.params:
        _take(param, words, values, command, (first, newline + more), server)
    if words:
        raise UserError(_("I do not know what “{word}” is for.").format(word=words[0][0][:50]) + " " + usage(command))
    return Args(values, options, tuple(dict.fromkeys(tags)))


def _tags_in(word: str) -> list[str]:
    """The tags of ``#one,#two;``, without the punctuation behind them. Whether they can be tags is checked later."""
    return [tag.removeprefix("#").rstrip(_AFTER_WORD) for tag in _BETWEEN_TAGS.split(word)]


def _with_people_joined(command: Command, rest: str) -> str:
    """A person mentioned after ``steward:`` belongs to it, though clients put a space between."""
    return _PERSON_APART.sub(lambda m: f"{m[1]}:" if m[1] in command.options else m[0], rest)


def usage(command: Command) -> str:
    """How to type a command, with an example."""
    return _("Type it like this: {usage}. For example: {example}").format(usage=command.usage, example=command.example)


def _take(
    param: Param,
    words: list[tuple[str, int, int]],
    values: dict[str, object],
    command: Command,
    text: tuple[str, str],
    server: str,
) -> None:
    first, more = text
    if param.kind is Kind.TEXT:
        value = (_joined(words, first) + more).strip()
        words.clear()
        if value:
            values[param.name] = value
    elif param.kind is Kind.USERS:
        found = []
        while words and words[0][0].startswith("@"):
            found.append(_user(words.pop(0)[0], server))
        if found:
            values[param.name] = tuple(dict.fromkeys(found))
    elif words and _fits(param, _joined_id(param, words, command)):
        values[param.name] = _value(param, words.pop(0)[0], command, server)
    if param.required and param.name not in values:
        _raise_usage(command)


def _joined_id(param: Param, words: list[tuple[str, int, int]], command: Command) -> str:
    """The next word; the letter and the number of an id are one, though a space stands between them."""
    (word, start, _end), *more = words
    if param.kind is Kind.ITEM and more and word.upper() == command.letter and _NUMBER.match(more[0][0]):
        words[:2] = [(word + more[0][0], start, more[0][2])]
    return words[0][0]


def _fits(param: Param, word: str) -> bool:
    """May the word be this optional argument, or does it belong to the next one?"""
    if param.required:
        return True
    if param.kind is Kind.USER:
        return word.startswith("@")
    if param.kind is Kind.ITEM:
        return _ITEM.match(word) is not None
    return not param.choices or word.lower() in param.choices


def _value(param: Param, word: str, command: Command, server: str) -> object:
    if param.kind is Kind.USER:
        return _user(word, server)
    if param.kind is Kind.ITEM:
        return _item(word, command)
    if param.choices and word.lower() not in param.choices:
        _raise_usage(command)
    return word.lower() if param.choices or param.kind is Kind.GROUP else word


def _item(word: str, command: Command) -> int:
    found = _ITEM.match(word)
    if not found or (found[1] and command.letter and found[1].upper() != command.letter):
        raise UserError(_("“{word}” is not such an id.").format(word=word[:50]) + " " + usage(command))
    return int(found[2])


def _user(word: str, server: str) -> UserId:
    full = user_id(word.rstrip(_AFTER_WORD), server)
    if not word.startswith("@") or not is_user_id(full):
        raise UserError(
            _(
                "“{word}” is not a Matrix id. Mention the person with @, or write the id in full, like @anna:{server}."
            ).format(word=word[:50], server=server)
        )
    return full


def _joined(words: list[tuple[str, int, int]], first: str) -> str:
    """The words as they stood, with the spaces and quotes between them, without what was taken out."""
    parts: list[str] = []
    end = None
    for _word, start, stop in words:
        gap = first[end:start] if end is not None else ""
        parts.append((gap if gap.isspace() else " " if parts else "") + first[start:stop])
        end = stop
    return "".join(parts)


def _raise_usage(command: Command) -> str:
    raise UserError(usage(command))


def _rest(text: str, words: int) -> str:
    return re.sub(rf"^(?:\S+[^\S\n]*){{{words}}}", "", text, count=1).lstrip(" ")


def _after_name(text: str, name: str) -> str | None:
    found = re.match(rf"@{re.escape(name)}(?![\w.-]|:\w)|{re.escape(name)}(?![\w.-])", text, re.IGNORECASE)
    return text[found.end() :].lstrip(" :,") if found else None


def _without_name(text: str, name: str) -> str | None:
    """What is said beside a name within a sentence; None when it does not stand there as a word of its own."""
    found = re.search(rf"(?<![\w@.-])@?{re.escape(name)}(?![\w-]|[.:]\w)", text, re.IGNORECASE)
    if found is None:
        return None
    before, after = text[: found.start()].rstrip(" "), text[found.end() :]
    return f"{before}{'' if after[:1] in tuple('?!.,;:') else ' '}{after.lstrip(' ')}".strip()
