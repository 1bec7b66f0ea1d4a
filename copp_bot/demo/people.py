"""The invented people of the demonstration: who they are, which groups they belong to, which roles they hold.

Every person is fictional; the surnames are made up so that nobody real is meant.
"""

from dataclasses import dataclass

from copp_bot.core.ids import COMMUNITY, Scope, group_scope

BOT = "copp"
"""Localpart of the bot's account."""
OPERATOR = "operator"
"""Localpart of the server administrator's account."""
RHYTHM = "rhythm"
ARCHIVE = "archive"
GROUPS = (RHYTHM, ARCHIVE)


@dataclass(frozen=True)
class DemoAccount:
    """One invented person.

    Args:
        localpart: the account's name on the homeserver, before the colon.
        role: ``secretariat``, ``lead_steward``, ``steward``, ``member``, ``newcomer`` or ``outsider``.
        groups: keys of the group spaces the person is in.
        language: ISO 639-1, as set in the profile.
        timezone: IANA name.
        grant_scope: where the role holds, for those who hold one.
    """

    localpart: str
    display_name: str
    role: str
    groups: tuple[str, ...]
    language: str
    timezone: str
    interests: tuple[str, ...]
    grant_scope: Scope | None = None
    is_findable: bool = True

    @property
    def is_member(self) -> bool:
        """Joined to the community's root space."""
        return self.role not in ("newcomer", "outsider")


@dataclass(frozen=True)
class DemoCommunity:
    """Everybody, and what follows from it for the rooms."""

    accounts: tuple[DemoAccount, ...]

    @property
    def grants(self) -> tuple[tuple[str, str, Scope], ...]:
        """The first grants: localpart, role, scope."""
        return tuple((a.localpart, a.role, a.grant_scope) for a in self.accounts if a.grant_scope)

    @property
    def invitations(self) -> tuple[tuple[str, str], ...]:
        """Who is invited to which space: room key, localpart; the root space first."""
        members = [a for a in self.accounts if a.is_member]
        return (
            *(("root", a.localpart) for a in members),
            *((key, a.localpart) for a in members for key in a.groups),
        )

    def account(self, localpart: str) -> DemoAccount:
        """The person with this account; KeyError when there is none."""
        return {account.localpart: account for account in self.accounts}[localpart]


def community() -> DemoCommunity:
    """The demonstration's people, always the same."""
    return DemoCommunity(_ACCOUNTS)


def _account(
    localpart: str,
    name: str,
    role: str,
    groups: tuple[str, ...],
    tongue: str,
    interests: str,
    scope: Scope | None = None,
) -> DemoAccount:
    language, timezone = tongue.split(" ")
    words = tuple(word.strip() for word in interests.split(","))
    return DemoAccount(
        localpart, name, role, groups, language, timezone, words, scope, is_findable=localpart not in _NOT_FINDABLE
    )


_NOT_FINDABLE = frozenset({"ingrid"})
_STAFF = (
    _account(
        "odile",
        "Odile Marchebois",
        "secretariat",
        GROUPS,
        "fr Europe/Paris",
        "democracy, teacher education, translation",
        COMMUNITY,
    ),
    _account(
        "hedda",
        "Hedda Klarström",
        "secretariat",
        GROUPS,
        "sv Europe/Stockholm",
        "privacy, technology, accessibility",
        COMMUNITY,
    ),
    _account(
        "birgit",
        "Birgit Sommerlund",
        "lead_steward",
        GROUPS,
        "de Europe/Berlin",
        "coaching, facilitation, assessment",
        COMMUNITY,
    ),
    _account(
        "matteo",
        "Matteo Fiorelanza",
        "steward",
        (),
        "it Europe/Rome",
        "drama, intercultural learning, storytelling",
        COMMUNITY,
    ),
    _account(
        "aino",
        "Aino Kuusiranta",
        "steward",
        (RHYTHM,),
        "fi Europe/Helsinki",
        "rhythm, music, early reading",
        group_scope(RHYTHM),
    ),
    _account(
        "nikos",
        "Nikos Petrakallos",
        "steward",
        (ARCHIVE,),
        "el Europe/Athens",
        "history, archives, interviews",
        group_scope(ARCHIVE),
    ),
)
_RHYTHM = (
    _account("lucia", "Lucía Ventaclara", "member", (RHYTHM,), "es Europe/Madrid", "rhythm, dance, language learning"),
    _account("joao", "João Ribamansa", "member", (RHYTHM,), "pt Europe/Lisbon", "percussion, inclusion, rhythm"),
    _account("eszter", "Eszter Harangvölgy", "member", (RHYTHM,), "hu Europe/Budapest", "singing, folk music, reading"),
    _account("pierre", "Pierre Tambourel", "member", (RHYTHM,), "fr Europe/Brussels", "poetry, rhythm, slam"),
    _account("maren", "Maren Skogdal", "member", (RHYTHM,), "no Europe/Oslo", "outdoor learning, movement"),
    _account("liam", "Liam Oakenferry", "member", (RHYTHM,), "en Europe/Dublin", "drama, assessment, speaking"),
)
_ARCHIVE = (
    _account("ioana", "Ioana Luncaverde", "member", (ARCHIVE,), "ro Europe/Bucharest", "oral history, interviews"),
    _account("camille", "Camille Boisperdu", "member", (ARCHIVE,), "fr Europe/Paris", "history, photography, archives"),
    _account("sanna", "Sanna Järvikallio", "member", (ARCHIVE,), "sv Europe/Stockholm", "sources, media literacy"),
    _account("dimitar", "Dimitar Zvezdarov", "member", (ARCHIVE,), "bg Europe/Sofia", "local history, maps"),
    _account("ruta", "Rūta Linagirė", "member", (ARCHIVE,), "lt Europe/Vilnius", "letters, migration, archives"),
)
_BOTH = (
    _account("zofia", "Zofia Brzozanka", "member", GROUPS, "pl Europe/Warsaw", "lullabies, storytelling, oral history"),
    _account("elias", "Elias Wintermoor", "member", GROUPS, "de Europe/Vienna", "songs, memory, media literacy"),
)
_NEITHER = (
    _account("goran", "Goran Kamenjar", "member", (), "hr Europe/Zagreb", "conflict resolution, mediation, sport"),
    _account("ingrid", "Ingrid Fjellstrand", "member", (), "no Europe/Oslo", "school libraries, reading"),
    _account("teodora", "Teodora Vinogradska", "member", (), "en Europe/Skopje", "human rights, school democracy"),
    _account("hamish", "Hamish Corriedale", "member", (), "en Europe/London", "science, debate, media literacy"),
)
_BEYOND = (
    _account("noor", "Noor van Duinrand", "newcomer", (), "en Europe/Amsterdam", "inclusion, drama"),
    _account("petra", "Petra Lipnikova", "newcomer", (), "en Europe/Prague", "photography, geography"),
    _account("silvio", "Silvio Rocchetonda", "outsider", (), "it Europe/Rome", "chess"),
)
_ACCOUNTS = (*_STAFF, *_RHYTHM, *_ARCHIVE, *_BOTH, *_NEITHER, *_BEYOND)
