"""Answers in the store of a Spot. What can't be read or kept is told by the store, and counted here."""

from collections.abc import Callable

from beautyspot.parts import Parts
from beautyspot.store import Hit, Label
from beautyspot.threads import in_thread

from langchain_beautyspot.counts import Counts
from langchain_beautyspot.generations import Answer, AnswerSerializer


class KeptAnswers:
    """Reads and keeps the answers of one cache."""

    def __init__(self, parts: Parts, counts: Counts) -> None:
        """Stand on the parts of a Spot."""
        self._store, self._executor = parts.store, parts.executor
        self._serializer = AnswerSerializer(parts.serializer)
        self._counts = counts

    def read(self, key: str, again: bool = False, /) -> Hit | None:
        """Return what is kept under `key`, if it can be read.

        Args:
            key: Of the question.
            again: Whether the caller looked a moment ago, so that damage has been counted already.
        """
        damaged = self._store.damaged
        hit = self._store.read(key, self._serializer, again)
        if hit is None and self._store.damaged > damaged:
            self._counts.error()
        return hit

    async def read_async(self, key: str, again: bool = False, /) -> Hit | None:
        """Do as `read`: a local row on the event loop, what may wait in a thread."""
        store = self._store
        if not store.reads_locally:
            return await in_thread(self._executor, self.read, key, again)
        damaged, entry = store.damaged, store.lookup(key, again)
        if entry is not None and entry.result_data is None:
            hit = await in_thread(self._executor, store.value_of, key, entry, self._serializer, again)
        else:
            hit = None if entry is None else store.value_of(key, entry, self._serializer, again)
        if hit is None and store.damaged > damaged:
            self._counts.error()
        return hit

    def keep(self, label: Label, answer: Answer, /, *, keep_if: Callable[[Answer], bool]) -> bool:
        """Keep `answer` unless `keep_if` says no, and say whether it is kept.

        Raises:
            SerializationError, StorageError: only with a Spot's `on_save_error="raise"`.
        """
        refused: list[Exception] = []
        kept = self._store.keep(label, answer, self._serializer, keep_if=keep_if, on_error=refused.append)
        if refused:
            self._counts.error()
        return kept
