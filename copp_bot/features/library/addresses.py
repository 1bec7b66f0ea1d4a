"""What is alike in all ways of writing the address of one page, so that it is shelved once. Pure."""

import re
from urllib.parse import urlencode

from yarl import URL

_TOLD_BY_OTHERS = re.compile(r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|yclid", re.IGNORECASE)
"""What networks and newsletters add to an address to follow who came from where."""


def alike(url: str) -> str:
    """The same for http and https, with and without ``www.``, port 80 or 443, a last slash, a place in the page
    (RFC 3986, 3.5), another order of its parameters, and what is only there to follow readers.
    """
    address = URL(url)
    host = (address.host or "").lower().rstrip(".").removeprefix("www.")
    port = "" if address.port in {80, 443, None} else f":{address.port}"
    asked = ((key, value) for key, value in address.query.items() if not _TOLD_BY_OTHERS.fullmatch(key))
    query = urlencode(sorted(asked, key=lambda pair: pair[0]))
    place = f"#{address.fragment}" if address.fragment.startswith(("!", "/")) else ""  # pages that find their way by it
    return f"{host}{port}{address.path.rstrip('/')}{'?' if query else ''}{query}{place}"
