"""Wires the cases feature."""

from copp_bot.core.feature import Core, Feature
from copp_bot.core.i18n import deferred
from copp_bot.features.cases import commands, events, jobs, routing, service, tasks

FLAG = "🚩"
"""On any message: a report."""


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="cases",
        summary=deferred("When something is wrong: reports, help, appeals"),
        commands=commands.declare(core),
        jobs=jobs.declare(core),
        tasks=tasks.declare(core),
        permissions={
            commands.REPORT: deferred("report, ask for help, and appeal"),
            routing.HANDLE: deferred("look at cases of one's scope"),
            routing.LEAD: deferred("look at cases about stewards, and at appeals"),
            routing.DECIDE: deferred("look at every case, also about those who lead"),
        },
        reactions={FLAG: "report"},
        redacted=events.Redacted(core),
        forget=service.forget,
    )
