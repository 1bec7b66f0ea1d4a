"""A request to join goes before those who decide, whether it was made in the chat or on a page, until it is decided."""

from dataclasses import dataclass

from sqlmodel import Session

from copp_bot.core.context import Acting, Effects, Place
from copp_bot.core.feature import GroupInfo, RoomDirectory
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import RoomId, TxnId, UserId
from copp_bot.core.matrix.port import Membership
from copp_bot.core.permissions import Policy
from copp_bot.core.readers import reader
from copp_bot.core.store import people as people_store
from copp_bot.features.groups import render, service
from copp_bot.features.groups.service import Decided, House


def put_before_stewards(acting: Acting, policy: Policy, rooms: RoomDirectory, info: GroupInfo) -> None:
    """Ask in the stewards' room, and those who decide for this group alone in their direct chats."""
    viewer, effects = acting.viewer, acting.effects
    room, cards = service.stewards_room(acting.session), dict[str, str]()
    targets: list[RoomId | UserId] = [room, *service.deciders_elsewhere(effects, policy, room, info.key)]
    for target in targets:
        with reading_in(_language(acting.session, rooms, target)):
            cards[target] = effects.send(target, render.render_request(viewer.user_id, viewer.name, info))
    service.keep_cards(effects, viewer.user_id, info.key, cards)


def show_decided(
    effects: Effects, rooms: RoomDirectory, user: UserId, info: GroupInfo, decided: Decided, by: UserId
) -> None:
    """Say in every place where it was put that nothing is left to decide."""
    names = people_store.names(effects.session, [user, by])
    for target, txn in service.cards(effects.session, user, info.key).items():
        with reading_in(_language(effects.session, rooms, target)):
            shown = render.render_decided(user, names.get(user), info, decided, names.get(by) or by)
            effects.edit(TxnId(txn), shown)


@dataclass(frozen=True)
class CameOrWent:
    """A membership handler: who has got in by any way, or has left the community, does not wait any more."""

    house: House

    def __call__(self, effects: Effects, place: Place, membership: Membership) -> None:
        """End the requests, and say so on their cards."""
        for key, outcome in service.ended(effects, self.house, place, membership).items():
            info = self.house.rooms.groups().get(key)
            if info is not None:
                show_decided(effects, self.house.rooms, membership.user_id, info, outcome, membership.sender)


def _language(session: Session, rooms: RoomDirectory, target: str) -> str:
    return reader(session, UserId(target), rooms).language if target.startswith("@") else rooms.language
