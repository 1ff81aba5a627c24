"""What is copied in one step: little enough to hold in memory, and to do again where a copy is killed."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

PORTION_BYTES = 8 * 1024 * 1024
PORTION_ITEMS = 500
BLOB_BYTES = PORTION_BYTES // 64
"""What a blob counts at least, however small it is: where it lies far away, each takes a moment."""


def portions(items: Iterable[T], weight: Callable[[T], int], /) -> Iterator[list[T]]:
    """Yield `items` in lists that end at PORTION_ITEMS or PORTION_BYTES by `weight`; taken as the lists are."""
    portion: list[T] = []
    held_bytes = 0
    for item in items:
        portion.append(item)
        held_bytes += weight(item)
        if held_bytes >= PORTION_BYTES or len(portion) == PORTION_ITEMS:
            yield portion
            portion, held_bytes = [], 0
    if portion:
        yield portion
