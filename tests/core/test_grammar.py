"""From typed text to a command: what people and their clients really write."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copp_bot.core.commands import grammar
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.describing import checked_tags
from copp_bot.core.errors import UserError
from copp_bot.core.ids import UserId

BOT = UserId("@copp:example.org")
ANNA = UserId("@anna:example.org")
SERVER = "example.org"


def declared(path: str, *params: Param, **how: object) -> Command:
    """A command of this grammar; nothing runs it here."""
    return Command(path, lambda _c, _a: None, "what it does", "help", f"!{path}", params, **how)  # type: ignore[arg-type]


TEXT = Param("text", Kind.TEXT)
COMMANDS = {
    command.path: command
    for command in (
        declared("help", Param("topic", Kind.TEXT, required=False)),
        declared("library search", Param("words", Kind.TEXT), options=("lang", "group"), tags=True),
        declared("library show", Param("id", Kind.ITEM), letter="L"),
        declared("group invite", Param("who", Kind.USERS), Param("group", Kind.GROUP, required=False)),
        declared("meet new", TEXT),
        declared("role grant", Param("who", Kind.USER), Param("role", choices=("steward", "lead"))),
        declared("me"),
        declared("me journal", TEXT),
    )
}


def parsed(text: str) -> tuple[str, Args]:
    """The command's path and its arguments."""
    command, rest = grammar.find_command(text, COMMANDS)
    assert command is not None
    return command.path, grammar.parse_args(command, rest, SERVER)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("!help", "help"),
        ("  !help", "help"),
        ("! help", "help"),
        ("！help", "help"),
        ("!\u00a0help me", "help me"),
        ("!!!", None),
        ("!", None),
        ("!?!", None),
        ("hello", None),
        ("@copp:example.org help", "help"),
        ("@copp:example.org: !help", "help"),
        ("Copp Bot: help", "help"),
        ("copp bot, help", "help"),
        ("@Copp Bot help", "help"),
        ("Copp Bottle: help", None),
        ("[Copp Bot](https://matrix.to/#/@copp:example.org) help", "help"),
        ("[Copp Bot](https://matrix.to/#/%40copp%3Aexample.org): help", "help"),
    ],
)
def test_who_talks_to_the_bot(body: str, text: str | None) -> None:
    typed = grammar.meant_for_us(body, BOT, ["Copp Bot"], mentioned=True, is_direct=False)
    assert (typed.text if typed else None) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Hello Copp Bot, find it", "Hello, find it"),
        ("find it, please, @copp:example.org", "find it, please,"),
        ("find [Copp Bot](https://matrix.to/#/@copp:example.org) drama\nand more", "find drama\nand more"),
    ],
)
def test_named_within_a_sentence(body: str, text: str) -> None:
    typed = grammar.meant_for_us(body, BOT, ["Copp Bot"], mentioned=True, is_direct=False)
    assert typed == grammar.Typed(text, False)


@pytest.mark.parametrize(
    "body", ["a Copp Bottle", "x@copp:example.org", "to @copp:example.org.uk", "@copp:example.orgs"]
)
def test_a_longer_name_is_another(body: str) -> None:
    assert grammar.meant_for_us(body, BOT, ["Copp Bot"], mentioned=True, is_direct=False) is None


def test_a_name_alone_is_no_mention() -> None:
    assert grammar.meant_for_us("Copp Bot is nice", BOT, ["Copp Bot"], mentioned=False, is_direct=False) is None


def test_in_the_direct_chat_the_mark_may_be_left_out() -> None:
    typed = grammar.meant_for_us("help", BOT, [], mentioned=False, is_direct=True)
    assert typed is not None
    assert (typed.text, typed.is_explicit) == ("help", False)


@pytest.mark.parametrize("text", ["LIBRARY Search x", "library SEARCH x", "Library  search   x"])
def test_case_and_spaces_do_not_matter(text: str) -> None:
    assert parsed(text) == ("library search", Args({"words": "x"}))


def test_a_sentence_that_begins_alike_is_no_command() -> None:
    assert grammar.find_command("meet me tomorrow", COMMANDS)[0] is None


def test_a_command_stands_in_its_first_line() -> None:
    assert grammar.find_command("library\nsearch x", COMMANDS) == (None, "library\nsearch x")
    command, rest = grammar.find_command("me\njournal of yesterday", COMMANDS)
    assert command is COMMANDS["me"]
    assert rest == "\njournal of yesterday"


