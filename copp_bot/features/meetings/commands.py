"""``!meet`` and its parts: the chat edge of meetings."""

from dataclasses import dataclass
from datetime import datetime, time

from copp_bot.core import items
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core, RoomDirectory
from copp_bot.core.i18n import current_language, deferred, reading_in
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, EventId, TxnId, UserId
from copp_bot.core.reply import Reply
from copp_bot.features.meetings import render, service, store, telling
from copp_bot.features.meetings.repeat import read_rule
from copp_bot.features.meetings.service import CHANGE_ANY, LETTER, NEW, RSVP, SHOW
from copp_bot.features.meetings.store import Answer
from copp_bot.features.meetings.times import Occurrence
from copp_bot.features.meetings.when import Doubt, Reading, read_day, read_when, spelled
from copp_bot.features.meetings.wishes import read_wish, retyped

IN_ROOM, IN_DIRECT = 5, 10
"""Lines of a list."""
MOST_PAGES = 100


@dataclass(frozen=True)
class Handlers:
    """What the commands need beside their context."""

    rooms: RoomDirectory
    bot: UserId

    def new(self, ctx: Context, args: Args) -> Reply:
        """Plan a meeting; where its time is in doubt, ask instead."""
        whose = service.belonging(ctx.place, self._seen(ctx))
        wish = read_wish(args.text("what"))
        reading = read_when(wish.when, ctx.now, ctx.zone, current_language())
        source = _source(ctx)
        if reading.doubt is not Doubt.NONE:
            commands = [retyped(wish, spelled(choice)) for choice in reading.choices]
            return render.render_question(reading, commands, ctx.viewer.user_id, source)
        (start,) = reading.choices
        rule = read_rule(wish.repeat, start, ctx.now, current_language()) if wish.repeat else ""
        item = service.plan(ctx, wish, start, rule, whose, source)
        return render.render_planned(service.describe(ctx.session, item, ctx.now))

    def list(self, ctx: Context, args: Args) -> Reply:
        """What is to come."""
        limit, page = IN_DIRECT if ctx.place.is_direct else IN_ROOM, _page(args)
        found = store.coming(ctx.session, self._seen(ctx), ctx.now, limit + 1, (page - 1) * limit)
        shown = [service.describe(ctx.session, item, ctx.now) for item, _row in found[:limit]]
        further = f"meet list page:{page + 1}" if len(found) > limit else None
        return render.render_list(shown, ctx.zone, further, ctx.place.is_direct)

    def show(self, ctx: Context, args: Args) -> Reply:
        """One meeting."""
        shown = service.describe(ctx.session, self._find(ctx, args), ctx.now)
        return render.render_meeting(shown, ctx.zone, ctx.place.is_direct)

    def move(self, ctx: Context, args: Args) -> Reply:
        """Another time, for all of a series or for one of it."""
        item = self._changeable(ctx, args)
        one = _one_of(ctx, item, args)
        reading = read_when(args.text("when"), ctx.now, ctx.zone, current_language())
        if reading.doubt is not Doubt.NONE:
            on = f" on:{args.options['on']}" if one else ""
            return self._ask_to_move(ctx, item, reading, on)
        (to,) = reading.choices
        service.move(ctx.effects, items.row_id(item), to, one.name if one else None)
        service.leave_trace(ctx, item, "meeting.move")
        shown = service.describe(ctx.session, item, ctx.now)
        told = telling.tell_changed(ctx, item, shown, to, self.rooms, self.bot, is_on=True)
        self._refresh(ctx, shown)
        return render.render_moved(shown, to, told)

    def cancel(self, ctx: Context, args: Args) -> Reply:
        """Call it off, all of a series or one of it."""
        item = self._changeable(ctx, args)
        one = _one_of(ctx, item, args)
        before = service.describe(ctx.session, item, ctx.now)
        assert before.next is not None
        service.cancel(ctx.effects, before.id, one.name if one else None)
        service.leave_trace(ctx, item, "meeting.cancel")
        shown = service.describe(ctx.session, item, ctx.now)
        when = one.at if one else before.next.at
        told = telling.tell_changed(ctx, item, shown, when, self.rooms, self.bot, is_on=False)
        self._refresh(ctx, shown)
        return render.render_cancelled(shown, when if one else None, told)

    def rsvp(self, ctx: Context, args: Args) -> Reply | None:
        """Who comes; the last answer counts, and only the one who gave it and their host hear of it."""
        item = self._find(ctx, args)
        service.check_to_come(service.describe(ctx.session, item, ctx.now))
        said, person = Answer(args.text("answer")), ctx.viewer.user_id
        given_a_place = service.answer(ctx.effects, items.row_id(item), person, said)
        shown = service.describe(ctx.session, item, ctx.now)
        telling.tell_place_free(ctx.effects, shown, given_a_place, self.rooms, self.bot)
        self._refresh(ctx, shown)
        row = store.get(ctx.session, shown.id)
        is_waiting = row is not None and said is Answer.YES and person not in service.coming_people(ctx.session, row)
        answered = render.render_answered(shown, said, ctx.zone, is_waiting)
        if ctx.place.is_direct:
            return answered
        ctx.effects.send(person, answered)
        return None if store.is_reaction(ctx.session, ctx.message.event_id) else render.render_noted()

    def _refresh(self, ctx: Context, shown: service.Meeting) -> None:
        """The announcement says how many come, in the language of its room."""
        row = store.get(ctx.session, shown.id)
        if row is not None and row.txn_id:
            with reading_in(self.rooms.language):
                ctx.effects.edit(TxnId(row.txn_id), render.render_updated(shown))

    def _ask_to_move(self, ctx: Context, item: store.Item, reading: Reading, on: str) -> Reply:
        number = items.short_id(LETTER, item)
        commands = [f"meet move {number} {spelled(choice)}{on}" for choice in reading.choices]
        return render.render_question(reading, commands, ctx.viewer.user_id, None)

    def _changeable(self, ctx: Context, args: Args) -> store.Item:
        item = self._find(ctx, args)
        service.may_change(ctx, item)
        service.check_to_come(service.describe(ctx.session, item, ctx.now))
        return item

    def _find(self, ctx: Context, args: Args) -> store.Item:
        return items.find(ctx.session, self._seen(ctx), store.KIND, LETTER, args.number("id"))

    def _seen(self, ctx: Context) -> frozenset[Audience]:
        return items.audiences(ctx.session, ctx.viewer, ctx.place, self.bot)


