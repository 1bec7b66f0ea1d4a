"""The order of what one answer brings: within a room, and among rooms."""

from typing import Any

from sqlmodel import Session

from copp_bot.core import timeline
from copp_bot.core.classify import Classifier
from copp_bot.core.counting import Counts
from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.intake import Incoming, RoomBatch


def state(kind: str, key: str, at: int, event_id: str, replaces: str | None = None, **content: Any) -> dict[str, Any]:
    """A state event."""
    unsigned = {"replaces_state": replaces} if replaces else {}
    return {
        "type": kind,
        "state_key": key,
        "origin_server_ts": at,
        "event_id": event_id,
        "sender": "@x:y",
        "content": content,
        "unsigned": unsigned,
    }


def test_our_own_kick_follows_the_join_of_the_same_answer() -> None:
    join = state("m.room.member", "@ben:x", 100, "$join", membership="join")
    kick = state("m.room.member", "@ben:x", 100, "$kick", "$join", membership="leave")
    ordered = timeline.order([kick], [join])
    assert (ordered.before, ordered.after) == ([], [kick])


def test_our_own_invitation_precedes_the_join_of_the_same_answer() -> None:
    invite = state("m.room.member", "@ben:x", 100, "$invite", membership="invite")
    join = state("m.room.member", "@ben:x", 100, "$join", "$invite", membership="join")
    ordered = timeline.order([invite], [join])
    assert (ordered.before, ordered.after) == ([invite], [])


def test_without_a_chain_the_servers_clock_decides() -> None:
    join = state("m.room.member", "@ben:x", 100, "$join", membership="join")
    late, early = (state("m.room.member", "@ben:x", at, f"${at}", membership="leave") for at in (150, 50))
    assert timeline.order([late], [join]).after == [late]
    assert timeline.order([early], [join]).before == [early]


def test_rooms_are_merged_by_the_servers_clock() -> None:
    def say_at(room: str, *times: int) -> RoomBatch:
        raws = [
            {"type": "m.room.message", "event_id": f"${room}{at}", "sender": "@a:b", "origin_server_ts": at}
            | {"content": {"msgtype": "m.text", "body": "!x"}}
            for at in times
        ]
        return RoomBatch(RoomId(room), timeline.Ordered([], raws, []), is_new=False)

    rooms = [say_at("b", 20, 10, 40), say_at("a", 5, 30)]
    rows = _sort(rooms)
    assert rows == ["$a5", "$b20", "$b10", "$a30", "$b40"]  # a room keeps its own order, whatever the clock said


def _sort(rooms: list[RoomBatch]) -> list[str]:
    classifier = Classifier(UserId("@copp:x"), lambda _key: ())

    class Nothing(Session):
        def scalars(self, *_args: Any, **_how: Any) -> Any:
            """No room and no event is known."""
            return []

    return [row["event_id"] for row in classifier.sort(Nothing(), Incoming("s1", "s0", rooms), Counts())]


def test_state_of_before_the_join_stays_and_talk_of_before_goes() -> None:
    create = state("m.room.create", "", 10, "$create")
    talk, later = ({"type": "m.room.message", "origin_server_ts": at, "event_id": f"${at}"} for at in (20, 40))
    assert timeline.since_join([create, talk, later], 30) == [create, later]
