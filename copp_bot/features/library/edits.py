"""An edited ``!library add``, as a caption too, changes what it made: title, tags, language and licence."""

from copp_bot.core import items
from copp_bot.core.commands import grammar
from copp_bot.core.commands.declare import Command
from copp_bot.core.context import Effects
from copp_bot.core.errors import UserError
from copp_bot.core.ids import ItemId, UserId
from copp_bot.core.matrix.port import Edit
from copp_bot.core.reply import Reply, say
from copp_bot.core.store import items as items_store
from copp_bot.features.library import finding, render, service, store, wishes


def edited(effects: Effects, item_id: ItemId, edit: Edit, add: Command, bot: UserId) -> Reply | None:
    """Take over the new words; None when the message is no such command (a caption or a message that was shelved).

    Args:
        add: the declaration of ``library add``.
    """
    item = items_store.get(effects.session, item_id)
    typed = grammar.meant_for_us(edit.new.body, bot, (), bot in edit.new.mentions, is_direct=True)
    if item is None or typed is None or not store.is_live(item):
        return None
    command, rest = grammar.find_command(typed.text, {add.path: add})
    if command is None:
        return None
    try:
        grammar.refuse_control_characters(rest)
        wish = wishes.wish_of(grammar.parse_args(command, rest, bot.partition(":")[2]))
        service.change_words(effects, item, wish)
    except UserError as error:
        return say(error.sentence)
    return render.render_changed(items.short_id(finding.LETTER, item))
