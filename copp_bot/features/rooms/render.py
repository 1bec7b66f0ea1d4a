"""What is said about plans and their outcome."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import ngettext
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Line, Option, Reply, code, person, say, shorten
from copp_bot.rooms.apply import Outcome
from copp_bot.rooms.notices import Notice
from copp_bot.rooms.plan import Step, writes

SHOWN = 120
"""Characters of a name or topic that are read out."""
LINES = 8
"""Lines that a shared room is given."""


def render_comparing() -> Reply:
    """At once after ``!rooms plan``."""
    return say(_("I am comparing the declared rooms with the homeserver; this message will be edited."))


def render_applying() -> Reply:
    """At once after ``!rooms apply``."""
    return say(_("I am making the rooms as declared; this message will be edited when it is done."))


def render_plan(steps: Sequence[Step]) -> Reply:
    """The steps, numbered, then what a person must decide."""
    todo = writes(steps)
    notices = tuple(step.sentence for step in steps if isinstance(step, Notice))
    if not todo:
        return Reply(((_("Everything is as declared; there is nothing to do."),), *_attention(notices)))
    heading = ngettext("{count} step would make it so:", "{count} steps would make it so:", len(todo))
    numbered = tuple((f"{number}. {step.sentence}",) for number, step in enumerate(todo, 1))
    closing: Line = (_("To take them: "), code("!rooms apply"))
    return Reply(((heading.format(count=len(todo)),), *numbered, *_attention(notices), closing))


def render_outcome(outcome: Outcome) -> Reply:
    """How many steps were taken, and why the others were not."""
    if not outcome.total:
        return Reply(((_("Everything is as declared; nothing had to be done."),), *_attention(outcome.notices)))
    heading = ngettext("Done: {done} of {total} step.", "Done: {done} of {total} steps.", outcome.total)
    refused = tuple((f"– {sentence}",) for sentence in outcome.refused)
    return Reply(((heading.format(done=outcome.done, total=outcome.total),), *refused, *_attention(outcome.notices)))


def render_drift(title: str, by: UserId, differs: Sequence[str], *, fought: bool) -> Reply:
    """Someone has changed a declared room by hand, and a person must decide; said in the Secretariat's room."""
    lines: list[Line] = [
        (_("“{title}” is not as declared: ").format(title=title), person(by), _(" has changed it.")),
        *((sentence,) for sentence in differs),
    ]
    if fought:
        lines.append((_("I have set this back three times within an hour, and leave it now."),))
    lines.append((_("To have it as declared, choose ✅ or type: "), code("!rooms apply")))
    lines.append((_("To keep it, change the declaration."),))
    return Reply(tuple(lines), notice=False, options=(Option("✅", _("as declared"), "rooms apply"),), once=False)


def difference(current: str, declared: str) -> str:
    """What a name or topic says, and what it should say."""
    words = _("It says “{current}”; declared is “{declared}”.")
    return words.format(current=shorten(current, SHOWN), declared=shorten(declared, SHOWN))


def render_restored(since: datetime, outcome: Outcome, memberships: int) -> Reply:
    """The homeserver has forgotten; said in the Secretariat's room."""
    told = _("The homeserver is back at an older state: it does not know what I saw there last, at {at} UTC.")
    people = ngettext(
        "{count} membership is other than I knew it.", "{count} memberships are other than I knew them.", memberships
    )
    return Reply(
        (
            (told.format(at=f"{since:%Y-%m-%d %H:%M}"),),
            (_("What was said there since the older state is gone; the library, the blogs and the roles are not."),),
            *render_outcome(outcome).lines,
            *(((people.format(count=memberships),),) if memberships else ()),
            (_("I do and say nothing twice. Look whether somebody has to be invited again."),),
        ),
        notice=False,
    )


def render_set_back(title: str) -> Reply:
    """To who has changed a declared room in their client."""
    return say(
        _("I have set back what you changed in “{title}”: it is kept as the community has declared it.").format(
            title=title
        ),
        _("To have it otherwise for good, ask the Secretariat."),
    )


def render_followed(title: str) -> Reply:
    """A room was replaced and the new one is ours; said in the Secretariat's room."""
    return say(
        _("“{title}” was replaced by a new room, and I follow: the new one is the declared one now.").format(
            title=title
        ),
        _("Its people were asked in; being in the old one opens nothing any more."),
    )


def render_not_followed(title: str, by: UserId, why: str) -> Reply:
    """A room was replaced by one that is not taken; said in the Secretariat's room."""
    return say(
        (_("“{title}” was closed in favour of another room by ").format(title=title), person(by), "."),
        why,
        (_("I go on with the old one. When it is mended: "), code("!rooms apply")),
        notice=False,
    )


def render_shortened(reply: Reply) -> Reply:
    """The beginning of a long answer, for a shared room."""
    rest = len(reply.lines) - (LINES - 1)
    more = ngettext(
        "… and {count} more line, in our direct chat.", "… and {count} more lines, in our direct chat.", rest
    )
    return replace(reply, lines=(*reply.lines[: LINES - 1], (more.format(count=rest),)))


def _attention(notices: Sequence[str]) -> tuple[Line, ...]:
    if not notices:
        return ()
    return ((_("A person must look at this:"),), *((f"– {sentence}",) for sentence in notices))
