"""What decides who may see and do what, by which tests its mutants shall be killed, and the mutants that cannot be.

The rule it keeps: the gate and everything it asks, the permission functions, and the rules of services that look at
role, scope, author or rank. A mutant that no test can tell from the original stands here with the reason.
"""

from dataclasses import dataclass
from pathlib import Path

from tests.rigs.mutants.making import Mutant, mutants

ROOT = Path(__file__).parent.parent.parent.parent
GATE = ("tests/core/test_gate.py",)
QUERIES = ("tests/core/test_gate_queries.py",)
COMMANDS = ("tests/permitted/test_commands.py",)
DEED = "tests/permitted/test_deeds.py::test_"
ROLES = (f"{DEED}granting", f"{DEED}revoking", f"{DEED}nobody_grants_above_their_own_rank_whatever_is_declared")
DEEDS = (*ROLES, f"{DEED}what_is_done_to_things", f"{DEED}bringing_in")
THINGS = (f"{DEED}what_is_done_to_things", f"{DEED}who_may_not_is_told_who_may")
GROUPS = (
    *(
        f"{DEED}{name}"
        for name in ("who_is_asked_about_somebody", "letting_in", "bringing_in", "groups_are_for_those_who_are_in_them")
    ),
    "tests/features/groups/test_groups.py",
)
CASES = (f"{DEED}who_looks_at_a_case", "tests/features/cases/test_cases.py")
SERVING = (f"{DEED}serving", "tests/features/stewards/test_stewards.py")


@dataclass(frozen=True)
class Target:
    """Functions of one file, and the tests that shall notice, the quickest first."""

    file: str
    functions: tuple[str, ...]
    tests: tuple[str, ...]

    def mutants(self) -> list[Mutant]:
        """Every one, the equivalent ones left out."""
        text = (ROOT / self.file).read_text(encoding="utf-8")
        return [one for one in mutants(text, self.functions) if one.name not in EQUIVALENT.get(self.file, {})]


TARGETS = (
    Target("copp_bot/core/items.py", (
        "audiences", "find", "includes", "_audiences_of", "_audiences_for_readers", "_everyone_here_may",
        "_is_alone_with",
    ), (*GATE, *QUERIES)),
    Target("copp_bot/core/store/items.py", (
        "visible", "by_number", "newest", "newest_ids", "among", "matching", "get_visible", "by_author", "tag_counts",
    ), QUERIES),
    Target("copp_bot/core/store/rooms.py", (
        "is_joined", "joined_users", "joined_keys", "_joined_keys", "_room_id", "someone_outside", "_someone_outside",
        "present_users",
    ), GATE),
    Target("copp_bot/core/mirror.py", ("place_of",), GATE),
    Target("copp_bot/core/people.py", ("load_viewer", "_standing"), (*GATE, *COMMANDS)),
    Target("copp_bot/core/store/people.py", ("grants", "all_grants", "_in_force"), (*COMMANDS, *DEEDS)),
    Target("copp_bot/core/readers.py", ("place_among_members", "direct_place"), QUERIES),
    Target("copp_bot/core/narrowing.py", ("may_name",), QUERIES),
    Target("copp_bot/core/permissions.py", (
        "Policy.roles_of", "Policy.rank", "Policy.holds", "Policy.who_may", "Policy._by_standing", "refusal",
        "_within", "how_to_come_in",
    ), (*COMMANDS, *DEEDS)),
    Target("copp_bot/core/context.py", ("Context.may", "Context.require"), (*COMMANDS, *DEEDS)),
    Target("copp_bot/core/commands/help.py", ("may_use",), COMMANDS),
    Target("copp_bot/core/commands/dispatcher.py", ("Dispatcher._refusal",), COMMANDS),
    Target("copp_bot/core/prompts.py", ("_is_open",), ("tests/core/test_prompts.py",)),
    Target("copp_bot/features/roles/service.py", (
        "_role_and_scope", "_scope", "_check_target", "_check_rank", "_check_not_last", "_is_last",
    ), (*ROLES, "tests/features/roles/test_roles.py")),
    Target(
        "copp_bot/features/library/service.py",
        ("may_change_audience", "withdraw"),
        (*THINGS, "tests/features/library/test_taking_back.py"),
    ),
    Target("copp_bot/features/blogs/service.py", ("may_change",), THINGS),
    Target("copp_bot/features/meetings/service.py", ("may_change",), THINGS),
    Target("copp_bot/features/groups/service.py", ("members", "_may_decide", "_decide", "_target"), GROUPS),
    Target(
        "copp_bot/features/groups/opening.py",
        ("may_grant_steward", "_check_steward"),
        (f"{DEED}opening_groups", "tests/features/groups/test_opening.py"),
    ),
    Target("copp_bot/features/cases/routing.py", ("may_see", "_is_at"), CASES),
    Target("copp_bot/features/stewards/service.py", ("scope_of",), SERVING),
)  # fmt: skip
TYPES_ONLY = "It says to the type checker what is so: the value is the same."
EQUIVALENT: dict[str, dict[str, str]] = {
    "copp_bot/core/items.py": {
        "_everyone_here_may: space is None or rooms_store.someone_outside(session, place.room_id, space, bot) -> "
        "(rooms_store.someone_outside(session, place.room_id, space, bot))":
            "Where there is no space nobody is in it, and its audience is not among the viewer's own.",
    },
    "copp_bot/core/store/items.py": {
        "get_visible: {row.id: row for row in rows if row.id is not None} -> ({row.id: row for row in rows})":
            TYPES_ONLY,
        "among: statement.where(col(ItemRow.id).in_(ids)) -> (statement.where())":
            "More is found, and of that the ids alone are kept.",
    },
    "copp_bot/core/store/rooms.py": {
        "is_joined: membership(session, room, user_id) if room else None -> (membership(session, room, user_id))":
            "No membership has no room.",
    },
    "copp_bot/features/stewards/service.py": {
        "scope_of: key or here or '' -> (key or here)": TYPES_ONLY,
    },
    "copp_bot/core/mirror.py": {
        "place_of: RoomKey(row.key) if row.key else None -> (RoomKey(row.key))": TYPES_ONLY,
    },
}  # fmt: skip
"""File -> a mutant's name -> why nobody can tell it from the original."""
