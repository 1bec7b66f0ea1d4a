"""What is kept of ``!library add`` while it is asked for whom."""

import pytest

from copp_bot.core.commands import grammar
from copp_bot.features.library.wishes import retyped, wish_of
from tests.features.built import built_features


@pytest.mark.parametrize(
    "said",
    ["L'été en chansons", '"Songs" and "games" #music lang:fr', '"lang:de is German"', "https://site.org/a Songs"],
)
def test_the_answer_shelves_what_was_asked(said: str) -> None:
    add = next(one for feature in built_features() for one in feature.commands if one.path == "library add")
    wish = wish_of(grammar.parse_args(add, said, "example.org"))
    assert wish.title
    assert wish_of(grammar.parse_args(add, retyped(wish), "example.org")) == wish
