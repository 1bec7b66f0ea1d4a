"""A request to join goes before those who decide, whether it was made in the chat or on a page, until it is decided."""

from copp_bot.core.context import Acting
from copp_bot.core.feature import GroupInfo, RoomDirectory
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import RoomId, TxnId, UserId
from copp_bot.core.permissions import Policy
from copp_bot.core.readers import reader
from copp_bot.core.store import people as people_store
from copp_bot.features.groups import render, service
from copp_bot.features.groups.service import Decided


def put_before_stewards(acting: Acting, policy: Policy, rooms: RoomDirectory, info: GroupInfo) -> None:
    """Ask in the stewards' room, and those who decide for this group alone in their direct chats."""
    viewer, effects = acting.viewer, acting.effects
    room, cards = service.stewards_room(acting.session), dict[str, str]()
    targets: list[RoomId | UserId] = [room, *service.deciders_elsewhere(effects, policy, room, info.key)]
    for target in targets:
        with reading_in(_language(acting, rooms, target)):
            cards[target] = effects.send(target, render.render_request(viewer.user_id, viewer.name, info))
    service.keep_cards(effects, viewer.user_id, info.key, cards)


def show_decided(acting: Acting, rooms: RoomDirectory, user: UserId, info: GroupInfo, decided: Decided) -> None:
    """Say in every place where it was put that nothing is left to decide."""
    name, actor = (people_store.names(acting.session, [one]).get(one) for one in (user, acting.viewer.user_id))
    by = actor or acting.viewer.user_id
    for target, txn in service.cards(acting.session, user, info.key).items():
        with reading_in(_language(acting, rooms, target)):
            acting.effects.edit(TxnId(txn), render.render_decided(user, name, info, decided, by))


def _language(acting: Acting, rooms: RoomDirectory, target: str) -> str:
    is_person = target.startswith("@")
    return reader(acting.session, UserId(target), rooms).language if is_person else rooms.language
