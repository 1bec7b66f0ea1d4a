"""The first step: asked or told, checked before anything is written, and never over what is there."""

import os
import stat
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from copp_bot.core.errors import SetupError
from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.operating.init import Answers, init, quoted
from copp_bot.rooms.declaration import load

PASSWORD = 'it\'s a \\ "secret" #1 $HOME'


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40))
def test_a_value_is_read_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: str) -> None:
    file = tmp_path_factory.mktemp("env") / ".env"
    file.write_text(f"COPP_X={quoted(value)}\n", encoding="utf-8")
    assert dotenv_values(file) == {"COPP_X": value}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def answers(base_url: str, user_id: str, password: str = PASSWORD, **more: str) -> Answers:
    """What an operator would say."""
    return Answers(base_url, user_id, password, **more)


@pytest.mark.synapse
async def test_written_when_the_account_works(synapse: LocalHomeserver, folder: Path) -> None:
    user = await synapse.create_account("init-good", PASSWORD)
    said = await init(answers(synapse.base_url, user, title='Rhythm: "and" more', timezone="Europe/Lisbon"))
    assert len(said) == 2
    kept = dotenv_values(folder / ".env")
    assert kept == {"COPP_HOMESERVER": synapse.base_url, "COPP_USER_ID": user, "COPP_PASSWORD": PASSWORD}
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    declared = load(folder / "rooms_config")
    assert declared.title == 'Rhythm: "and" more' and declared.zone.key == "Europe/Lisbon"
    assert stat.S_IMODE((folder / "var" / "access-token").stat().st_mode) == 0o600
    before = (folder / ".env").read_text()
    with pytest.raises(SetupError, match="Nothing is overwritten"):
        await init(answers(synapse.base_url, user))
    assert (folder / ".env").read_text() == before


@pytest.mark.synapse
async def test_a_community_that_is_there_stays(synapse: LocalHomeserver, folder: Path) -> None:
    user = await synapse.create_account("init-there", PASSWORD)
    (folder / "rooms_config").mkdir()
    (folder / "rooms_config" / "mine").write_text("mine")
    _env, rooms = await init(answers(synapse.base_url, user, title="Other"))
    assert "stays as it is" in rooms
    assert [path.name for path in (folder / "rooms_config").iterdir()] == ["mine"]


@pytest.mark.synapse
async def test_what_is_wrong_is_said_and_nothing_is_written(
    synapse: LocalHomeserver, folder: Path, free_port: int
) -> None:
    user = await synapse.create_account("init-bad", PASSWORD)
    wrong = [
        (answers(synapse.base_url, user, "wrong"), "does not accept the password"),
        (answers(synapse.base_url, "@init-nobody:test.localhost"), "register_new_matrix_user"),
        (answers(f"http://127.0.0.1:{free_port}", user), "does not answer"),
        (answers("matrix.example.org", user), "COPP_HOMESERVER must begin with https://"),
        (answers(synapse.base_url, "copp"), "COPP_USER_ID must be a full Matrix id"),
        (answers(synapse.base_url, user, timezone="Europe/Nowhere"), "Nowhere"),
    ]
    for one, words in wrong:
        with pytest.raises(SetupError, match=words):
            await init(one)
    assert os.listdir(folder) == []
