"""Who looks, where, and at what; and what each of them may see, worked out from memberships alone.

Somebody who is in nothing may ask nothing; what is public is for them on the web.

The rule it keeps: the expectation knows nothing of the gate. It is set logic over who is in which space and room.
"""

from dataclasses import dataclass

RHYTHM, ARCHIVE = "rhythm", "archive"
ENTERED: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    ("lucia", (RHYTHM,), ()),
    ("joao", (RHYTHM,), ()),
    ("zofia", (RHYTHM, ARCHIVE), ()),
    ("ioana", (ARCHIVE,), ()),
    ("goran", (), ()),
    ("hamish", (RHYTHM,), ()),
    ("liam", (RHYTHM,), ()),
    ("aino", (RHYTHM,), (("steward", "group:rhythm"),)),
    ("nikos", (ARCHIVE,), (("steward", "group:archive"),)),
    ("matteo", (), (("steward", "community"),)),
    ("birgit", (RHYTHM, ARCHIVE), (("lead_steward", "community"),)),
    ("odile", (RHYTHM, ARCHIVE), (("secretariat", "community"),)),
)
"""Name, groups, and roles with their scopes."""
NEWCOMER, OUTSIDER, EX_MEMBER, DEACTIVATED = "noor", "silvio", "hamish", "liam"
"""The last two have been members of the community and of the group before."""
OWNER = "zofia"
"""Has a blog room of her own, called ``own`` here."""
PLACES: dict[str, tuple[str, ...]] = {
    "silvio": ("direct",),
    "noor": ("direct", "reception"),
    "hamish": ("direct",),
    "goran": ("direct", "coffee-shop", "library", "reception"),
    "ioana": ("direct", "archive/home", "coffee-shop"),
    "lucia": ("direct", "rhythm/home", "library"),
    "joao": ("direct", "rhythm/home", "rhythm/library", "coffee-shop"),
    "zofia": ("direct", "rhythm/home", "archive/home", "coffee-shop", "own"),
    "aino": ("direct", "rhythm/home", "stewards"),
    "nikos": ("direct", "archive/home", "stewards"),
    "matteo": ("direct", "coffee-shop", "stewards", "reception"),
    "birgit": ("direct", "rhythm/home", "archive/home", "stewards"),
    "odile": ("direct", "rhythm/home", "secretariat", "coffee-shop"),
}
"""Where each viewer asks."""


@dataclass(frozen=True)
class Content:
    """A thing that was shared, known by words that stand nowhere else.

    Args:
        audience: who may read it; None for one that was taken back.
        author: who shared it, in ``room``.
        kind: ``library``, or ``blog`` for a post, or a draft where it is private.
    """

    name: str
    audience: str | None
    author: str
    room: str
    kind: str = "library"

    @property
    def title(self) -> str:
        """A word of its title."""
        return f"{self.name}heading"

    @property
    def inside(self) -> str:
        """A word inside its file."""
        return f"{self.name}sentence"

    @property
    def tag(self) -> str:
        """Its tag."""
        return f"{self.name}label"

    @property
    def file(self) -> str:
        """Its file's name without the ending, or a word of its comment; a post without one is known by its title."""
        return f"{self.name}paper" if self.has_file_or_comment else self.title

    @property
    def has_file_or_comment(self) -> bool:
        """Only posts that are for members alone are commented on here: what they say is not for everyone."""
        return self.kind == "library" or (self.audience or "group").partition(":")[0] in ("community", "group")

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that tells of it."""
        return self.title, self.inside, self.tag, self.file


CONTENTS = (
    Content("quillon", "public", "goran", "library"),
    Content("brindle", "community", "goran", "library"),
    Content("ferrule", "group:rhythm", "lucia", "rhythm/library"),
    Content("gantry", "group:archive", "ioana", "archive/library"),
    Content("hassock", "private:lucia", "lucia", "rhythm/library"),
    Content("jerkin", "people:chosen", "lucia", "rhythm/library"),
    Content("kestrel", None, "lucia", "rhythm/library"),
    Content("lozenge", None, "lucia", "rhythm/library"),
    Content("marrow", "public", "goran", "blogs", "blog"),
    Content("nonpareil", "community", "zofia", "blogs", "blog"),
    Content("osprey", "group:rhythm", "lucia", "rhythm/home", "blog"),
    Content("pewter", "group:archive", "ioana", "archive/home", "blog"),
    Content("quagga", "private:lucia", "lucia", "", "blog"),
    Content("rowlock", None, "lucia", "rhythm/home", "blog"),
    Content("sextant", None, "lucia", "rhythm/home", "blog"),
)
"""The last two of each kind were withdrawn and redacted."""
TAKEN_BACK = tuple(content for content in CONTENTS if content.audience is None)
WITHDRAWN, REDACTED, POST_WITHDRAWN, POST_REDACTED = TAKEN_BACK


def may_read(name: str, content: Content) -> bool:
    """May this person read it at all?"""
    if content.audience is None:
        return False
    if content.audience == "public":
        return True
    groups = {name: groups for name, groups, _roles in ENTERED}
    if name not in groups or name in (EX_MEMBER, DEACTIVATED):
        return False
    kind, _, whose = content.audience.partition(":")
    return {"community": True, "group": whose in groups[name], "private": whose == name, "people": False}[kind]


def may_come(place: str, content: Content) -> bool:
    """May everyone who could ever come to read this room read it?"""
    if content.audience in (None, "public"):
        return content.audience == "public"
    group = place.partition("/")[0]
    return place != "reception" and content.audience in ("community", f"group:{group}")


def may_be_shown(place: str, present: set[str], content: Content) -> bool:
    """May it be shown in this place to those who are there (names; in a direct chat one)?"""
    everyone = all(may_read(name, content) for name in present)
    return everyone if place == "direct" else everyone and may_come(place, content)
