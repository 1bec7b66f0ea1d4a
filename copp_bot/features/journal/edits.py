"""An edited ``!me journal`` changes its entry."""

from copp_bot.core import items
from copp_bot.core.commands import grammar
from copp_bot.core.context import Effects
from copp_bot.core.errors import UserError
from copp_bot.core.ids import ItemId, UserId
from copp_bot.core.matrix.port import Edit
from copp_bot.core.reply import Reply, say
from copp_bot.core.store import items as items_store
from copp_bot.features.journal import commands, render, service


def edited(effects: Effects, item_id: ItemId, edit: Edit, bot: UserId) -> Reply | None:
    """Take over the new words; None when the message is no such command any more."""
    row, command = items_store.get(effects.session, item_id), commands.write_command()
    typed = grammar.meant_for_us(edit.new.body, bot, (), bot in edit.new.mentions, is_direct=True)
    found, rest = grammar.find_command(typed.text, {command.path: command}) if typed else (None, "")
    if row is None or found is None:
        return None
    try:
        grammar.refuse_control_characters(rest)
        text = grammar.parse_args(found, rest, bot.partition(":")[2]).text("text")
        service.change(effects, row, text)
    except UserError as error:
        return say(error.sentence)
    return render.render_changed(items.short_id(service.LETTER, row))