def test_options_and_tags_stand_anywhere_and_quotes_protect() -> None:
    _path, args = parsed('library search lang:fr drama #School "group:x" and #2nd group:rhythm')
    assert args.options == {"lang": "fr", "group": "rhythm"}
    assert args.tags == ("School", "2nd")
    assert args.text("words") == 'drama "group:x" and'


@pytest.mark.parametrize(
    "typed", ["Gorans copy #music, #drama; #a", "#music,#drama;#a Gorans copy", "Gorans #music. copy #drama! #a)"]
)
def test_punctuation_is_no_part_of_a_tag(typed: str) -> None:
    args = parsed(f"library search {typed}")[1]
    assert args.tags == ("music", "drama", "a")
    assert args.text("words") == "Gorans copy"


@pytest.mark.parametrize("word", ["#", "##", "#,", "#-a", "#_a", "#3", "#12:"])
def test_a_sharp_sign_before_no_letter_is_text(word: str) -> None:
    assert parsed(f"library search Title {word} here")[1].text("words") == f"Title {word} here"


@pytest.mark.parametrize("word", ["#l'été", "#a/b", "#x<script>", "#" + "b" * 5000, "#music#drama", "#a,b"])
def test_what_cannot_be_a_tag_is_refused_with_what_can(word: str) -> None:
    with pytest.raises(UserError, match="cannot be a tag: those are letters, digits, - and _, at most 40"):
        checked_tags(parsed(f"library search Title {word}")[1].tags)


@pytest.mark.parametrize(("word", "tag"), [("#E\u0301cole", "ecole"), ("#été,", "ete"), ("#हिन्दी", "हिनदी")])
def test_tags_of_every_script(word: str, tag: str) -> None:
    assert checked_tags(parsed(f"library search Title {word}")[1].tags) == (tag,)


@pytest.mark.parametrize("quoted", ['"two words"', "“two words”", "«two words»", "”two words“"])
def test_smart_quotes_keep_words_together(quoted: str) -> None:
    command = declared("x", Param("name"), Param("more", Kind.TEXT, required=False))
    assert grammar.parse_args(command, f"{quoted} rest", SERVER).values == {"name": "two words", "more": "rest"}


def test_a_lone_quote_is_a_character() -> None:
    assert parsed('library search 3" pipe')[1].text("words") == '3" pipe'
    assert parsed('library search "pipe')[1].text("words") == '"pipe'


def test_the_lines_after_the_first_belong_to_the_text() -> None:
    assert parsed("meet new Title\n\n- one lang:fr\n- two #tag")[1].text("text") == "Title\n\n- one lang:fr\n- two #tag"


def test_nothing_of_a_long_text_is_lost() -> None:
    text = " ".join(f"w{number}" for number in range(9000))
    assert parsed(f"me journal {text}")[1].text("text") == text


@pytest.mark.parametrize(
    ("word", "number"),
    [
        *(("L4821", 4821), ("l4821", 4821), ("4821", 4821), ("L4821.", 4821), ("l4821?", 4821), ("#4821", 4821)),
        *(("#L4821)", 4821), ("L 4821", 4821), ("l 4821.", 4821)),
    ],
)
def test_ids(word: str, number: int) -> None:
    assert parsed(f"library show {word}")[1].number("id") == number


@pytest.mark.parametrize(
    "word", ["B4821", "B 4821", "L L1", "LL1", "L", "L-1", "##1", "L.1", "L1x", "L1234567890123", '""']
)
def test_wrong_ids_say_how_to_type_it(word: str) -> None:
    with pytest.raises(UserError, match="!library show"):
        parsed(f"library show {word}")


@pytest.mark.parametrize(
    "text",
    ["L4821", "l4821.", "#L4821", " L 4821", "show L4821", "Show #L4821", "please show me L4821", "L4821 please"],
)
def test_an_id_alone_asks_to_be_shown(text: str) -> None:
    assert grammar.with_show(text, COMMANDS) == "library show L4821"


@pytest.mark.parametrize("text", ["B4821", "4821", "L4821 thanks", "L", "LL1", "L-1", "", "lose L4821"])
def test_other_words_do_not(text: str) -> None:
    assert grammar.with_show(text, COMMANDS) == text


def test_people_and_a_group() -> None:
    _path, args = parsed("group invite @anna:example.org, @ben; @anna:example.org Rhythm")
    assert args.users("who") == (ANNA, UserId("@ben:example.org"))
    assert args.text("group") == "rhythm"


