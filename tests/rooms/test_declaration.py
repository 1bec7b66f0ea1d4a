"""The shipped declaration is sound, and every mistake is named with file and line."""

import json
import time
from pathlib import Path

import pytest

from copp_bot.core.errors import NotFound
from copp_bot.core.ids import COMMUNITY, UserId
from copp_bot.core.permissions import Grant, Standing, Viewer
from copp_bot.rooms.declaration import load
from copp_bot.rooms.models import FILES, GroupFile
from copp_bot.rooms.reading import DeclarationError, _validated
from copp_bot.rooms.schema import NAME, render
from copp_bot.rooms.strict_yaml import plain_value, read
from tests.rooms.support import SHIPPED, copied, shipped

KEYS = {
    "root",
    "reception",
    "announcements",
    "coffee-shop",
    "topic-intercultural",
    "topic-democracy",
    "topic-assessment",
    "meetings",
    "library",
    "blogs",
    "photos",
    "stewards",
    "secretariat",
    *(f"{group}{room}" for group in ("rhythm", "archive") for room in ("", "/home", "/library", "/photos")),
}
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)
)


def test_every_room_of_the_platform_is_declared() -> None:
    assert {room.key for room in shipped().all} == KEYS
    assert [room.key for room in shipped().all if room.readers == "public"] == ["reception"]
    assert shipped().room("stewards").readers == "roles:steward,lead_steward,secretariat"  # type: ignore[union-attr]
    assert shipped().room("rhythm/home").readers == "group:rhythm"  # type: ignore[union-attr]


def test_the_schema_is_current() -> None:
    assert (SHIPPED / NAME).read_text(encoding="utf-8") == render(), "run python -m copp_bot.rooms.schema"


def test_policy_says_who_may_do_what() -> None:
    policy = shipped().policy()
    anna = Viewer(UserId("@anna:x"), Standing.MEMBER, frozenset({"rhythm"}))
    assert policy.holds(anna, "library.add", COMMUNITY)
    assert policy.holds(anna, "library.add", "group:rhythm")  # type: ignore[arg-type]
    assert not policy.holds(anna, "library.add", "group:archive")  # type: ignore[arg-type]
    newcomer = Viewer(UserId("@new:x"), Standing.NEWCOMER)
    assert policy.holds(newcomer, "library.search", COMMUNITY)
    assert not policy.holds(newcomer, "library.add", COMMUNITY)
    assert not policy.holds(Viewer(UserId("@out:x"), Standing.OUTSIDER), "library.search", COMMUNITY)
    lead = Viewer(UserId("@lead:x"), Standing.MEMBER, grants=(Grant("lead_steward", COMMUNITY),))
    assert policy.holds(lead, "library.withdraw.any", "group:archive")  # type: ignore[arg-type]
    assert not policy.holds(lead, "rooms.apply", COMMUNITY)


def test_directory_answers_for_features() -> None:
    rooms = shipped().directory()
    assert set(rooms.groups()) == {"rhythm", "archive"}
    assert "rhythm" in rooms.joinable()
    assert "topic-democracy" in rooms.joinable()
    assert "stewards" not in rooms.joinable()
    assert rooms.title("coffee-shop") == "Coffee shop"
    assert rooms.offers("library") == ("library",)
    assert rooms.text("welcome", "fr").startswith("Bienvenue")
    assert rooms.text("welcome", "de").startswith("Welcome")
    with pytest.raises(NotFound):
        rooms.text("nothing", "en")


def test_unknown_permissions_and_offers_are_named(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError) as caught:
        load(SHIPPED, permissions={"help"}, offers=())
    sentences = [mistake.sentence for mistake in caught.value.mistakes]
    line = (SHIPPED / "roles.yaml").read_text(encoding="utf-8").split("\n").index("    - profile.edit") + 1
    assert any(f"roles.yaml, line {line}: There is no permission “profile.edit”" in s for s in sentences)
    assert any("No feature “library” takes posted files" in s for s in sentences)
    assert not any("“*”" in s for s in sentences)


