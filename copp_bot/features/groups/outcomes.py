"""What became of an attempt to bring someone into a space."""

from enum import StrEnum


class Outcome(StrEnum):
    """As the homeserver decided."""

    INVITED = "invited"
    JOINED = "joined"
    ALREADY = "already"
    KEPT = "kept"
    """There by a role so far, and from now on for themselves."""
    ELSEWHERE = "elsewhere"
    """The account belongs to another server."""
    UNKNOWN = "unknown"
    STRANGER = "stranger"
    """Not in the community, and not brought into it on the way to the group."""
    BANNED = "banned"
    REFUSED = "refused"
