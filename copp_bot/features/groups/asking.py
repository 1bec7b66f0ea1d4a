"""A request to join goes before those who decide, whether it was made in the chat or on a page."""

from copp_bot.core.context import Acting
from copp_bot.core.feature import GroupInfo, RoomDirectory
from copp_bot.core.i18n import reading_in
from copp_bot.core.permissions import Policy
from copp_bot.core.readers import reader
from copp_bot.features.groups import render, service


def put_before_stewards(acting: Acting, policy: Policy, rooms: RoomDirectory, info: GroupInfo) -> None:
    """Ask in the stewards' room, and those who decide for this group alone in their direct chats."""
    viewer, effects = acting.viewer, acting.effects
    room = service.stewards_room(acting.session)
    with reading_in(rooms.language):
        effects.send(room, render.render_request(viewer.user_id, viewer.name, info))
    for user in service.deciders_elsewhere(effects, policy, room, info.key):
        with reading_in(reader(acting.session, user, rooms).language):
            effects.send(user, render.render_request(viewer.user_id, viewer.name, info))
