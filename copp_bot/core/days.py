"""A day as people write it.

The rule it keeps: where three numbers could be read two ways, the day stands first, as all over Europe.
"""

import re

_DAY_FIRST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d)")


def in_iso_order(said: str) -> str:
    """``31.01.2027`` and ``31/1/2027`` as ``2027-01-31`` (ISO 8601), with what follows; anything else as it is."""
    return _DAY_FIRST.sub(
        lambda found: f"{found[4]}-{found[3]:0>2}-{found[1]:0>2}", said.strip().rstrip(".,;"), count=1
    )
