"""The caged process: ``python -I -B child.py PARENT EXPECTED CHARSET``; foreign bytes on standard input, JSON out.

The rule it keeps: it binds itself before it reads, imports only the reader that the bytes need, seals itself before
that reader sees them, and answers a problem by its name; sentences are made outside.
"""

import json
import sys
from pathlib import Path
from typing import Any, BinaryIO

sys.path.append(str(Path(__file__).parents[3]))

from copp_bot.core.cage import limits
from copp_bot.core.cage.seal import seal
from copp_bot.core.cage.sniff import HEAD, OLE, ZIPPED, sniff

LARGEST = 100_000_000
"""Bytes of a file that is read."""


def read(source: BinaryIO, expected: str, charset: str) -> dict[str, Any]:
    """What a file holds: ``{"media_type", "title", "text", ...}`` or ``{"media_type", "problem": name}``.

    A reader that opens an archive knows better what it is than its first bytes tell.

    Args:
        source: at its beginning; it can be sought in.
        expected: what the file calls itself.
        charset: what was said about a text's encoding from outside, or empty.
    """
    media_type = sniff(source.read(HEAD), expected)
    if media_type == "application/pdf":
        from copp_bot.core.cage import read_pdf as reader  # noqa: PLC0415 - a reader costs more than the process
    elif media_type == "text/html":
        from copp_bot.core.cage import read_html as reader  # type: ignore[no-redef]  # noqa: PLC0415
    elif media_type == "text/markdown":
        from copp_bot.core.cage import read_markdown as reader  # type: ignore[no-redef]  # noqa: PLC0415
    elif media_type == "text/plain":
        from copp_bot.core.cage import read_text as reader  # type: ignore[no-redef]  # noqa: PLC0415
    elif media_type in ZIPPED:
        from copp_bot.core.cage import read_office as reader  # type: ignore[no-redef]  # noqa: PLC0415
    elif media_type == OLE:
        from copp_bot.core.cage import read_ole as reader  # type: ignore[no-redef]  # noqa: PLC0415
    else:
        return {"media_type": media_type}
    seal()
    source.seek(0)
    data = source.read(min(reader.READ_BYTES, LARGEST) + 1)
    if len(data) > LARGEST:
        return {"media_type": media_type, "problem": "too_much"}
    return {"media_type": media_type, **reader.read(data, charset)}


def main(parent: int, expected: str, charset: str) -> None:
    """Bind, read, answer."""
    limits.bind(parent)
    sys.setrecursionlimit(2_000)
    try:
        answer = read(sys.stdin.buffer, expected, charset)
    except (MemoryError, RecursionError):
        answer = {"problem": "too_much"}
    sys.stdout.buffer.write(json.dumps(answer, ensure_ascii=False).encode("utf-8", "replace"))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
