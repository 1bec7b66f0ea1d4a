"""Files that try to break what opens them, made here so that their bytes are real; and who is left of those who did."""

import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

from fpdf import FPDF


def pdf(text: str, *, title: str = "", pages: int = 1, password: str = "") -> bytes:
    """A sound PDF, locked when there is a password."""
    made = FPDF()
    if title:
        made.set_title(title)
    if password:
        made.set_encryption(owner_password=password, user_password=password)
    made.set_font("Helvetica", size=12)
    for _number in range(pages):
        made.add_page()
        made.multi_cell(0, 8, text)
    return bytes(made.output())


def raw_pdf(objects: Mapping[int, bytes]) -> bytes:
    """A PDF of these objects, with a right cross-reference table; 1 is the catalogue, 2 the page tree."""
    out, places = bytearray(b"%PDF-1.7\n"), dict[int, int]()
    for number, content in {1: b"<</Type/Catalog/Pages 2 0 R>>", **objects}.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start, size = len(out), max(places) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    out += b"".join(b"%010d 00000 n \n" % places[number] for number in range(1, size))
    return bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start))


_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"


def many_pages(count: int) -> bytes:
    """One page, named ``count`` times."""
    return raw_pdf({2: b"<</Type/Pages/Count %d/Kids[%b]>>" % (count, b"3 0 R " * count), 3: _PAGE})


def lying_page_count() -> bytes:
    """One page that says it is two thousand million."""
    return raw_pdf({2: b"<</Type/Pages/Count 2000000000/Kids[3 0 R]>>", 3: _PAGE})


def page_tree(depth: int, width: int) -> bytes:
    """A few hundred bytes per level, ``width ** depth`` pages."""
    levels = {
        2 + level: b"<</Type/Pages/Count %d/Kids[%b]>>"
        % (min(width ** (depth - level), 2**31 - 1), b"%d 0 R " % (3 + level) * width)
        for level in range(depth)
    }
    return raw_pdf({**levels, 2 + depth: _PAGE})


def looping_page_tree() -> bytes:
    """A page tree that is its own child."""
    return raw_pdf({2: b"<</Type/Pages/Count 5/Kids[2 0 R 2 0 R]>>"})


def deflate_bomb(megabytes: int) -> bytes:
    """A page whose content unpacks, in two steps, to so much text."""
    packer = zlib.compressobj(1)
    once = b"".join(packer.compress(b"(a) Tj  " * 2**17) for _ in range(megabytes)) + packer.flush()
    twice = zlib.compress(once, 9)
    content = b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%b\nendstream" % (len(twice), twice)
    return raw_pdf({
        2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>",
        4: content,
    })  # fmt: skip


def png_bomb(side: int) -> bytes:
    """A black square of so many pixels a side, in a few kilobytes."""
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(side + 1)) for _row in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d)) for t, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def children() -> list[int]:
    """Process ids of what this process has started and not yet seen the end of."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rsplit(")", 1)[1].split()[1]
        except OSError:
            continue  # it ended while we looked
        if int(parent) == os.getpid():
            found.append(int(stat.parent.name))
    return found


def most_memory(pid: int, program: str) -> int:
    """Kilobytes that a process has had at most since it began to run ``program``; 0 when it runs another one, or none.

    What ``getrusage`` says of children is no measure: it counts the memory of the process that started them.
    """
    process = Path("/proc", str(pid))
    try:
        if program.encode() not in (process / "cmdline").read_bytes():
            return 0
        status = (process / "status").read_text()
    except OSError:
        return 0  # it ended while we looked
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
