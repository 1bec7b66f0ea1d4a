"""Names for identifiers, so that a room cannot be passed where a person is meant."""

import re
from typing import NewType

UserId = NewType("UserId", str)
"""Full Matrix user id, ``@anna:example.org``; identity is never a display name."""
RoomId = NewType("RoomId", str)
EventId = NewType("EventId", str)
TxnId = NewType("TxnId", str)
"""Transaction id of the client-server API; the same for every attempt at the same message."""
MxcUri = NewType("MxcUri", str)
RoomKey = NewType("RoomKey", str)
"""A declared key such as ``coffee-shop`` or ``rhythm/home``; the identity of a room, unlike its name."""
Scope = NewType("Scope", str)
"""Who owns: ``community``, ``group:<key>`` or ``person:<user id>``."""
Audience = NewType("Audience", str)
"""Who may read: ``public``, ``community``, ``group:<key>``, ``people:<list>``, ``private:<user id>``."""
ItemId = NewType("ItemId", int)
"""The row of an item; people say its number instead (``L4821``)."""

COMMUNITY = Scope("community")
LONGEST_USER_ID = 255
_USER_ID = re.compile(r"@[!-9;-~]+:(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?")
"""A name, also of those that servers gave in former times, and a server's."""


OWN = "~"
"""Keys of members' own spaces begin so; those of declared rooms and groups cannot."""


def is_user_id(text: str) -> bool:
    """Can this be a Matrix user id? https://spec.matrix.org/latest/appendices/#user-identifiers"""
    return len(text) <= LONGEST_USER_ID and _USER_ID.fullmatch(text) is not None


def localpart(user: str) -> str:
    """What stands between ``@`` and ``:``."""
    return user.removeprefix("@").partition(":")[0]


def user_id(said: str, server: str) -> UserId:
    """The full id of someone who is named as ``@anna`` or in full; whether it can be one is not checked.

    Localparts of this server are lower case (Appendices, User identifiers), though phones begin words with capitals.
    """
    name, _colon, host = said.removeprefix("@").partition(":")
    is_ours = not host or host.lower() == server.lower()
    return UserId(f"@{name.lower()}:{server}" if is_ours else f"@{name}:{host}")


def group_scope(key: str) -> Scope:
    """The scope of a group space."""
    return Scope(f"group:{key}")


def group_of(scope: str | None) -> str | None:
    """The group's key when the scope or audience is a group's, else None."""
    return scope.removeprefix("group:") if scope and scope.startswith("group:") else None
