"""Edited messages: ``!blog new`` edited by its author changes the post, an edited comment changes the comment."""

from copp_bot.core import items
from copp_bot.core.commands import grammar
from copp_bot.core.commands.declare import Command
from copp_bot.core.context import Effects
from copp_bot.core.errors import UserError
from copp_bot.core.ids import ItemId
from copp_bot.core.matrix.port import Edit
from copp_bot.core.reply import Reply, say
from copp_bot.core.store import items as items_store
from copp_bot.features.blogs import finding, render, service, store
from copp_bot.features.blogs.publishing import Publisher
from copp_bot.features.blogs.writing import words_of


def post_edited(effects: Effects, item_id: ItemId, edit: Edit, new: Command, publisher: Publisher) -> Reply | None:
    """Take over the new words; None when the message is no such command (a text of which a draft was made).

    Args:
        new: the declaration of ``blog new``.
    """
    item, bot = items_store.get(effects.session, item_id), publisher.bot
    typed = grammar.meant_for_us(edit.new.body, bot, (), bot in edit.new.mentions, is_direct=True)
    if item is None or typed is None or not store.is_live(item):
        return None
    command, rest = grammar.find_command(typed.text, {new.path: new})
    if command is None:
        return None
    try:
        grammar.refuse_control_characters(rest)
        words = words_of(grammar.parse_args(command, rest, bot.partition(":")[2]), edit.new.body)
        service.change(effects, item, words)
    except UserError as error:
        return say(error.sentence)
    publisher.refresh(effects, item)
    return render.render_changed_as_written(items.short_id(finding.LETTER, item))


def comment_edited(effects: Effects, item_id: ItemId, edit: Edit) -> None:
    """Take over the new text; nothing is said to it."""
    service.change_comment(effects, item_id, edit.new.body)
