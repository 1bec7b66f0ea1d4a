"""Figures for Prometheus: what has happened since the start, and how things stand when they are asked for.

The rule it keeps: labels are outcomes, never an id, a name or a word of anyone.
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The counters of one bot. Parts count where things happen, on any thread.

    Attributes:
        commands: by ``outcome``: ``answered``, ``refused``, ``unknown``, ``failed``.
        messages: what was sent, by ``outcome``: ``sent``, ``failed``.
        syncs: by ``outcome``: ``ok``, ``failed``.
        tasks: by ``outcome``: ``done``, ``postponed``, ``failed``.
        jobs: by ``outcome``: ``done``, ``failed``.
        gaps: stretches of timeline that could not be read at once.
        quarantined: events that made a handler fail.
        rate_limited: answers of the homeserver that asked to wait.
    """

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.commands = self._by_outcome(
            "copp_commands", "Commands handled", "answered", "refused", "unknown", "failed"
        )
        self.messages = self._by_outcome("copp_messages", "Answers and other messages of the bot", "sent", "failed")
        self.syncs = self._by_outcome("copp_syncs", "Answers of the homeserver to sync", "ok", "failed")
        self.tasks = self._by_outcome("copp_tasks", "Attempts of tasks", "done", "postponed", "failed")
        self.jobs = self._by_outcome("copp_jobs", "Occurrences of scheduled jobs", "done", "failed")
        self.gaps = self._counter("copp_gaps", "Stretches of timeline that could not be read at once")
        self.quarantined = self._counter("copp_quarantined", "Events that made a handler fail")
        self.rate_limited = self._counter("copp_rate_limited", "Answers of the homeserver that asked to wait")
        self._gauges = {
            name: Gauge(f"copp_{name}", words, registry=self._registry)
            for name, words in {
                "ready": "1 when it has synced lately and what it says goes out",
                "sync_age_seconds": "Time since the last sync; -1 before the first",
                "outbox_age_seconds": "Age of the oldest message that has not gone out",
                "outbox_open": "Messages that have not gone out",
                "tasks_open": "Tasks that wait",
                "inbox_waiting": "Events that wait to be handled",
                "quarantine_size": "Events in quarantine",
                "gaps_open": "Stretches of timeline that are missing",
                "clock_skew_seconds": "The homeserver's clock minus ours",
            }.items()
        }

    def exposition(self, now: Mapping[str, float]) -> bytes:
        """The text format of Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/).

        Args:
            now: how things stand: ``Health.figures``.
        """
        for name, value in now.items():
            self._gauges[name].set(value)
        return generate_latest(self._registry)

    def _counter(self, name: str, words: str) -> Counter:
        return Counter(name, words, registry=self._registry)

    def _by_outcome(self, name: str, words: str, *outcomes: str) -> Counter:
        counter = Counter(name, words, ["outcome"], registry=self._registry)
        for outcome in outcomes:
            counter.labels(outcome=outcome)  # 0 is a figure, too
        return counter
