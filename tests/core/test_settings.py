"""Settings as an operator writes them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from copp_bot.core.errors import SetupError
from copp_bot.core.settings import Settings, read_settings
from storage.migrate import sqlite_file

SOUND = "COPP_HOMESERVER=http://127.0.0.1\nCOPP_USER_ID=@copp:example.org\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the operator stands, with sound settings in ``.env``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(SOUND, encoding="utf-8")
    return tmp_path


def add(folder: Path, line: str) -> None:
    """Write one more line into ``.env``."""
    with (folder / ".env").open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def password() -> str:
    """The password that the settings have now."""
    found = read_settings().password
    return found.get_secret_value() if found else ""


@pytest.mark.parametrize("written", ["@anna:example.org,@ben:example.org", " @anna:example.org, @ben:example.org "])
def test_several_people_are_separated_by_commas(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPP_EMERGENCY_CREATORS", written)
    settings = Settings(homeserver="http://127.0.0.1", user_id="@copp:example.org")
    assert settings.emergency_creators == ["@anna:example.org", "@ben:example.org"]


def test_a_secrets_file_may_be_named_in_the_file_of_settings(folder: Path) -> None:
    (folder / "secret").write_text("\ufeff geheim \n", encoding="utf-8")
    add(folder, "COPP_PASSWORD_FILE=secret")
    assert password() == "geheim"


@pytest.mark.parametrize("name", ["COPP_ACCESS_TOKEN", "COPP_ADMIN_TOKEN"])
@pytest.mark.parametrize("written", ["syt_a\n# of the bot", "syt a", "bogüs", "a\tb"])
def test_what_is_no_token_is_refused_and_not_shown(
    name: str, written: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "secret").write_text(written, encoding="utf-8")
    monkeypatch.setenv(f"{name}_FILE", "secret")
    with pytest.raises(SetupError, match=f"{name} must be the token alone") as raised:
        read_settings()
    assert written not in str(raised.value)


def test_a_token_that_is_empty_is_none(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """As compose files have it."""
    monkeypatch.setenv("COPP_ACCESS_TOKEN", "")
    assert not read_settings().access_token


def test_the_environment_is_stronger_than_the_file_of_settings(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(folder, "COPP_PASSWORD_FILE=missing")
    monkeypatch.setenv("COPP_PASSWORD", "said")
    assert password() == "said"
    (folder / "secret").write_text("kept")
    monkeypatch.setenv("COPP_PASSWORD_FILE", "secret")
    assert password() == "kept"


def test_a_secrets_file_is_read_only_where_settings_are(folder: Path) -> None:
    add(folder, "COPP_PASSWORD_FILE=missing")
    told = Settings(_env_file=None, homeserver="http://127.0.0.1", user_id="@copp:example.org")  # type: ignore[call-arg]
    assert told.password is None


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "is empty"), (b" \n", "is empty"), (b"gehe\xefm", "is not UTF-8 text")]
)
def test_a_secrets_file_that_holds_none_is_named(
    content: bytes, says: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "secret").write_bytes(content)
    monkeypatch.setenv("COPP_PASSWORD_FILE", "secret")
    with pytest.raises(SetupError, match=f"COPP_PASSWORD_FILE names a file that {says}"):
        read_settings()


def test_a_file_of_settings_that_is_not_text_is_named_with_its_line(folder: Path) -> None:
    with (folder / ".env").open("ab") as file:
        file.write(b"COPP_PASSWORD='gehe\xefm'\n")
    with pytest.raises(SetupError, match=r"\.env is not UTF-8 text \(line 3\)"):
        read_settings()


def test_a_file_of_settings_may_begin_with_a_mark(folder: Path) -> None:
    (folder / ".env").write_text(SOUND, encoding="utf-8-sig")
    assert read_settings().homeserver == "http://127.0.0.1"


@pytest.mark.parametrize(
    "address", ["https://matrix.example.org:8448", "http://[::1]:8008", "https://b\u00fccher.example/m"]
)
def test_an_address_with_port_or_path_is_one(address: str) -> None:
    assert Settings(homeserver=f"{address}/", user_id="@copp:example.org").homeserver == address


def test_a_data_folder_may_be_called_anything(tmp_path: Path) -> None:
    """Also what means something in an address."""
    odd = tmp_path / "100% é? #1"
    odd.mkdir()
    settings = Settings(homeserver="http://127.0.0.1", user_id="@copp:example.org", data_dir=odd)
    assert sqlite_file(settings.database) == odd / "copp.sqlite3"


@pytest.mark.parametrize(
    ("user_id", "is_one"),
    [
        *(("@copp:example.org", True), ("@copp:127.0.0.1:8448", True), ("@copp:[::1]:8448", True)),
        *(("@Copp+bot/1:example.org", True), ("@:", False), ("@copp:", False), ("@:example.org", False)),
        *(("copp:example.org", False), ("@copp example.org", False), ("@co pp:example.org", False)),
        *(("@copp:example.org:port", False), (f"@{'c' * 250}:example.org", False)),
    ],
)
def test_the_account_is_a_whole_matrix_id(user_id: str, is_one: bool) -> None:
    if is_one:
        assert Settings(homeserver="http://127.0.0.1", user_id=user_id).bot == user_id
    else:
        with pytest.raises(ValidationError, match="must be a full Matrix id like"):
            Settings(homeserver="http://127.0.0.1", user_id=user_id)
