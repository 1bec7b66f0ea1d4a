"""The kinds of things that members share, by the chat contract: their letter, their word, and what shows one."""

from dataclasses import dataclass

from copp_bot.core.i18n import deferred


@dataclass(frozen=True)
class SharedKind:
    """A kind of item that has a short id. ``word`` is what one is called, marked for translation."""

    letter: str
    show: str
    word: str

    def short_id(self, number: int) -> str:
        """What people say: ``L4821``."""
        return f"{self.letter}{number}"

    def command(self, number: int) -> str:
        """What shows it."""
        return f"{self.show} {self.short_id(number)}"


SHARED_KINDS = {
    "library": SharedKind("L", "library show", deferred("resource")),
    "blog": SharedKind("B", "blog show", deferred("post")),
    "photo": SharedKind("P", "photo show", deferred("photo or video")),
    "meeting": SharedKind("M", "meet show", deferred("meeting")),
}
"""By ``item.kind``. What someone writes for themselves, and comments, are not among them."""
