"""Files of Office before 2007, and the shell around an encrypted newer one (MS-OFFCRYPTO 2.3): looked at, not read."""

from typing import Any

READ_BYTES = 1_000_000_000
"""More than is taken of any file: the names of its parts may stand anywhere."""
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MACROS = "_VBA_PROJECT".encode("utf-16-le")


def read(data: bytes, charset: str) -> dict[str, Any]:
    """Nothing of its words; a problem where it is locked or holds macros."""
    if _ENCRYPTED in data:
        return {"media_type": "application/zip", "problem": "locked"}
    return {"problem": "macros"} if _MACROS in data else {}
