"""Settings as an operator writes them."""

import pytest

from copp_bot.core.settings import Settings


@pytest.mark.parametrize("written", ["@anna:example.org,@ben:example.org", " @anna:example.org, @ben:example.org "])
def test_several_people_are_separated_by_commas(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPP_EMERGENCY_CREATORS", written)
    settings = Settings(homeserver="http://127.0.0.1", user_id="@copp:example.org")
    assert settings.emergency_creators == ["@anna:example.org", "@ben:example.org"]