@pytest.mark.parametrize("word", ["@Anna", "@ANNA.", "@Anna:example.org", "@anna:Example.Org,"])
def test_a_phones_capitals_name_the_same_person(word: str) -> None:
    assert parsed(f"role grant {word} steward")[1].user("who") == ANNA
    assert parsed(f"group invite {word} rhythm")[1].users("who") == (ANNA,)


def test_ids_of_other_servers_stay_as_they_are() -> None:
    assert parsed("role grant @Anna:elsewhere.org steward")[1].user("who") == "@Anna:elsewhere.org"


@pytest.mark.parametrize("word", ["anna", "@", "@:", "@a:b c", "@anna:bad_host"])
def test_what_is_no_person(word: str) -> None:
    with pytest.raises(UserError):
        parsed(f"role grant {word} steward")


def test_wrong_choice_and_too_much_say_how_to_type_it() -> None:
    with pytest.raises(UserError, match=r"!role grant WHO steward\|lead"):
        parsed("role grant @anna king")
    with pytest.raises(UserError, match="what “extra” is for"):
        parsed("role grant @anna LEAD extra")


@pytest.mark.parametrize(
    "written",
    [
        "[Anna](https://matrix.to/#/@anna:example.org)",
        "[Anna [x](https://matrix.to/#/@anna:example.org)",
        "[Anna](https://matrix.to/#/%40anna%3Aexample.org)",
        "https://matrix.to/#/@anna:example.org",
        "Anna Bell",
        "@Anna Bell",
        "@anna",
        "@anna:example.org",
    ],
)
def test_a_mentioned_person_is_an_id_however_written(written: str) -> None:
    text = grammar.with_ids(f"{written} steward", [ANNA], {ANNA: "Anna Bell"})
    assert grammar.parse_args(COMMANDS["role grant"], text, SERVER).user("who") == ANNA


def test_a_short_name_inside_a_word_is_not_a_mention() -> None:
    text = grammar.with_ids("steward st Al", [ANNA], {ANNA: "Al"})
    assert text.split() == ["steward", "st", ANNA]
    assert grammar.with_ids("also", [ANNA], {ANNA: "Al"}) == "also"


@pytest.mark.parametrize("code", [0, 1, 8, 11, 12, 14, 27, 31, 127])
def test_control_characters_are_refused_with_the_reason(code: int) -> None:
    with pytest.raises(UserError, match=rf"code {code}\b"):
        grammar.refuse_control_characters(f"help{chr(code)}")


def test_tabs_and_lines_are_not_refused() -> None:
    grammar.refuse_control_characters("help\t\r\n")


@pytest.mark.parametrize(
    "body",
    [
        "!" + "a" * 60_000,
        "!library search " + "[" * 60_000,
        "!library search " + "“" * 60_000,
        "!group invite " + "@a:b " * 12_000,
        "!me journal " + "lang:" * 12_000,
        "!help\n" * 8_000,
        "!" + " " * 60_000,
        "!" + "@a " * 20_000,
    ],
)
def test_60_kilobytes_are_read_in_a_moment(body: str) -> None:
    began = time.process_time()  # what others do on this machine does not count
    everything(body, [ANNA], {ANNA: "Anna"})
    assert time.process_time() - began < 1.0


def everything(body: str, mentions: list[UserId], names: dict[UserId, str]) -> None:
    """All that happens to a message's text; a UserError is an answer."""
    for is_direct in (True, False):
        typed = grammar.meant_for_us(body, BOT, ["Copp Bot"], True, is_direct)
        if typed is None:
            continue
        try:
            grammar.refuse_control_characters(typed.text)
            command, rest = grammar.find_command(typed.text, COMMANDS)
            if command is not None:
                grammar.parse_args(command, grammar.with_ids(rest, mentions, names), SERVER)
        except UserError as error:
            assert error.sentence


TYPED = ["!", "！", "@copp:example.org", "\n", "\t", " ", "“", '"', "»", "#a", "lang:", "lang:fr", "@anna", "L1"]
ODD = ["https://matrix.to/#/@a:b", "[x](https://matrix.to/#/%40%ff)", "\u2028", "\x00", "\u202e", "\ud800", "١٢", "L²"]
PIECES = st.sampled_from([*COMMANDS, *TYPED, *ODD])
BODIES = st.lists(st.one_of(PIECES, st.text(max_size=8)), max_size=12).map("".join)


@given(BODIES, st.text(max_size=12))
@settings(max_examples=600)
def test_nothing_but_a_user_error_is_ever_raised(body: str, name: str) -> None:
    everything(body, [ANNA], {ANNA: name})
    everything(f"!{body}", [ANNA], {ANNA: name})
