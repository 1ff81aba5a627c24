"""Reads rows off the pages of a damaged SQLite file and its WAL, without the trees that lead to them.

Source: sqlite.org/fileformat2.html, sections 1.3 (header), 1.5 (freelist), 1.6 (pages and overflow), 2.1 (records) and
4.1 (WAL).
"""

import os
from collections.abc import Iterator
from struct import unpack
from typing import Any

MAGIC = b"SQLite format 3\0"
USUAL_BYTES = 4096
"""A page, where neither the file nor its WAL says how large one is."""
SIZES = [2**power for power in range(9, 17)]
"""What a page can have, in bytes."""
TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR = 0x0D, 0x0A, 0x02
"""Kinds of pages."""
HEADER, FRAME_HEADER = 32, 24
"""Bytes before the first frame of a WAL, and before the page of each."""
FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # of Windows
LENGTHS = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)
"""Bytes of a value, by its serial type."""

UNREADABLE = (IndexError, ValueError)
"""What noise in the place of a page raises."""


class Pages:
    """The pages of one file, in the state of its last commit. Not to be written meanwhile."""

    def __init__(self, place: str) -> None:
        """Open the file at `place`, and its WAL if there is one."""
        self._file = os.open(place, FLAGS)
        wal = f"{place}-wal"
        self._wal = os.open(wal, FLAGS) if os.path.exists(wal) else None  # noqa: PTH110 - a path is a text all over this room
        head = _read(self._file, 0, 100)
        self._page_bytes = _page_bytes(head, self._wal)
        self._usable_bytes = self._page_bytes - (head[20] if _is_header(head) else 0)
        self._frames: dict[int, int] = {}
        """Where in the WAL the page of a number begins."""
        self.count = os.path.getsize(place) // self._page_bytes  # noqa: PTH202 - as above
        self._find_frames()

    def close(self) -> None:
        """Close both files."""
        os.close(self._file)
        if self._wal is not None:
            os.close(self._wal)

    def free(self) -> tuple[set[int], bool]:
        """Return the numbers of the pages that were given up, as far as the file tells, and whether it tells of all."""
        free: set[int] = set()
        head = self.page(1)
        if not _is_header(head):
            return free, False
        trunk, count = _word(head, 32), _word(head, 36)
        while trunk and trunk not in free:
            page = self.page(trunk)
            leaves = _word(page, 4) if page else self._page_bytes
            if leaves > self._usable_bytes // 4 - 2:
                return free, False
            free.update((trunk, *(_word(page, at) for at in range(8, 8 + 4 * leaves, 4))))
            trunk = _word(page, 0)
        return free, len(free) == count

    def records(self, number: int, kind: int, /) -> Iterator[list[Any]]:
        """Yield the values of each row that the page holds, if it is a page of that kind and they can be read.

        Args:
            number: From 2 on; page 1 holds the schema.
            kind: TABLE_LEAF, INDEX_LEAF or INDEX_INTERIOR.
        """
        page = self.page(number)
        if not page or page[0] != kind:
            return
        first, before_cell = (12, 4) if kind == INDEX_INTERIOR else (8, 0)
        cells = int.from_bytes(page[3:5], "big")
        for at in range(first, min(first + 2 * cells, self._usable_bytes - 1), 2):
            try:
                yield _record(self._payload(page, int.from_bytes(page[at : at + 2], "big") + before_cell, kind))
            except UNREADABLE:
                continue

    def page(self, number: int, /) -> bytes:
        """Return the page of that number; nothing if there is none."""
        if not 1 <= number <= self.count:
            return b""
        if self._wal is not None and number in self._frames:
            return _read(self._wal, self._frames[number], self._page_bytes)
        page = _read(self._file, (number - 1) * self._page_bytes, self._page_bytes)
        return page if len(page) == self._page_bytes else b""

    def _find_frames(self) -> None:
        """Find the newest committed frame of each page; a frame of an earlier turn of the WAL has another salt."""
        if self._wal is None:
            return
        salts, end = _read(self._wal, 16, 8), os.fstat(self._wal).st_size - self._page_bytes
        most = self.count + end // self._page_bytes + 1
        written: dict[int, int] = {}
        at = HEADER + FRAME_HEADER
        while at <= end and (header := _read(self._wal, at - FRAME_HEADER, FRAME_HEADER))[8:16] == salts:
            written[_word(header, 0)] = at
            if pages := _word(header, 4):
                self._frames.update(written)
                written.clear()
                self.count = min(pages, most)
            at += FRAME_HEADER + self._page_bytes

    def _payload(self, page: bytes, at: int, kind: int) -> bytes:
        """Return the bytes of the record in the cell at `at`, with those that overflow pages hold."""
        size, at = _varint(page, at)
        if kind == TABLE_LEAF:
            _, at = _varint(page, at)  # the row's number
        usable = self._usable_bytes
        if size > self.count * usable:
            raise ValueError(size)
        most = usable - 35 if kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
        if size <= most:
            return page[at : at + size]
        least = (usable - 12) * 32 // 255 - 23
        here = least + (size - least) % (usable - 4)
        here = here if here <= most else least
        payload, overflow = bytearray(page[at : at + here]), _word(page, at + here)
        while len(payload) < size:
            page = self.page(overflow)
            payload += page[4 : 4 + min(size - len(payload), usable - 4)]
            overflow = _word(page, 0)
        return bytes(payload)


def _read(file: int, at: int, size: int) -> bytes:
    os.lseek(file, at, os.SEEK_SET)
    return os.read(file, size)


def _is_header(head: bytes) -> bool:
    return head.startswith(MAGIC) and len(head) >= 100


def _page_bytes(head: bytes, wal: int | None) -> int:
    size = int.from_bytes(head[16:18], "big") if _is_header(head) else 0
    size = 65_536 if size == 1 else size
    if size not in SIZES and wal is not None:
        size = int.from_bytes(_read(wal, 8, 4), "big")
    return size if size in SIZES else USUAL_BYTES


def _word(page: bytes, at: int) -> int:
    if at + 4 > len(page):
        raise ValueError(at)
    return int.from_bytes(page[at : at + 4], "big")


def _varint(data: bytes, begin: int) -> tuple[int, int]:
    """Return the number of 1 to 9 bytes at `begin`, and where it ends."""
    value = 0
    for at in range(begin, begin + 8):
        value = value << 7 | data[at] & 0x7F
        if data[at] < 0x80:
            return value, at + 1
    return value << 8 | data[begin + 8], begin + 9


def _record(payload: bytes) -> list[Any]:
    begin, at = _varint(payload, 0)
    values: list[Any] = []
    end_of_types = begin
    while at < end_of_types:
        kind, at = _varint(payload, at)
        end = begin + (LENGTHS[kind] if kind < len(LENGTHS) else (kind - 12) // 2)
        if not begin <= end <= len(payload):
            raise ValueError(kind)
        values.append(_value(kind, payload[begin:end]))
        begin = end
    return values


def _value(kind: int, data: bytes) -> Any:
    if kind in (8, 9):
        return kind - 8
    if kind == 7:
        return unpack(">d", data)[0]
    if kind < 7:
        return int.from_bytes(data, "big", signed=True) if kind else None
    return data.decode() if kind % 2 else data
