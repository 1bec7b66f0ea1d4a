"""What the doctor says about clocks, folders, power and a database that stands elsewhere."""

from pathlib import Path

import pytest
from sqlalchemy import text

from copp_bot.core.ids import COMMUNITY, RoomId, RoomKey, UserId
from copp_bot.core.settings import Settings
from copp_bot.operating import doctor
from copp_bot.rooms.observe import Observed, ObservedRoom
from copp_bot.rooms.power import Creation, RoleGrant
from storage import migrate
from storage.database import Database
from tests.core.rig import DECLARED
from tests.house import ROOMS_CONFIG

BOT = UserId("@copp:example.org")


def settings(folder: Path) -> Settings:
    """Settings of a folder; nobody answers at the address."""
    return Settings(homeserver="http://127.0.0.1:1", user_id=BOT, data_dir=folder, rooms_config=ROOMS_CONFIG)


@pytest.mark.parametrize(("skew", "is_well"), [(None, True), (0.4, True), (-20.0, True), (31.0, False), (-3600, False)])
def test_clocks_may_differ_by_half_a_minute(skew: float | None, is_well: bool) -> None:
    finding = doctor._clock(skew)
    assert finding.is_well is is_well
    assert is_well or ("NTP" in finding.sentence and str(round(abs(skew or 0))) in finding.sentence)


@pytest.mark.parametrize(("level", "is_well"), [(100, True), (50, False)])
def test_the_bots_power_is_looked_at_in_each_room(level: int, is_well: bool) -> None:
    state = {("m.room.power_levels", ""): {"users": {BOT: level}, "events": {"m.room.power_levels": 100}}}
    rooms = {
        room.key: ObservedRoom(RoomId(f"!{room.key}"), room.key, Creation("10", frozenset({BOT})), state)
        for room in DECLARED.all
    }
    finding = doctor._power(DECLARED, Observed(BOT, rooms))
    assert finding.is_well is is_well
    assert f"{len(rooms) if is_well else 0} of {len(rooms)}" in finding.sentence


def test_power_in_no_room_at_all_is_not_well() -> None:
    finding = doctor._power(DECLARED, Observed(BOT, {}))
    assert not finding.is_well and "Run copp-bot apply" in finding.sentence


@pytest.mark.parametrize(("role", "membership", "is_well"), [
    ("secretariat", "join", True), ("secretariat", "invite", False), ("secretariat", "leave", False),
    ("lead_steward", "join", False),
])  # fmt: skip
def test_somebody_in_the_community_should_be_in_charge(role: str, membership: str, is_well: bool) -> None:
    anna = UserId("@anna:example.org")
    root = ObservedRoom(RoomId("!root"), RoomKey("root"), Creation("12", frozenset({BOT})), {}, {anna: membership})
    observed = Observed(BOT, {RoomKey("root"): root})
    finding = doctor._in_charge(DECLARED, observed, [RoleGrant(anna, role, COMMUNITY)])
    assert finding.is_well is is_well
    assert is_well or "copp-bot apply --secretariat @somebody:example.org" in finding.sentence


def said(findings: list[doctor.Finding], words: str) -> doctor.Finding:
    """The finding that says this."""
    return next(finding for finding in findings if words in finding.sentence)


async def test_one_failure_does_not_hide_the_next(tmp_path: Path) -> None:
    findings = await doctor.examine(settings(tmp_path))
    assert not said(findings, "no database").is_well
    assert not said(findings, "nothing to sign in with").is_well
    assert said(findings, "Declared community").is_well
    assert not (tmp_path / "copp.sqlite3").exists()


async def test_a_database_of_another_version_is_left_as_it_is(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'copp.sqlite3'}")
    migrate.upgrade(database.engine)
    database.submit(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'"))).result()
    findings = await doctor.examine(settings(tmp_path))
    assert not said(findings, "newer version").is_well
    assert migrate.revision(database.engine) == "9999"
    database.close()


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    findings = await doctor.examine(settings(tmp_path / "file" / "var"))
    assert not said(findings, "cannot be written").is_well


async def test_a_folder_that_everybody_may_read(tmp_path: Path) -> None:
    folder = tmp_path / "the data"
    folder.mkdir(mode=0o755)
    findings = await doctor.examine(settings(folder))
    assert not said(findings, f"chmod 700 '{folder}'").is_well
    folder.chmod(0o750)
    assert not [finding for finding in await doctor.examine(settings(folder)) if "chmod" in finding.sentence]


async def test_a_database_elsewhere_that_everybody_may_read(tmp_path: Path) -> None:
    file = tmp_path / "copp.sqlite3"
    file.touch(mode=0o644)
    told = settings(tmp_path / "data").model_copy(update={"database_url": f"sqlite:///{file}"})
    (tmp_path / "data").mkdir(mode=0o700)
    assert not said(await doctor.examine(told), f"chmod 600 {file}").is_well
