"""The stage of ``tests/core``, with SQLite in the data folder: that is what these commands pack and look at."""

from pathlib import Path

import pytest

from tests.core.conftest import Stage, set_stage


@pytest.fixture
async def stage(tmp_path: Path) -> Stage:
    """Everything but a running bot."""
    return await set_stage(tmp_path)
