"""Time zones by IANA name or by city, forgiving case and near misses."""

from difflib import get_close_matches
from functools import cache
from zoneinfo import available_timezones

from storage.search.words import fold

MOST_CHOICES = 6
_NOT_PLACES = ("Etc/", "SystemV/", "US/", "Canada/", "Brazil/", "Chile/", "Mexico/")
"""Names that are found when said in full, but are never suggested."""


def find_zones(said: str) -> tuple[str, ...]:
    """One name when it is clear which zone is meant; several when it is not; none when nothing is near.

    A full name wins, then a city (the last part of a name), then what is spelled nearly so.
    """
    word = _folded(said)
    if word in _full_names():
        return (_full_names()[word],)
    cities = _cities().get(word)
    if cities:
        return cities[:MOST_CHOICES]
    near = get_close_matches(word, [*_cities(), *_full_names()], n=MOST_CHOICES, cutoff=0.8)
    found = dict.fromkeys(zone for name in near for zone in _cities().get(name, (_full_names().get(name, ""),)))
    return tuple(zone for zone in found if zone)[:MOST_CHOICES]


def is_exact(said: str, zone: str) -> bool:
    """Was this zone meant, by its name or by its city, rather than something like it?"""
    return _folded(said) in (_folded(zone), _folded(zone.rsplit("/", 1)[-1]))


def _folded(name: str) -> str:
    return fold("_".join(name.split()))


@cache
def _full_names() -> dict[str, str]:
    return {_folded(name): name for name in available_timezones()}


@cache
def _cities() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name in sorted(available_timezones()):
        if "/" in name and not name.startswith(_NOT_PLACES):
            found.setdefault(_folded(name.rsplit("/", 1)[-1]), []).append(name)
    return {city: tuple(names) for city, names in found.items()}