REPLACEMENTS = [
    ("community.yaml", "title: Community of Practice\nlanguage", "titel: X\nlanguage", 0, "Did you mean “title”?"),
    ("community.yaml", "language: en", "language: english", 0, "two letters"),
    ("community.yaml", "language: en", "language: de", 0, "is not among the languages"),
    ("community.yaml", "languages: [en, fr]", "languages: []", 0, "“languages”"),
    ("community.yaml", "languages: [en, fr]", "languages: [en, fr, de]", None, "texts/de/welcome.md"),
    ("community.yaml", "languages: [en, fr]", "languages: [en]", None, "“fr” is not among the languages"),
    ("community.yaml", "timezone: Europe/Paris", "timezone: Paris", 0, "IANA"),
    ("community.yaml", "  topic: Teachers", "\ttopic: Teachers", 0, "tab"),
    ("rooms.yaml", "entry: free", "entry: maybe", 0, "'given' or 'free'"),
    ("rooms.yaml", "readers: public", "readers: everyone", 0, "Write public, community, group"),
    ("rooms.yaml", "readers: public", "readers: group", 0, "who reads this room"),
    ("rooms.yaml", "    readers: public\n", "", -4, "who reads this room"),
    ("rooms.yaml", "[steward, lead_steward, secretariat]", "[stewart]", -1, "no role “stewart”"),
    ("rooms.yaml", "[steward, lead_steward, secretariat]", "steward", -1, "“readers” is not understood"),
    ("rooms.yaml", "  coffee-shop:", "  Coffee Shop:", 0, "lower-case letters"),
    ("rooms.yaml", "  coffee-shop:", "  reception:", 0, "a second time"),
    ("rooms.yaml", "  coffee-shop:", "  root:", 0, "reserved"),
    ("rooms.yaml", "  coffee-shop:", "  rhythm:", None, "already belongs to a room"),
    ("rooms.yaml", "  stewards:\n", "  helpers:\n", -71, "The room “stewards” is missing"),
    ("rooms.yaml", "title: Coffee shop", "title: Library", 34, "used twice"),
    ("rooms.yaml", "title: Coffee shop", 'title: "Coffee\\u202E shop"', 0, "U+202E"),
    ("rooms.yaml", "title: Coffee shop", "title: 12", 0, "must be text"),
    (
        "rooms.yaml",
        "title: Coffee shop",
        f"title: {'x' * 81}",
        0,
        "“title” must have at most 80 characters. Shorten it",
    ),
    ("rooms.yaml", "title: Coffee shop", "title: [Coffee", 1, "punctuation is not right here, at column 10 (YAML: "),
    ("rooms.yaml", "title: Coffee shop", "title: &name Coffee", 0, "Anchors and aliases"),
    ("rooms.yaml", "title: Coffee shop", "title: !!str Coffee", 0, "Tags"),
    ("rooms.yaml", "title: Coffee shop", "title: Coffee\x00", 0, "U+0000"),
    (
        "rooms.yaml",
        "    suggested: true",
        "    suggested: yes",
        0,
        "“suggested” must be true or false. Write one of the two",
    ),
    ("rooms.yaml", "    alias: reception\n", "", None, ""),
    ("rooms.yaml", "topic: Talk about anything", "topic: Talk\n    alias: cafe", 1, "strangers"),
    ("groups/rhythm.yaml", "  home:", "  hall:", -1, "no home room"),
    ("groups/rhythm.yaml", "kind: training", "kind: course", 0, "'training' or 'project'"),
    ("groups/rhythm.yaml", "aim: Try out", "goal: Try out", -4, "“aim” is missing"),
    ("groups/rhythm.yaml", "title: Rhythm library", "title: R\n    readers: community", 1, "the group alone"),
    ("groups/rhythm.yaml", "listed: true", "listed: true\n---\n", 1, "second document"),
    ("groups/rhythm.yaml", "listed: true", "listed: true\nlisted: false", 1, "a second time"),
    ("roles.yaml", "power: 75", "power: 100", 0, "“power” must be at most 99"),
    ("roles.yaml", "power: 75", "power: 40", 0, "no more power"),
    ("roles.yaml", "rank: 20", "rank: 10", 0, "same rank"),
    ("roles.yaml", "grants: [steward]", "grants: [stewart]", None, "no role “stewart”"),
    ("roles.yaml", "grants: [steward]", "grants: [secretariat]", None, "give more than it has"),
    ("roles.yaml", "  secretariat:", "  office:", None, "The role “secretariat” is missing"),
    ("roles.yaml", "    - help", '    - "*"', -1, "must not have every permission"),
    ("roles.yaml", "  outsider:", "  stranger:", 0, "not a name"),
    ("roles.yaml", 'permissions: ["*"]', "permissions: []", 0, "no head: “secretariat” does not have every permission"),
    ("roles.yaml", 'permissions: ["*"]', "permissions: [help, rooms.apply]", 0, "The community has no head"),
    ("roles.yaml", "    - help", "    - blog.read", -1, "could not ask how to come in. Write “help” below “outsider”"),
    ("roles.yaml", "  outsider:\n    - help\n", "", -1, "could not ask how to come in"),
    (
        "rooms.yaml",
        "rooms:",
        "readers: public\nrooms:",
        0,
        "“readers” does not belong here. It belongs to a room: indent",
    ),
    (
        "rooms.yaml",
        "  announcements:",
        "  readers: public\n  announcements:",
        0,
        "“readers” does not belong here. It belongs",
    ),
    ("rooms.yaml", "  announcements:", "  in_directory: true\n  announcements:", 0, "It belongs to a room: indent it"),
    ("rooms.yaml", "    readers: public", "  readers: public", 1, "the spaces before this line and the one above"),
    (
        "roles.yaml",
        "  lead_steward:",
        "  rank: 5\n  lead_steward:",
        0,
        "“rank” does not belong here. It belongs to a role",
    ),
    ("rooms.yaml", "title: Reception", "kind: training\n    title: Reception", 0, "the beginning of a group's file"),
    (
        "rooms.yaml",
        "title: Reception",
        'title: "Reception',
        0,
        "A quotation mark begins here and is closed in line 28 only",
    ),
    ("rooms.yaml", "title: Secretariat", "title: 'Secretariat", 0, "A quotation mark begins here and is"),
    ("rooms.yaml", "topic: What everybody should", "topic: 'What everybody should", 0, "A quotation mark begins here"),
]
"""File, old text, new text, line of the mistake counted from that of the old text, words of the sentence."""


