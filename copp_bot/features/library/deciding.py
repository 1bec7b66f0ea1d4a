"""What is said of a resource, who reads it, and whether it stays: decided in chats and on pages.

The rule it keeps: what others decide about what somebody has shelved does not happen behind that person's back.
"""

from collections.abc import Callable

from copp_bot.core import items
from copp_bot.core.context import Acting
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import Audience
from copp_bot.core.people import load_viewer
from copp_bot.core.permissions import Standing, Viewer
from copp_bot.core.readers import reader
from copp_bot.core.reply import Reply
from copp_bot.core.words import audience_words
from copp_bot.features.library import finding, render, service, store
from copp_bot.features.library.wishes import Wish


def withdraw(acting: Acting, rooms: RoomDirectory, item: store.Item) -> None:
    """Take it off the shelf; UserError for who may not."""
    number = items.short_id(finding.LETTER, item)
    service.withdraw(acting, item)
    _tell_author(acting, rooms, item, lambda actor, _author: render.render_withdrawn_by_another(number, actor))


def change_audience(acting: Acting, rooms: RoomDirectory, item: store.Item, wanted: Audience) -> None:
    """Let others read it. The caller has asked whether this person may."""
    service.change_audience(acting.effects, acting.viewer, item, wanted)
    shown = finding.describe(acting.session, item)
    _tell_author(
        acting,
        rooms,
        item,
        lambda actor, author: render.render_audience_by_another(shown, actor, audience_words(rooms, wanted), author),
    )


def edit(acting: Acting, rooms: RoomDirectory, item: store.Item, wish: Wish) -> None:
    """Change what is said of it; UserError for who may not."""
    service.edit(acting, item, wish)
    shown = finding.describe(acting.session, item)
    _tell_author(acting, rooms, item, lambda actor, _author: render.render_edited_by_another(shown, actor))


def _tell_author(acting: Acting, rooms: RoomDirectory, item: store.Item, told: Callable[[str, Viewer], Reply]) -> None:
    viewer, author = acting.viewer, load_viewer(acting.session, service.author_of(item), acting.now)
    if author.user_id == viewer.user_id or author.standing is not Standing.MEMBER:
        return
    with reading_in(reader(acting.session, author.user_id, rooms).language):
        acting.effects.send(author.user_id, told(viewer.name or viewer.user_id, author).towards(author.user_id))
