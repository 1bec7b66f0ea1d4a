"""A ``!meet new`` that is edited changes its meeting; one that is redacted takes it away."""

from zoneinfo import ZoneInfo

from copp_bot.core import items
from copp_bot.core.commands import grammar
from copp_bot.core.context import Effects
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core
from copp_bot.core.i18n import current_language
from copp_bot.core.ids import ItemId, UserId
from copp_bot.core.matrix.port import Edit
from copp_bot.core.people import load_viewer
from copp_bot.core.reply import Reply, say
from copp_bot.core.store import items as items_store
from copp_bot.features.meetings import render, service, store, telling
from copp_bot.features.meetings.commands import Handlers, new_command
from copp_bot.features.meetings.repeat import read_rule
from copp_bot.features.meetings.when import Doubt, read_when, spelled
from copp_bot.features.meetings.wishes import Wish, read_wish


def edited(effects: Effects, item_id: ItemId, edit: Edit, core: Core) -> Reply | None:
    """Take over the new words; a time that is in doubt is asked about, and stays as it is until that is answered."""
    item = items_store.get(effects.session, item_id)
    text = _text_of(edit, core)
    if item is None or text is None or not store.is_live(item):
        return None
    try:
        return _change(effects, item, read_wish(text), core)
    except UserError as error:
        return say(error.sentence)


def withdrawn(effects: Effects, item_id: ItemId, core: Core) -> None:
    """Those who wanted to come are told that it does not take place, without its words."""
    item, row = items_store.get(effects.session, item_id), store.get(effects.session, item_id)
    if item is not None and row is not None:
        shown = service.describe(effects.session, item, effects.now)
        people = [UserId(one.user_id) for one in store.answers(effects.session, item_id) if one.user_id != item.author]
        if shown.next is not None:
            rooms, bot = core.rooms, core.settings.bot
            telling.tell(
                effects, shown, people, rooms, bot, lambda who, _zone: render.render_withdrawn(shown.number, who)
            )
    store.forget_meeting(effects.session, item_id)


def _change(effects: Effects, item: store.Item, wish: Wish, core: Core) -> Reply:
    row = store.get(effects.session, items.row_id(item))
    assert row is not None
    number, series = items.short_id(service.LETTER, item), store.series(effects.session, row)
    if row.said == wish.when and (not wish.repeat) == (not row.rule):
        service.rewrite(effects, item, wish)  # the words of the time are the same, and so is the time
        return render.render_changed(number)
    author = load_viewer(effects.session, UserId(item.author), effects.now)
    zone = ZoneInfo(author.timezone) if author.timezone else core.rooms.zone
    reading = read_when(wish.when, effects.now, zone, current_language())
    is_clear = reading.doubt is Doubt.NONE
    start = reading.choices[0] if is_clear else series.start
    rule = read_rule(wish.repeat, start, effects.now, current_language()) if wish.repeat else ""
    service.rewrite(effects, item, wish)
    if not is_clear:
        commands = [f"meet move {number} {spelled(choice)}" for choice in reading.choices]
        return render.render_question(reading, commands, author.user_id, None)
    service.retime(effects, items.row_id(item), start, rule)
    return render.render_changed(number)


def _text_of(edit: Edit, core: Core) -> str | None:
    """The words after ``meet new``; None when it is no such command any more."""
    bot = core.settings.bot
    typed = grammar.meant_for_us(edit.new.body, bot, (), bot in edit.new.mentions, is_direct=True)
    if typed is None:
        return None
    add = new_command(Handlers(core.rooms, bot))
    command, rest = grammar.find_command(typed.text, {add.path: add})
    return rest if command is not None else None