@pytest.mark.parametrize(("file", "old", "new", "line", "words"), REPLACEMENTS)
def test_a_mistake_is_named(tmp_path: Path, file: str, old: str, new: str, line: int | None, words: str) -> None:
    folder = copied(tmp_path)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    if not words:
        load(folder)
        return
    with pytest.raises(DeclarationError) as caught:
        load(folder)
    sentences = [mistake.sentence for mistake in caught.value.mistakes]
    where = f"{file}, line {text[: text.index(old)].count(chr(10)) + 1 + line}: " if line is not None else ""
    assert any(where in sentence and words in sentence for sentence in sentences), sentences


WHOLE_FILES = [
    (b"", "empty"),
    (b" \n\n", "empty"),
    (b"# nothing\n", "empty"),
    (b"- a\n- b\n", "must hold names and values"),
    (b"\xff\xfe\x00a", "UTF-8"),
    (b"title: caf\xe9\n", "UTF-8"),
    (b"%YAML 1.1\n---\ntitle: x\n", "directive"),
    (b"a: " + b"[" * 5000, "too deep"),
    (b"[" * 100_000, "too deep"),
    (b"title: " + b"x" * 1_000_001, "larger than 1 MB"),
    (b"a: [" + b"1," * 400_000 + b"]", "too much"),
    (b"? [a]\n: b\n", "plain text"),
    (b"a: *b\n", "Anchors and aliases"),
    (b"a: 'x\n", "line 1: A quotation mark begins here and is never closed"),
    (b"a: 'two\n  lines'\nb: [\n", "line 4: The indentation or punctuation"),
    (b"]", "indentation or punctuation"),
    (BOMB.encode(), "Anchors and aliases"),
]


@pytest.mark.parametrize(("data", "words"), WHOLE_FILES)
def test_a_file_that_is_no_declaration(tmp_path: Path, data: bytes, words: str) -> None:
    folder = copied(tmp_path)
    (folder / "rooms.yaml").write_bytes(data)
    before = time.monotonic()
    with pytest.raises(DeclarationError) as caught:
        load(folder)
    assert time.monotonic() - before < 5
    assert any(m.file == "rooms_config/rooms.yaml" and words in m.sentence for m in caught.value.mistakes), str(caught)


