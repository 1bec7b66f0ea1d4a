"""The people of the demonstration, and what they say: as many and as varied as promised, each where they may be."""

from collections import Counter
from zoneinfo import available_timezones

import pytest

from copp_bot.core.ids import COMMUNITY
from copp_bot.demo.conversation import RESOURCE_LABEL, Conversation, conversations
from copp_bot.demo.people import GROUPS, DemoAccount, community
from copp_bot.demo.resources import resources
from copp_bot.demo.scenes import DIRECT, Scene, scenes
from copp_bot.demo.seed import add_command, profile_commands
from copp_bot.rooms.declaration import load
from tests.rooms.support import SHIPPED

ACCOUNTS = community().accounts
STAFF = ("steward", "lead_steward", "secretariat")


def of(role: str) -> list[DemoAccount]:
    return [account for account in ACCOUNTS if account.role == role]


def test_roles_are_as_many_as_promised() -> None:
    roles = Counter(account.role for account in ACCOUNTS)
    assert 24 <= len(ACCOUNTS) <= 28
    assert len({account.localpart for account in ACCOUNTS}) == len(ACCOUNTS)
    assert roles["secretariat"] >= 1 and roles["lead_steward"] >= 1 and roles["steward"] >= 2
    assert roles["newcomer"] >= 1 and roles["outsider"] >= 1


def test_one_steward_is_of_the_community_and_one_of_a_group_only() -> None:
    scopes = {account.grant_scope for account in of("steward")}
    assert "community" in scopes and "group:rhythm" in scopes


def test_groups_have_members() -> None:
    groups = [account.groups for account in of("member")]
    for key in GROUPS:
        assert groups.count((key,)) >= 3
    assert GROUPS in groups and () in groups
    assert not any(account.groups for account in ACCOUNTS if not account.is_member)


def test_lead_steward_and_secretariat_are_visible_members_of_every_group() -> None:
    assert all(account.groups == GROUPS for account in (*of("lead_steward"), *of("secretariat")))


def test_zones_and_languages_are_real_and_varied() -> None:
    assert {account.timezone for account in ACCOUNTS} <= available_timezones()
    assert len({account.language for account in ACCOUNTS}) >= 8
    assert len({account.timezone for account in ACCOUNTS}) >= 10


def test_invitations_name_the_root_space_first() -> None:
    keys = [key for key, _localpart in community().invitations]
    members = sum(account.is_member for account in ACCOUNTS)
    assert keys[:members] == ["root"] * members
    assert "root" not in keys[members:]


def test_grants_are_those_of_the_staff() -> None:
    assert {name for name, _role, _scope in community().grants} == {a.localpart for a in ACCOUNTS if a.role in STAFF}


def test_profile_commands() -> None:
    ingrid = community().account("ingrid")
    assert profile_commands(ingrid) == (
        "!me interests school libraries, reading",
        "!me language no",
        "!me timezone Europe/Oslo",
        "!me findable off",
    )


def test_add_commands() -> None:
    by_slug = {resource.slug: resource for resource in resources()}
    assert (
        add_command(by_slug["bystanders"])
        == "!library add What bystanders can do #violence-prevention #bullying #mediation lang:en"
    )
    assert add_command(by_slug["glossary"]).startswith("!library add https://demonstration.example/")


def test_everyone_shares_only_where_they_are() -> None:
    for resource in resources():
        account = community().account(resource.by)
        assert account.is_member
        assert resource.shelf == "community" or resource.shelf in account.groups, resource.slug


def test_rooms_spoken_of_are_declared() -> None:
    declared = {room.key for room in load(SHIPPED).all}
    assert {talk.room_key for talk in conversations()} <= declared
    assert {resource.room_key for resource in resources()} <= declared


@pytest.mark.parametrize("talk", conversations(), ids=lambda talk: talk.room_key)
def test_a_conversation_is_possible(talk: Conversation) -> None:
    assert 5 <= len(talk.lines) <= 15
    assert "demonstration" in talk.lines[0].say.lower() or "démonstration" in talk.lines[0].say.lower()
    for name in talk.people:
        assert may_speak(community().account(name), talk.room_key), name


def may_speak(account: DemoAccount, room_key: str) -> bool:
    """Has this person a place in that room, by the shipped declaration?"""
    group = room_key.split("/", maxsplit=1)[0]
    if group in GROUPS:
        return group in account.groups
    if room_key == "stewards":
        return account.grant_scope == COMMUNITY
    if room_key == "secretariat":
        return account.role == "secretariat"
    return account.is_member or (account.role == "newcomer" and room_key == "reception")


@pytest.mark.parametrize("scene", scenes(), ids=lambda scene: scene.name)
def test_a_scene_is_possible(scene: Scene) -> None:
    assert scene.rooms <= {room.key for room in load(SHIPPED).all}
    for turn in scene.turns:
        assert turn.say.startswith("!")
        assert turn.place == DIRECT or may_speak(community().account(turn.who), turn.place), turn.who


def test_labels_are_unique_and_lead_somewhere_earlier() -> None:
    known = {f"{RESOURCE_LABEL}{resource.slug}" for resource in resources()}
    for line in (line for talk in conversations() for line in talk.lines):
        assert line.label not in known
        assert {line.reply_to, line.thread} - {None} <= known, line.label
        known.add(line.label)
    assert any(line.thread for talk in conversations() for line in talk.lines)
    assert any(line.reactions for talk in conversations() for line in talk.lines)
