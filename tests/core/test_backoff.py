"""Waiting after failures: rare enough for the server, short enough for people."""

import itertools

import pytest

from copp_bot.core import backoff
from copp_bot.core.matrix.port import RateLimited, Unavailable


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
