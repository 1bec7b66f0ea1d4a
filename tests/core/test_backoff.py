"""Waiting after failures: rare enough for the server, short enough for people."""

import itertools
from pathlib import Path

import pytest

from copp_bot import run
from copp_bot.core import backoff
from copp_bot.core.errors import SetupError
from copp_bot.core.matrix.port import RateLimited, Unavailable
from copp_bot.core.settings import Settings


@pytest.mark.parametrize("error", [Unavailable("", "away"), RateLimited(0.0), RateLimited(1.0)])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_the_sync_is_tried_at_most_twelve_times_a_minute(
    error: Exception, jitter: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("random.uniform", lambda low, high: low + (high - low) * jitter)
    moments = [0.0, *itertools.accumulate(backoff.growing(failures, error) for failures in range(1, 200))]
    busiest = max(sum(start <= at < start + 60 for at in moments) for start in moments)
    assert busiest <= 12


def test_nobody_waits_half_a_minute_for_a_server_that_is_back() -> None:
    assert max(backoff.growing(failures, Unavailable("", "away")) for failures in range(1, 100)) < 25


def test_what_a_server_asks_for_is_honoured() -> None:
    assert all(backoff.growing(failures, RateLimited(90.0)) >= 90 for failures in range(1, 20))


def test_nobody_is_told_to_wait_no_seconds() -> None:
    assert [backoff.told(pause) for pause in (0.0, 0.25, 1.0, 1.2, 19.5)] == [1, 1, 1, 2, 20]


async def test_a_server_that_answers_pages_is_waited_for_in_whole_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_told: object, **_more: object) -> None:
        raise SetupError("It answers pages.", "Mend it.") from Unavailable("", "HTML", 200)

    async def stop(_pause: float) -> None:
        raise TimeoutError

    monkeypatch.setattr(run, "connect", refuse)
    monkeypatch.setattr("asyncio.sleep", stop)
    settings = Settings(homeserver="http://127.0.0.1:1", user_id="@copp:example.org", data_dir=tmp_path)
    with pytest.raises(TimeoutError):
        await run.sign_in(settings, wait=True)
    assert "Trying again in 1 s." in caplog.text
