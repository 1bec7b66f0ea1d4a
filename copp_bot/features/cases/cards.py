"""The messages about a case at its desk: sent once, and changed with the case."""

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import RoomId, TxnId, UserId
from copp_bot.core.readers import reader
from copp_bot.core.reply import Reply
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.cases import render, routing
from copp_bot.features.cases.service import Reported
from copp_bot.features.cases.store import CaseRow


def send(effects: Effects, core: Core, case: CaseRow, reported: Reported | None) -> None:
    """Tell those who look at it."""
    sent: dict[str, TxnId] = {}
    for target in routing.targets(effects, core.policy, case):
        with reading_in(_language(effects, core, target)):
            sent[target] = effects.send(target, card(effects, case, target, reported))
    case.cards = dict(sent)
    effects.session.flush()


def update(effects: Effects, core: Core, case: CaseRow) -> None:
    """Say in every card how the case stands; what the message said stands there no more."""
    for target, txn in case.cards.items():
        with reading_in(_language(effects, core, target)):
            effects.edit(TxnId(txn), card(effects, case, target, None))


def card(effects: Effects, case: CaseRow, target: str, reported: Reported | None) -> Reply:
    """The case as its readers at the target may see it."""
    session = effects.session
    is_known = routing.knows_room(session, target, case.room_id)
    room = rooms_store.get(session, case.room_id or "") if is_known else None
    people = [UserId(user) for user in (case.about, case.owner) if user]
    names = people_store.names(session, people)
    return render.render_card(case, names, reported, room.name if room else None, is_linked=is_known)


def _language(effects: Effects, core: Core, target: RoomId | UserId | str) -> str:
    is_person = target.startswith("@")
    return reader(effects.session, UserId(target), core.rooms).language if is_person else core.rooms.language
