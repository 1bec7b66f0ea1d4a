"""Cases as messages. Pure. None of them names who has reported."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Line, Option, Part, Reply, bold, code, event_link, person, say, shorten
from copp_bot.features.cases.service import Reported
from copp_bot.features.cases.store import CaseKind, CaseRow

MOST = 20
QUOTE = 300


def render_thanks(case: CaseRow) -> Reply:
    """For whoever opened it."""
    number = bold(f"C{case.number}")
    if case.kind is CaseKind.SUPPORT:
        return say((number, _(": the Secretariat has your question, and answers you here.")), private=True)
    if case.kind is CaseKind.APPEAL:
        return say((number, _(": somebody else looks at it now, and I tell you here what they decide.")), private=True)
    return say(
        (number, _(": thank you. People look at it now, not programs, and I tell you here what comes of it.")),
        _("Whom it is about never learns from me who has reported it."),
        private=True,
    )


def render_card(
    case: CaseRow, names: Mapping[UserId, str], quote: Reported | None, room: str | None, *, is_linked: bool
) -> Reply:
    """The case, for those who look at it.

    Args:
        quote: the message, where its readers cannot open it or it may be gone soon.
        room: the title of its room, where the readers may know of it.
        is_linked: the readers can open the message.
    """
    lines: list[Line] = [_head(case, names, room)]
    if quote is not None:
        lines.append((f"“{shorten(quote.text, QUOTE)}”",))
    if case.reason:
        lines.append((_("Reason: "), shorten(case.reason, QUOTE)))
    if is_linked and case.room_id and case.event_id:
        lines.append((event_link(_("Open the message"), case.room_id, case.event_id),))
    lines.append(_state(case, names))
    if case.closed_at is None:
        lines.append((_("When it is done: "), code(f"!case C{case.number} close {_('WHAT WAS DONE')}")))
    return Reply(tuple(lines), options=_options(case), notice=False, once=False)


def render_list(cases: Sequence[CaseRow], names: Mapping[UserId, str], now: datetime) -> Reply:
    """The open cases."""
    if not cases:
        return say(_("No case is open."))
    lines: list[Line] = []
    for case in cases[:MOST]:
        hours = int((now - case.opened_at).total_seconds() // 3600)
        age = _("{count} h").format(count=hours) if hours < 48 else _("{count} days").format(count=hours // 24)
        owner: Sequence[Part] = (
            (person(case.owner, names.get(UserId(case.owner))),) if case.owner else (_("nobody yet"),)
        )
        reason = f": {shorten(case.reason, 60)}" if case.reason else ""
        lines.append((bold(f"C{case.number}"), f" {_kind(case)}{reason} – {age} · ", *owner))
    if len(cases) > MOST:
        lines.append((_("and {count} more").format(count=len(cases) - MOST),))
    return say(*lines, choices=tuple(f"case C{case.number}" for case in cases[:MOST]))


def render_done(case: CaseRow) -> Reply:
    """For the one who closed it."""
    return say((bold(f"C{case.number}"), _(" is closed, and whoever opened it is told.")))


def render_outcome(case: CaseRow) -> Reply:
    """For whoever opened it."""
    lines: list[Line] = [(bold(f"C{case.number}"), _(" is closed: "), case.outcome or "")]
    if case.kind is CaseKind.REPORT:
        lines.append((_("If you see it differently, somebody else looks at it: "), code("!appeal TEXT")))
    return Reply(tuple(lines), notice=False, mentions=(UserId(case.by),))


def render_reminder(case: CaseRow, target: UserId | None) -> Reply:
    """It is still open."""
    words = _(" is still open. Take it, or close it with an answer: ")
    return say(
        (bold(f"C{case.number}"), words, code(f"!case C{case.number}")),
        notice=False,
        mentions=(target,) if target else (),
    )


def _head(case: CaseRow, names: Mapping[UserId, str], room: str | None) -> Line:
    where = _(" in {room}").format(room=room) if room else ""
    about: Sequence[Part] = (_(", about "), person(case.about, names.get(UserId(case.about)))) if case.about else ()
    return (bold(f"C{case.number}"), f": {_kind(case)}{where}", *about)


def _state(case: CaseRow, names: Mapping[UserId, str]) -> Line:
    if case.closed_at is not None:
        return (_("Closed: "), shorten(case.outcome or "", QUOTE))
    if case.owner:
        return (_("Looked after by "), person(case.owner, names.get(UserId(case.owner))), ".")
    return (_("Nobody looks after it yet."),)


def _options(case: CaseRow) -> tuple[Option, ...]:
    if case.closed_at is not None or case.owner:
        return ()
    return (Option("✋", _("I look after it"), f"case C{case.number} take"),)


def _kind(case: CaseRow) -> str:
    return {
        CaseKind.REPORT: _("a report"),
        CaseKind.SUPPORT: _("a call for help"),
        CaseKind.APPEAL: _("an appeal"),
    }[case.kind]
