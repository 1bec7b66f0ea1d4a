"""What was probably meant: near words of the right topic, or what there is of it."""

import pytest

from copp_bot.core.commands import mistakes
from copp_bot.core.commands.declare import Command
from copp_bot.core.errors import UserError

PATHS = (
    *("help", "find", "who", "web", "web off", "me", "me language", "me interests", "me findable", "role grant"),
    *("library search", "library show", "library get", "library list", "library edit", "library audience"),
    *("meet new", "meet list", "meet show", "meet move", "meet cancel", "photo album new", "photo add"),
)


@pytest.mark.parametrize(
    ("said", "near"),
    [
        ("library serch rhythm", "library search"),
        ("libary search rhythm", "library search"),
        ("Libary Shwo L1", "library show"),
        ("librarysearch rhythm", "library search"),
        ("libary rythme", "library"),
        ("library", "library"),
        ("photo albun new trip", "photo album new"),
        ("hlep", "help"),
        ("me intrests drama", "me interests"),
    ],
)
def test_near(said: str, near: str) -> None:
    assert mistakes.suggestion(said, PATHS) == near


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("how do I join a group?", None),
        ("Where is the library", "library"),
        ("I want to meet people in libraries", "library"),
        ("who did find me", "find"),
        ("help me", None),
    ],
)
def test_the_topic_of_a_sentence(said: str, topic: str | None) -> None:
    assert mistakes.topic_in(said, PATHS) == topic


@pytest.mark.parametrize(
    ("said", "near"), [("libary", "library"), ("lib", "library"), ("li", None), ("photos", "photo"), ("xyz", None)]
)
def test_the_topic_that_help_was_asked_for(said: str, near: str | None) -> None:
    assert mistakes.near_topic(said, {path.split(" ")[0] for path in PATHS}) == near


@pytest.mark.parametrize(
    "said",
    [
        *("", "library rythme", "library delete L1", "library remove L1", "library supprimer L1", "library L1"),
        *("meet me tomorrow", "good morning", "voilà, à ranger svp"),
    ],
)
def test_nothing_is_near(said: str) -> None:
    """The word of a topic, which is right, makes nothing alike."""
    assert mistakes.suggestion(said, PATHS) is None


def declared(path: str, **how: object) -> Command:
    """A command that nothing runs here."""
    return Command(path, lambda _c, _a: None, "what it does", "help", f"!{path}", **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rest", "sentence"),
    [
        ("foo bar", "There is no !me foo. There are: !me language, !me interests, !me findable."),
        ("intrests drama", "There is no !me intrests. Did you mean !me interests?"),
    ],
)
def test_an_unknown_part_names_what_is_near_or_all(rest: str, sentence: str) -> None:
    commands = {path: declared(path) for path in PATHS}
    with pytest.raises(UserError) as refused:
        mistakes.refuse_unknown_part(commands["me"], rest, commands)
    assert refused.value.sentence == sentence


def test_a_command_without_parts_or_words_is_not_refused() -> None:
    commands = {path: declared(path) for path in PATHS} | {"me": declared("me", options=("page",))}
    for path, rest in (("me", ""), ("me language", "foo"), ("me", "page:2")):
        mistakes.refuse_unknown_part(commands[path], rest, commands)
