"""The systemd unit that users copy."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent.parent / "contrib" / "copp-bot.service"


def test_it_runs_the_bot_and_closes_what_the_bot_does_not_need() -> None:
    unit = configparser.ConfigParser(interpolation=None, strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT, encoding="utf-8")
    service = unit["Service"]
    assert service["ExecStart"].endswith("/copp-bot run")
    assert service["Environment"] == f"COPP_DATA_DIR=/var/lib/{service['StateDirectory']}"
    closed = {"ProtectSystem": "strict", "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectHome": "yes"}
    assert closed.items() <= dict(service).items()
    assert "user net" in service["RestrictNamespaces"]  # the library's cage leaves the network


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd on this machine")
def test_systemd_understands_it(tmp_path: Path) -> None:
    text = UNIT.read_text(encoding="utf-8").replace("/opt/copp/.venv/bin/copp-bot run", "/bin/true")
    copy = tmp_path / UNIT.name
    copy.write_text(text, encoding="utf-8")
    seen = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True, check=False)
    assert UNIT.name not in seen.stderr, seen.stderr
