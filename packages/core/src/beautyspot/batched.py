"""`itertools.batched` of Python 3.12, in lists."""

from __future__ import annotations

from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeVar

    T = TypeVar("T")


def batched(items: Iterable[T], size: int, /) -> Iterator[list[T]]:
    """Yield `items` in lists of `size`, the last one shorter; they are taken as the lists are."""
    left = iter(items)
    while batch := list(islice(left, size)):
        yield batch
