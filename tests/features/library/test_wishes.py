"""What ``!library add`` is understood to say, and what is kept of it while it is asked for whom."""

import pytest

from copp_bot.core.commands import grammar
from copp_bot.features.library.wishes import Wish, retyped, wish_of
from tests.features.built import built_features


def wished(said: str) -> Wish:
    """What is understood."""
    add = next(one for feature in built_features() for one in feature.commands if one.path == "library add")
    return wish_of(grammar.parse_args(add, said, "example.org"))


@pytest.mark.parametrize(
    ("said", "url", "title"),
    [
        ("https://a.org/wiki/Rhythm_(music)", "https://a.org/wiki/Rhythm_(music)", ""),
        ("https://a.org/Drum_(disambiguation) Drums", "https://a.org/Drum_(disambiguation)", "Drums"),
        ("(https://a.org/x)", "https://a.org/x", ""),
        ("(https://a.org/x_(y)). Title", "https://a.org/x_(y)", "Title"),
        ("<https://a.org/x> Title", "https://a.org/x", "Title"),
        ("[My page](https://a.org/md) #tag", "https://a.org/md", "My page"),
        ("See [My page](https://a.org/md).", "https://a.org/md", "See My page"),
        ("https://a.org/x, a title", "https://a.org/x", "a title"),
        ("https://a.org/x #", "https://a.org/x", ""),
        ("**https://a.org/x**", "https://a.org/x", ""),
        ("(see https://a.org/x_(y))", "https://a.org/x_(y)", "see"),
        ("https://a.org/x — a nice title", "https://a.org/x", "a nice title"),
        ("https://a.org/x “?!”", "https://a.org/x", ""),
        ("https://a.org/x 🎵", "https://a.org/x", "🎵"),
        ("https://a.org/été", "https://a.org/%C3%A9t%C3%A9", ""),
    ],
)
def test_an_address_within_what_people_write(said: str, url: str, title: str) -> None:
    wish = wished(said)
    assert (wish.url, wish.title) == (url, title)


@pytest.mark.parametrize(
    "said",
    ["L'été en chansons", '"Songs" and "games" #music lang:fr', '"lang:de is German"', "https://site.org/a Songs"],
)
def test_the_answer_shelves_what_was_asked(said: str) -> None:
    wish = wished(said)
    assert wish.title
    assert wished(retyped(wish)) == wish