def declare(core: Core) -> tuple[Command, ...]:
    """The commands of this feature."""
    run = Handlers(core.rooms, core.settings.bot)
    return (new_command(run), *_reading(run), *_changing(run))


def new_command(run: Handlers) -> Command:
    """``meet new``; its declaration also reads edited commands."""
    return Command(
        "meet new",
        run.new,
        deferred("Plan a meeting of this room: title, time, and what else there is to say"),
        NEW,
        "!meet new Rhythm circle | Thursday 18:00 | 90 min | repeat weekly | where https://meet.example",
        (Param("what", Kind.TEXT),),
    )


def _reading(run: Handlers) -> tuple[Command, ...]:
    meeting = Param("id", Kind.ITEM)
    answers = Param("answer", choices=tuple(Answer))
    return (
        Command("meet list", run.list, deferred("The meetings to come"), SHOW, "!meet list", options=("page",)),
        Command(
            "meet show", run.show, deferred("All about a meeting"), SHOW, "!meet show M4821", (meeting,), letter=LETTER
        ),
        Command(
            "meet rsvp",
            run.rsvp,
            deferred("Say whether you come; a reaction does the same"),
            RSVP,
            "!meet rsvp M4821 yes",
            (meeting, answers),
            letter=LETTER,
        ),
    )


def _changing(run: Handlers) -> tuple[Command, ...]:
    meeting = Param("id", Kind.ITEM)
    return (
        Command(
            "meet move",
            run.move,
            deferred("Let a meeting of yours take place at another time; on: names one of a series"),
            NEW,
            "!meet move M4821 Friday 17:00 on:2027-01-14",
            (meeting, Param("when", Kind.TEXT)),
            options=("on",),
            letter=LETTER,
            scope_from="service",
        ),
        Command(
            "meet cancel",
            run.cancel,
            deferred("Call off a meeting of yours; on: names one of a series"),
            NEW,
            "!meet cancel M4821 on:2027-01-14",
            (meeting,),
            options=("on",),
            letter=LETTER,
            scope_from="service",
        ),
    )


PERMISSIONS = {
    NEW: deferred("plan meetings, move and cancel one's own"),
    SHOW: deferred("see meetings"),
    RSVP: deferred("say whether one comes to a meeting"),
    CHANGE_ANY: deferred("move and cancel other members' meetings"),
}


def _source(ctx: Context) -> EventId:
    """The command as it was typed; one that was chosen stands for it, and has no ``!``."""
    is_chosen = ctx.message.body.startswith("meet new ") and ctx.message.reply_to is not None
    return ctx.message.reply_to if is_chosen and ctx.message.reply_to else ctx.message.event_id


def _one_of(ctx: Context, item: store.Item, args: Args) -> Occurrence | None:
    """The meeting of a series that is meant by ``on:``; None for all of it."""
    row = store.get(ctx.session, items.row_id(item))
    if row is None or "on" not in args.options:
        return None
    series = store.series(ctx.session, row)
    day = read_day(args.options["on"], ctx.now, series.start.zone, current_language())
    return service.occurrence_on(series, datetime.combine(day, time()), ctx.now)


def _page(args: Args) -> int:
    said = args.options.get("page", "1")
    if not (said.isascii() and said.isdigit() and 1 <= int(said[:6]) <= MOST_PAGES):
        raise UserError(_("Pages have numbers from 1 on, for example page:2."))
    return int(said[:6])
