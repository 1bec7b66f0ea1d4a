"""What was probably meant by what is no command. Pure.

The rule it keeps: what follows the word of a topic is compared with the parts of that topic alone; the topic's own
word, which is right, makes nothing alike.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping

from copp_bot.core.commands.declare import Command
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _

ALIKE = 0.75
"""From here on two words are taken for the same one, mistyped (Ratcliff and Obershelp's ratio, 1 is equal)."""
_ID = re.compile(r"#?([A-Za-z])(\d{1,12})\b")
SHORTEST_BEGINNING = 3
SHORTEST_TOPIC = 4
"""Letters; shorter ones (``me``, ``who``, ``did``) are in any sentence."""


def suggestion(text: str, paths: Collection[str]) -> str | None:
    """The command that was probably meant, or the first word of several."""
    words = text.lower().split()[:3]
    if not words:
        return None
    topics = {path.split(" ")[0] for path in paths}
    topic = words[0] if words[0] in topics else near(words[:1], topics)
    if topic is None:
        return near(words[:1], paths)
    part = near([" ".join(words[1:3]), *words[1:2]], parts_of(topic, paths))
    if part is not None:
        return f"{topic} {part}"
    return topic if len(words) == 1 or topic != words[0] or topic in paths else None


def topic_in(said: str, paths: Iterable[str]) -> str | None:
    """The topic that a sentence names, also in the plural ("groups", "libraries"); the longest of several."""
    topics = {path.split(" ")[0] for path in paths} - {"help"}
    words = [re.sub("ies$", "y", word) for word in re.findall(r"\w+", said.lower())]
    named = {one for one in topics if len(one) >= SHORTEST_TOPIC and any(word.startswith(one) for word in words)}
    return max(sorted(named), key=len, default=None)


def near_topic(said: str, topics: Collection[str]) -> str | None:
    """The topic that is much like what was said, or that begins so."""
    begun = sorted(one for one in topics if len(said) >= SHORTEST_BEGINNING and one.startswith(said))
    return begun[0] if begun else near([said], topics)


def parts_of(topic: str, paths: Iterable[str]) -> list[str]:
    """What may follow the word of a topic."""
    return [path.removeprefix(f"{topic} ") for path in paths if path.startswith(f"{topic} ")]


def unknown_part(topic: str, said: str, paths: Collection[str]) -> str:
    """The sentence that names what there is of a topic; what is near alone, where something is."""
    parts = parts_of(topic, paths)
    meant = near([said.lower()], parts)
    if meant is not None:
        sentence = _("There is no !{path} {said}. Did you mean !{path} {near}?")
        return sentence.format(path=topic, said=said[:50], near=meant)
    return _("There is no !{path} {said}. There are: {parts}.").format(
        path=topic, said=said[:50], parts=", ".join(f"!{topic} {part}" for part in parts)
    )


def refuse_unknown_part(command: Command, rest: str, commands: Mapping[str, Command]) -> None:
    """A UserError that names the parts of a command, where it takes nothing itself and none of them was typed."""
    paths = [path for path, one in commands.items() if not one.is_for_reactions]
    said = rest.split()
    if not said or command.params or not parts_of(command.path, paths):
        return
    if not any(said[0].startswith(f"{name}:") for name in command.options):
        raise UserError(unknown_part(command.path, said[0], paths))


def refuse_other_kind(command: Command, rest: str, commands: Mapping[str, Command]) -> None:
    """A UserError that names the command for an id of another kind."""
    found = _ID.match(rest)
    letter = found[1].upper() if found else None
    if found is None or not command.letter or letter == command.letter:
        return
    verb = command.path.rpartition(" ")[2]
    paths = [path for path, one in commands.items() if one.letter == letter]
    path = next((one for wanted in (verb, "show") for one in paths if one.endswith(f" {wanted}")), None)
    if path is not None:
        words = _("{id} is of another kind. Did you mean !{path} {id}?")
        raise UserError(words.format(id=f"{letter}{found[2]}", path=path))


def may_be_meant(text: str, command: Command) -> bool:
    """In the direct chat without ``!``: is this a mistaken command rather than a sentence that begins alike?"""
    return len(text.split()) <= len(command.path.split()) + (2 if " " in command.path else 1)


def near(said: Iterable[str], known: Collection[str]) -> str | None:
    """The known one that is most alike, for the first of the said ones to which there is one."""
    found = (difflib.get_close_matches(one, known, 1, ALIKE) for one in said)
    return next((one[0] for one in found if one), None)
