"""A look at results before somebody is asked: what it found, so that no more than that goes after the answer."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from beautyspot.records import Task


class Look:
    """What a listing of results came to."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.count = 0
        self.size_bytes = 0
        # 8 bytes of each result, where a set of keys takes 150: a million may be looked at. That one which was not seen
        # has the mark of one that was happens once in 10**13 for a million.
        self._marks = array("q")
        self._is_sorted = True

    def watch(self, tasks: Iterable[Task], /) -> Iterator[Task]:
        """Yield `tasks`, and remember them."""
        for task in tasks:
            self.count += 1
            self.size_bytes += task.size_bytes or 0
            self._marks.append(_mark(task))
            self._is_sorted = False
            yield task

    def only_seen(self, tasks: Iterable[Task], /) -> Iterator[Task]:
        """Yield those of `tasks` that were seen and not kept anew since."""
        if not self._is_sorted:
            self._marks = array("q", sorted(self._marks))
            self._is_sorted = True
        return (task for task in tasks if self._has(_mark(task)))

    def _has(self, mark: int) -> bool:
        place = bisect_left(self._marks, mark)
        return place < len(self._marks) and self._marks[place] == mark


def _mark(task: Task) -> int:
    return hash((task.cache_key, task.updated_at))
