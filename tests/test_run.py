"""The token that is kept from start to start."""

from pathlib import Path

import pytest

from copp_bot.core.errors import SetupError
from copp_bot.core.settings import Settings
from copp_bot.run import TOKEN_FILE, keep_token, kept_token


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """With a data folder of one's own."""
    return Settings(homeserver="http://127.0.0.1", user_id="@copp:example.org", data_dir=tmp_path)


def test_what_was_kept_is_found(settings: Settings) -> None:
    assert kept_token(settings) is None
    keep_token(settings, "syt_one")
    assert kept_token(settings) == "syt_one"
    assert (settings.data_dir / TOKEN_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("spoilt", ["", "syt_one\n# mine", "syt one", "\0\0\0"])
def test_what_cannot_be_a_token_is_not_used(settings: Settings, spoilt: str) -> None:
    (settings.data_dir / TOKEN_FILE).write_text(spoilt)
    assert kept_token(settings) is None


def test_a_folder_in_its_place_is_said(settings: Settings) -> None:
    (settings.data_dir / TOKEN_FILE).mkdir()
    with pytest.raises(SetupError, match=r"cannot be read .*Move it away"):
        kept_token(settings)
