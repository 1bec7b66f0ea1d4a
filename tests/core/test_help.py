"""Help by topic: the word that the overview names shows everything of that topic."""

from copp_bot.core.commands.declare import Args
from copp_bot.core.commands.help import help_command
from copp_bot.core.reply import LINES_IN_A_ROOM
from tests.features.built import built_features
from tests.features.small_house import SmallHouse, small_house, user


def helped(house: SmallHouse, topic: str) -> str:
    """The help for a member with a role in the stewards' own work."""
    topics = [(feature.name, feature.summary, feature.commands) for feature in built_features()]
    who = house.member("aino", "rhythm", roles=(("secretariat", "community"),))
    reply = help_command(topics, lambda name, _language: name).run(house.context(who), Args({"topic": topic}))
    assert reply is not None
    return reply.plain


def test_the_word_of_a_topic_shows_all_of_it(database_url: str) -> None:
    """Though its commands begin with other words; the last line is an example."""
    with small_house(database_url) as house:
        for topic, shown in (
            ("groups", ("!groups –", "!group join", "!group leave", "!group members")),
            ("report", ("!report", "!support", "!appeal", "!case ")),
            ("stewards", ("!duty",)),
        ):
            plain = helped(house, topic)
            assert all(command in plain for command in shown), plain
            assert plain.splitlines()[-1].startswith("For example: !")
        assert "!library search" in helped(house, "library") and "dismiss" not in helped(house, "library")
        assert "I have no help on" in helped(house, "library dismiss")
        assert "Did you mean !help library?" in helped(house, "libary")


def test_an_outsider_who_asks_about_anything_reads_how_one_gets_in(database_url: str) -> None:
    """There are no topics to look at."""
    with small_house(database_url) as house:
        topics = [(feature.name, feature.summary, feature.commands) for feature in built_features()]
        command = help_command(topics, lambda name, _language: name)
        reply = command.run(house.context(user("silvio")), Args({"topic": "library"}))
        assert reply is not None and "Reception" in reply.plain and "I have no help" not in reply.plain


def test_what_is_called_like_the_topic_comes_first(database_url: str) -> None:
    with small_house(database_url) as house:
        assert helped(house, "me").startswith("!me –")


def test_a_newcomer_reads_how_one_gets_in(database_url: str) -> None:
    with small_house(database_url) as house:
        topics = [(feature.name, feature.summary, feature.commands) for feature in built_features()]
        command = help_command(topics, lambda name, _language: name)
        for who, is_told in ((house.newcomer("noor"), True), (house.member("lucia", "rhythm"), False)):
            for place in ("direct", "reception"):
                reply = command.run(house.context(who, place), Args())
                assert reply is not None and ("a steward will let you into" in reply.plain) is is_told


def test_an_overview_names_each_word_once_and_stays_in_its_room(database_url: str) -> None:
    """``!me`` is the profile's, though others begin with it too; in Reception it is short enough to be read there."""
    with small_house(database_url) as house:
        topics = [(feature.name, feature.summary, feature.commands) for feature in built_features()]
        command = help_command(topics, lambda name, _language: name)
        lucia, noor = house.member("lucia", "rhythm"), house.newcomer("noor")
        direct = command.run(house.context(lucia), Args())
        assert direct is not None and direct.plain.count("!me ") == 1 and "!me !find !who – Who you are" in direct.plain
        here = command.run(house.context(noor, "reception"), Args())
        assert here is not None and len(here.lines) <= LINES_IN_A_ROOM and "Say hello here" in here.plain
        assert "!library" in here.plain and "Say hello in Reception" in str(command.run(house.context(noor), Args()))
