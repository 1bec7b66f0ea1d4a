"""One search over both databases: the same corpus and the same queries give the same ids in the same order.

The rule it keeps: what the items of one audience say changes nothing for those who may not read them.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlmodel import Session

from storage import search
from storage.database import Database
from tests.databases import KINDS, Databases

ITEMS, QUERIES = 200, 40
AUDIENCES = ("public", "community", "group:a", "group:b", "private:@anna:example.org")
VIEWS = (
    ("public",),
    ("public", "community"),
    ("public", "community", "group:a"),
    ("public", "community", "group:a", "group:b", "private:@anna:example.org"),
    ("people:nobody",),
    (),
)
_SAID = (
    "rhythm rhythms rythme Rythmes drum drums tambour œuvre oeuvre Œuvres café cafe CAFÉ élève eleve straße strasse "
    "l'école aujourd'hui naïve Ångström zażółć drama dramatic dramatise assessment évaluation évaluer ½ x² 2026 "
    "日本語 リズム 한국어 Ελληνικά школа школы e\u0301te\u0301 co\u00adoperate the of la des and"
)
WORDS = _SAID.split()
TAGS = ("drama", "rhythm", "été", "a-b")


@dataclass(frozen=True)
class Thing:
    """One item of the corpus."""

    id: int
    audience: str
    title: str
    text: str
    tags: tuple[str, ...]


def corpus(chance: random.Random) -> list[Thing]:
    """Items of all audiences; a few rare words, many common ones."""

    def some(most: int) -> str:
        return " ".join(chance.choices(WORDS, range(len(WORDS), 0, -1), k=chance.randint(0, most)))

    return [
        Thing(number, chance.choice(AUDIENCES), some(5), some(40), tuple(chance.sample(TAGS, chance.randint(0, 3))))
        for number in chance.sample(range(1, 10**6), ITEMS)
    ]


def asked(chance: random.Random) -> list[str]:
    """What people type: words, halves of words, nothing, and what would break a query."""
    odd = [
        "",
        " ",
        '"',
        "'",
        "a'b | c & !d",
        "NOT rhythm",
        "rhythm*",
        "café AND",
        "x:*",
        "\0",
        "\ud800",
        "()",
        "-drum",
        "½",
    ]
    return odd + [" ".join(chance.sample(WORDS, chance.randint(1, 3))) for _ in range(QUERIES)]


def shelve(session: Session, thing: Thing) -> None:
    """Put it into the index, as ``core/store/items.py`` does."""
    marks = ["kind:library", *(f"tag:{tag}" for tag in thing.tags)]
    search.put(session, thing.id, thing.audience, thing.title, thing.text, keywords=thing.tags, marks=marks)


def answers(session: Session, chance: random.Random) -> list[object]:
    """All answers to all queries of all viewers."""
    found: list[object] = []
    for query in asked(chance):
        for view in VIEWS:
            marks = ["kind:library", *(f"tag:{tag}" for tag in chance.sample(TAGS, chance.choice((0, 0, 1))))]
            for limit in (search.MOST, 5):
                found.append(search.candidates(session, view, query, limit, marks=marks))
            found.append(search.candidates(session, view, query, marks=marks, in_title=True))
            found += [search.suggest(session, view, word[:length], 5) for word in query.split() for length in (3, 4)]
    return found


@contextmanager
def opened(databases: Databases, kind: str, folder: Path) -> Iterator[Session]:
    """An empty index, in a transaction that is not kept. Items themselves are not needed for it."""
    url = databases.make(kind, folder / kind)
    database = Database(url)
    with database.engine.connect() as connection:
        if kind == "sqlite":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        with Session(connection) as session:
            yield session
            session.rollback()
    database.close()
    databases.drop(url)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.usefixtures("postgresql")
def test_both_databases_answer_alike(seed: int, databases: Databases, tmp_path: Path) -> None:
    found = []
    for kind in KINDS:
        chance = random.Random(seed)
        things = corpus(chance)
        with opened(databases, kind, tmp_path) as session:
            for thing in things:
                shelve(session, thing)
            for thing in things[::7]:
                search.remove(session, thing.id)
            for thing in things[1::7]:
                shelve(session, Thing(thing.id, AUDIENCES[1], "moved " + thing.title, thing.text, ()))
            found.append(answers(session, chance))
    assert found[0] == found[1]
    assert sum(bool(answer) for answer in found[0]) > len(found[0]) // 5
    assert max(len(answer) for answer in found[0] if isinstance(answer, list)) > 20


SAID = {
    1: "Les enfants chantaient dans la cour.",
    2: "Elle chantait ; l'enfant écoutait.",
    3: "Des enfants, qui ne chantaient pas.",
    4: "The children sing. Chantaient-ils ? Enfants de la rue.",
    5: "日本語の歌",
}
PHRASES = [
    ('"enfants chantaient"', [1]),
    ("«les enfants» cour", [1]),
    ("“l'enfant ecoute”", [2]),
    ("chantaient enfants", [4, 3, 2, 1]),
    ('"chantaient enfants"', []),
    ('"chantaient ils"', [4]),
    ('"chantaient"', [4, 3, 2, 1]),
    ('"ne chantaient pas" "des enfants"', [3]),
    ('"本語の"', [5]),
    ('"語本"', []),
    ('3" enfants', []),
]


def test_words_in_quotes_stand_together(databases: Databases, database_kind: str, tmp_path: Path) -> None:
    """In any form, with or without accents, across signs; without quotes the order does not matter."""
    with opened(databases, database_kind, tmp_path) as session:
        for number, text in SAID.items():
            search.put(session, number, "public", "A title", text)
        for query, expected in PHRASES:
            found = search.candidates(session, ["public"], query)
            assert search.with_phrases(session, found, query) == expected, query


@pytest.mark.parametrize("seed", range(2))
def test_hidden_items_change_nothing(seed: int, databases: Databases, database_kind: str, tmp_path: Path) -> None:
    """Order, number and suggestions are the same whether the hidden ones are there or not."""
    chance = random.Random(seed)
    things = corpus(chance)
    queries = asked(chance)
    for view in VIEWS[:3]:
        found = []
        for with_hidden in (False, True):
            with opened(databases, database_kind, tmp_path / f"{len(view)}-{with_hidden}") as session:
                for thing in things:
                    if with_hidden or thing.audience in view:
                        shelve(session, thing)
                found.append(
                    [
                        answer
                        for query in queries
                        for answer in (
                            search.candidates(session, view, query),
                            search.candidates(session, view, query, in_title=True),
                            search.suggest(session, view, query[:4], 8),
                        )
                    ]
                )
        assert found[0] == found[1]


def test_the_largest_text_fits(databases: Databases, database_kind: str, tmp_path: Path) -> None:
    """More different words than are kept; the last of those that are kept is found."""
    text = " ".join(f"{chr(97 + n % 26)}q{n}z" for n in range(60_000))
    with opened(databases, database_kind, tmp_path) as session:
        search.put(session, 1, "public", "Everything", text)
        assert search.candidates(session, ["public"], "cq2z") == [1]
        assert search.candidates(session, ["public"], "everything aq26z") == [1]
        search.remove(session, 1)
        assert search.candidates(session, ["public"], "cq2z") == []
