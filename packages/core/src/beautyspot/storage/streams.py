"""Blobs as files: the parts of one that is sent, and the ranges of one that lies elsewhere."""

import io
from collections.abc import Callable, Sequence
from typing import Any

PART_BYTES = 16 * 1024 * 1024
"""What one request carries of a big blob."""
PARALLEL = 8
"""Requests of one blob under way at once."""
AHEAD_BYTES = 64 * 1024
"""Read at least, as a request takes longer than these bytes; doubled while a reader goes straight on."""
MOST_AHEAD_BYTES = 4 * 1024 * 1024

Fill = Callable[[int, memoryview], None]
"""Fills the memory with what the blob holds from a position on."""


class PartsReader(io.RawIOBase):
    """The bytes from `start` to `stop` of several buffers, which are not joined."""

    def __init__(self, views: Sequence[memoryview], start: int, stop: int) -> None:
        """Begin at `start`; the views are of single bytes."""
        self._views, self._start, self._stop, self._at = views, start, stop, start

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes: a request that failed is sent again."""
        return True

    def tell(self) -> int:
        """Return the position, from `start`."""
        return self._at - self._start

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move, and return the new position."""
        self._at = self._start + seek_target(offset, whence, self.tell(), self._stop - self._start)
        return self.tell()

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer` as far as there is something, and return how far that was."""
        target = memoryview(buffer).cast("B")
        wanted = min(len(target), max(self._stop - self._at, 0))
        filled, skipped = 0, 0
        for view in self._views:
            if filled == wanted:
                break
            piece = view[max(self._at - skipped, 0) :][: wanted - filled]
            skipped += len(view)
            target[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._at += len(piece)
        return filled


class RangeReader(io.BufferedIOBase):
    """A blob elsewhere, of which only what is read is fetched."""

    def __init__(self, fill: Fill, size_bytes: int) -> None:
        """Begin at its start."""
        self._fill, self._size = fill, size_bytes
        self._at, self._read_to = 0, -1
        self._ahead, self._ahead_at, self._ahead_bytes = b"", 0, AHEAD_BYTES

    def readable(self) -> bool:
        """Say yes."""
        return True

    def seekable(self) -> bool:
        """Say yes."""
        return True

    def tell(self) -> int:
        """Return the position."""
        self._expect_open()
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move without a request, and return the new position."""
        self._expect_open()
        self._at = seek_target(offset, whence, self._at, self._size)
        return self._at

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next `size` bytes, or all that are left; fewer only at the end."""
        self._expect_open()
        left = max(self._size - self._at, 0)
        wanted = left if size is None or size < 0 else min(size, left)
        data = self._from_ahead(wanted)
        if data is None:
            data = self._filled(self._at, wanted)
        self._at = self._read_to = self._at + len(data)
        return data

    def read1(self, size: int = -1, /) -> bytes:
        """Return as `read` does."""
        return self.read(size)

    def readinto(self, buffer: Any, /) -> int:
        """Fill `buffer` as far as there is something, big ones in parallel, and return how far that was."""
        self._expect_open()
        target = memoryview(buffer).cast("B")
        target = target[: max(self._size - self._at, 0)]
        data = self._from_ahead(len(target))
        if data is None:
            fill_in_parallel(self._fill, self._at, target)
        else:
            target[:] = data
        self._at = self._read_to = self._at + len(target)
        return len(target)

    def close(self) -> None:
        """Let go of what was read ahead; whoever reads on gets a `ValueError`."""
        self._ahead = b""
        super().close()

    def _expect_open(self) -> None:
        if self.closed:
            raise ValueError(f"read of a closed stream of {self._size!r} bytes; open the blob again")

    def _from_ahead(self, wanted: int) -> bytes | None:
        """Return small reads from what was read ahead, fetching that first where it is not; None for a big one."""
        if not wanted:
            return b""
        end = self._ahead_at + len(self._ahead)
        if not self._ahead_at <= self._at <= self._at + wanted <= end:
            goes_on = self._at == self._read_to
            self._ahead_bytes = min(self._ahead_bytes * 2, MOST_AHEAD_BYTES) if goes_on else AHEAD_BYTES
            if wanted >= self._ahead_bytes:
                return None
            self._ahead = self._filled(self._at, min(self._ahead_bytes, self._size - self._at))
            self._ahead_at = self._at
        start = self._at - self._ahead_at
        return self._ahead[start : start + wanted]

    def _filled(self, start: int, length: int) -> bytes:
        # BytesIO gives away the memory it was filled in; bytes(bytearray) would hold 100 MB twice.
        memory = io.BytesIO()
        memory.seek(length - 1)
        memory.write(b"\0")
        with memory.getbuffer() as view:
            fill_in_parallel(self._fill, start, view)
        return memory.getvalue()


def fill_in_parallel(fill: Fill, start: int, view: memoryview, /) -> None:
    """Fill a small `view` with one request, and a big one with several at once."""
    if len(view) <= PART_BYTES:
        if len(view):
            fill(start, view)
        return

    def fill_part(at: int) -> None:
        with view[at : at + PART_BYTES] as part:
            fill(start + at, part)

    in_parallel(fill_part, range(0, len(view), PART_BYTES))


def in_parallel(work: Callable[[int], Any], items: Sequence[int], /) -> list[Any]:
    """Return `work` of each item in order; after a failure none is begun any more."""
    from concurrent.futures import ThreadPoolExecutor  # 17 ms that only big blobs need

    with ThreadPoolExecutor(PARALLEL, "beautyspot-blob") as threads:
        futures = [threads.submit(work, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:  # Ctrl-C, too; re-raised
            threads.shutdown(wait=False, cancel_futures=True)
            raise


def seek_target(offset: int, whence: int, at: int, size: int, /) -> int:
    """Return where `seek` leads from `at` in a stream of `size` bytes.

    Raises:
        ValueError: it is before the first.
    """
    target = offset + {io.SEEK_SET: 0, io.SEEK_CUR: at, io.SEEK_END: size}[whence]
    if target < 0:
        raise ValueError(f"negative seek position {target!r}; the blob begins at 0")
    return target