WRONG: dict[str, tuple[tuple[str, object, str], ...]] = {
    "bool": (("suggested", "yes", "must be true or false"),),
    "int": (
        ("order", "1", "must be a whole number"),
        ("order", -1, "must be at least 0"),
        ("order", 10_000, "must be at most 9999"),
    ),
    "str": (
        ("title", None, "must be text"),
        ("title", "", "must not be empty"),
        ("title", "x" * 81, "must have at most 80 characters"),
        ("alias", "A B", "lower-case letters"),
    ),
    "tuple": (("offers", "library", "must be a list"), ("languages", [1], "must be text")),
    "enum": (("entry", 5, "Write 'given' or 'free'"),),
    "union": (("readers", {"roles": []}, "“readers” is not understood"),),
    "function-after": (("title", " x", "begins or ends with a space"),),
    "model": (("rooms", {"home": "x"}, "must hold names and values"),),
    "dict": (("rooms", ["x"], "must hold names and values"),),
    "date": (("until", "soon", "must be a date"), ("until", 5, "must be a date")),
}
"""By the kind of a value in the models: the name of a part, wrong values for it, words of the sentence."""
AROUND = {"model-fields", "model-field", "nullable", "default", "no-info"}
"""Kinds that hold others and complain of nothing that is tested elsewhere: missing and unknown names."""


def kinds(schema: object) -> set[str]:
    """Every kind of value in a schema of pydantic's."""
    if isinstance(schema, dict):
        own = {schema["type"]} if isinstance(schema.get("type"), str) else set()
        return own.union(*map(kinds, schema.values()))
    return set().union(*map(kinds, schema)) if isinstance(schema, list | tuple) else set()


def test_every_kind_of_value_has_words_of_ours(tmp_path: Path) -> None:
    assert set().union(*(kinds(model.__pydantic_core_schema__) for model in FILES)) == WRONG.keys() | AROUND
    for name, value, words in (case for cases in WRONG.values() for case in cases):
        about_group = name in GroupFile.model_fields and name != "title"
        room: dict[str, object] = {"title": "A", "topic": "b", "purpose": "c"}
        group: dict[str, object] = {**room, "kind": "project", "aim": "d", "rooms": {"home": room}}
        (group if about_group else room)[name] = value
        file = tmp_path / "g.yaml"
        file.write_text(json.dumps(group), encoding="utf-8")
        source = read(file, "g.yaml")
        assert _validated(source, GroupFile) is None
        said = " ".join(mistake.sentence for mistake in source.mistakes)
        assert words in said and " should " not in said and "Change the value" not in said, said


@pytest.mark.parametrize(("data", "words"), [(b"", "empty"), (b"caf\xe9", "UTF-8")])
def test_a_text_that_is_there_is_not_called_missing(tmp_path: Path, data: bytes, words: str) -> None:
    folder = copied(tmp_path)
    (folder / "texts" / "fr" / "rules.md").write_bytes(data)
    with pytest.raises(DeclarationError) as caught:
        load(folder)
    assert len(caught.value.mistakes) == 1 and words in caught.value.mistakes[0].sentence


def test_the_bomb_is_as_small_as_it_looks() -> None:
    assert len(BOMB) <= 271


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "community.yaml").write_text("language: 5\n", encoding="utf-8")
    (folder / "groups" / "Big Group.yml").write_text("title: x\n", encoding="utf-8")
    (folder / "texts" / "fr" / "rules.md").write_text("", encoding="utf-8")
    (folder / "roles.yaml").unlink()
    with pytest.raises(DeclarationError) as caught:
        load(folder)
    files = {mistake.file for mistake in caught.value.mistakes}
    assert files == {
        "rooms_config/community.yaml",
        "rooms_config/groups/Big Group.yml",
        "rooms_config/texts/fr/rules.md",
        "rooms_config/roles.yaml",
    }
    assert "mistakes:\n- " in str(caught.value)


def test_a_missing_folder_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no such folder"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("text", "value"),
    [("no", "no"), ("12:30", "12:30"), ("007", 7), ("1.5", 1.5), ("~", None), ("True", True), ("1_000", "1_000")],
)
def test_plain_values_follow_the_core_schema(text: str, value: object) -> None:
    assert plain_value(text) == value
