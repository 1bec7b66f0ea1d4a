"""What every answer says to the browser.

The rule it keeps: no script runs anywhere, nothing is loaded from elsewhere, no address is told to others, and what is
not for everybody is kept by nobody.
"""

from collections.abc import Mapping
from urllib.parse import quote

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}
FOR_EVERYBODY = "public, max-age=86400"
"""Cache-Control of the stylesheet and the icon, whose addresses change with them."""
ASKED_EACH_TIME = "private, no-cache"
"""Cache-Control of files: a browser may keep one, and asks with its ETag before it shows it again."""
SHOWN = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "text/plain", "audio/mpeg", "video/mp4"})
"""Media types that a browser shows without running anything; all others are saved (Content-Disposition, RFC 6266)."""


def security(hsts_seconds: int) -> Mapping[str, str]:
    """Headers of every answer; ``hsts_seconds`` above 0 adds Strict-Transport-Security (RFC 6797)."""
    hsts = {"Strict-Transport-Security": f"max-age={hsts_seconds}"} if hsts_seconds else {}
    return {**HEADERS, **hsts}


def disposition(kind: str, name: str) -> str:
    """Content-Disposition with the name in ASCII and in full (RFC 6266, RFC 8187)."""
    plain = "".join(sign if sign.isascii() and sign.isprintable() and sign not in '"\\%' else "_" for sign in name)
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
