"""Licences by their SPDX identifiers (spdx.org/licenses), and the ways in which people write Creative Commons.

The rule it keeps: only an identifier is stored; what someone types is never guessed at silently, it is suggested.
"""

import re

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

LONGEST = 300
"""Characters that are looked at."""
NEWEST = "4.0"
"""Version of Creative Commons that is suggested where none is said."""
_IDENTIFIER = re.compile(r"(?!LicenseRef)[A-Za-z0-9.+-]{2,60}", re.IGNORECASE)
_ADDRESS = re.compile(
    r"creativecommons\.org/(?:licenses/([a-z-]{2,20})|publicdomain/(zero|mark))/(\d\.\d)(?:/([a-z-]{2,5})(?![a-z.]))?",
    re.IGNORECASE,
)
_IN_WORDS = (
    (re.compile(r"creative[\s-]*commons"), "cc"),
    (re.compile(r"attribution|paternité"), "by"),
    (re.compile(r"non[\s-]*commercial|pas d.utilisation commerciale"), "nc"),
    (re.compile(r"share[\s-]*alike|partage dans les mêmes conditions"), "sa"),
    (re.compile(r"no[\s-]*deriv(?:ative)?s?(?:[\s-]*works)?|pas de modification"), "nd"),
    (re.compile(r"international|unported|licen[cs]e|\bv(?=\d)"), ""),
)
_SHORT = re.compile(r"\bcc(?:[\s-]*by)?((?:[\s,–/-]*\b(?:by|nc|sa|nd)\b)*)[\s-]*([1-4]\.\d|[1-4]\b)?")
_ZERO = re.compile(r"\bcc[\s-]*(?:0|zero)\b")


def checked(text: str) -> str | None:
    """The SPDX identifier as it is properly written, for a text that is one in any case of letters; else None."""
    if not _IDENTIFIER.fullmatch(text):
        return None
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return None


def recognised(text: str) -> str | None:
    """The licence a file says it has, where that leaves no doubt: an identifier, an address, words with a version."""
    text = text[:LONGEST].strip()
    return checked(text) or _by_address(text) or _written(text, None)


def suggestion(text: str) -> str | None:
    """The identifier that was probably meant; of Creative Commons the newest version where none is said."""
    text = text[:LONGEST].strip()
    return checked(text) or _by_address(text) or _written(text, NEWEST)


def _by_address(text: str) -> str | None:
    found = _ADDRESS.search(text)
    if found is None:
        return None
    parts, public_domain, version, country = found.groups()
    if public_domain:
        return checked(f"CC0-{version}" if public_domain.lower() == "zero" else f"CC-PDM-{version}")
    return _composed(parts.lower().split("-"), version, f"-{country}" if country else "")


def _written(text: str, version: str | None) -> str | None:
    text = text.lower().replace("_", "-")
    for pattern, short in _IN_WORDS:
        text = pattern.sub(short, text)
    if _ZERO.search(text):
        return "CC0-1.0"
    found = _SHORT.search(text)
    said = (found[2] or version) if found else None
    if found is None or said is None:
        return None
    return _composed(re.findall("by|nc|sa|nd", found[1]), said if "." in said else f"{said}.0")


def _composed(parts: list[str], version: str, country: str = "") -> str | None:
    """In the order that the identifiers have."""
    order = [part for part in ("nc", "nd", "sa") if part in parts]
    return checked("-".join(("CC-BY", *order, version)).upper() + country.upper())
