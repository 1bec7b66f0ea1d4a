"""The rules of cases: opened by anyone, looked at by those whom they do not concern, closed with an answer.

The rule it keeps: who has reported is told to nobody; whom a case concerns never sees it; what may not be seen is
answered like what does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import Session

from copp_bot.core.context import Context, Effects
from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, Scope, UserId
from copp_bot.core.people import load_viewer
from copp_bot.core.permissions import Policy, Viewer
from copp_bot.features.cases import routing, store
from copp_bot.features.cases.store import CaseKind, CaseRow

OPEN_TASK = "cases.open"
MOST_OPEN = 20
LONGEST = 4_000
APPEAL_WITHIN = timedelta(days=30)
REMIND = timedelta(hours=24)


@dataclass(frozen=True)
class Reported:
    """The message a report is about, as the homeserver still has it."""

    sender: UserId
    text: str


def report(ctx: Context, about: UserId | None, reason: str) -> CaseRow:
    """Open a report: on the message that is answered, on a person, or on what is told.

    Raises:
        UserError: nothing is said, too much is open, or it was reported already.
    """
    target = ctx.message.reply_to
    if target is None and not reason and about is None:
        raise UserError(_("Answer the message with !report, or tell me here what happened: !report TEXT"))
    if about == ctx.viewer.user_id:
        raise UserError(_("That is you yourself. To talk with someone: !support TEXT"))
    if target is not None and store.by_event(ctx.session, ctx.viewer.user_id, target):
        raise UserError(_("You have reported that already; it is being looked at."))
    is_here = target is not None and not ctx.place.is_direct
    return _open(
        ctx,
        CaseKind.REPORT,
        reason,
        ctx.place.scope if is_here else COMMUNITY,
        about=about,
        room_id=ctx.place.room_id if is_here else None,
        event_id=target if is_here else None,
    )


def support(ctx: Context, text: str) -> CaseRow:
    """Ask the Secretariat for technical help."""
    return _open(ctx, CaseKind.SUPPORT, text, COMMUNITY)


def appeal(ctx: Context, text: str) -> CaseRow:
    """Have somebody else look at what was decided last about a case of one's own.

    Raises:
        UserError: nothing was decided within thirty days.
    """
    closed = store.last_closed(ctx.session, ctx.viewer.user_id, ctx.now - APPEAL_WITHIN)
    if closed is None:
        raise UserError(
            _("Nothing was decided lately that you could appeal against. To report something: !report TEXT")
        )
    return _open(ctx, CaseKind.APPEAL, text, Scope(closed.scope), against=closed.owner, room_id=closed.room_id)


def opened(effects: Effects, policy: Policy, case: CaseRow, reported: Reported | None) -> None:
    """The message was looked at: now it is known whom the case concerns, and who looks at it."""
    if reported is not None and case.about is None:
        case.about = reported.sender
    case.desk = routing.desk_of(effects, policy, case)
    effects.session.flush()


def visible(session: Session, policy: Policy, viewer: Viewer) -> tuple[CaseRow, ...]:
    """The open cases that someone may look at, the oldest first."""
    return tuple(case for case in store.open_cases(session) if case.desk and routing.may_see(policy, viewer, case))


def find(session: Session, policy: Policy, viewer: Viewer, number: int) -> CaseRow:
    """A case that the viewer may look at; NotFound for others and for none alike."""
    case = store.by_number(session, number)
    if case is None or not case.desk or not routing.may_see(policy, viewer, case):
        raise NotFound(_("There is no C{number} for you to look at. See !cases.").format(number=number))
    return case


def take(ctx: Context, case: CaseRow) -> None:
    """Be the one who looks after it."""
    _check_open(case)
    case.owner = ctx.viewer.user_id
    ctx.effects.audit("case.taken", Scope(case.scope), actor=ctx.viewer.user_id, after={"case": case.number})
    ctx.session.flush()


def close(ctx: Context, case: CaseRow, outcome: str) -> None:
    """End it, with an answer to whoever opened it."""
    _check_open(case)
    if not outcome:
        raise UserError(
            _("Say what was done, in words for whoever reported it: !case C{number} close TEXT").format(
                number=case.number
            )
        )
    if len(outcome) > LONGEST:
        raise UserError(_("That is too long. Say it in at most {most} characters.").format(most=LONGEST))
    case.owner = case.owner or ctx.viewer.user_id
    case.outcome, case.closed_at = outcome, ctx.now
    ctx.effects.audit("case.closed", Scope(case.scope), actor=ctx.viewer.user_id, after={"case": case.number})
    ctx.session.flush()


def overdue(effects: Effects) -> Sequence[CaseRow]:
    """Open cases that nobody was reminded of for a day; they are now."""
    late = [
        case for case in store.open_cases(effects.session) if case.desk and effects.now - case.reminded_at >= REMIND
    ]
    for case in late:
        case.reminded_at = effects.now
    effects.session.flush()
    return late


def owner_may(effects: Effects, policy: Policy, case: CaseRow) -> bool:
    """Is there someone who looks after it, and may still?"""
    return case.owner is not None and routing.may_see(
        policy, load_viewer(effects.session, UserId(case.owner), effects.now), case
    )


def forget(effects: Effects, user_id: UserId) -> None:
    """What someone reported goes; what concerns others stays without the name."""
    store.forget(effects.session, user_id)


def _open(ctx: Context, kind: CaseKind, reason: str, scope: Scope, **facts: Any) -> CaseRow:
    if len(reason) > LONGEST:
        raise UserError(_("That is too long. Say it in at most {most} characters.").format(most=LONGEST))
    if len(store.open_by(ctx.session, ctx.viewer.user_id)) >= MOST_OPEN:
        raise UserError(
            _("You have {most} cases open already; please wait until one is closed.").format(most=MOST_OPEN)
        )
    case = CaseRow(
        number=0,
        kind=kind,
        by=ctx.viewer.user_id,
        command_event=ctx.message.event_id,
        scope=scope,
        reason=reason,
        desk="",
        opened_at=ctx.now,
        reminded_at=ctx.now,
        **facts,
    )
    store.add(ctx.session, case)
    ctx.effects.task(OPEN_TASK, {"case": case.id}, marker=f"{OPEN_TASK}:{case.id}")
    ctx.effects.audit("case.opened", scope, actor=None, after={"case": case.number, "kind": kind.value})
    return case


def _check_open(case: CaseRow) -> None:
    if case.closed_at is not None:
        raise UserError(_("C{number} is closed already.").format(number=case.number))
