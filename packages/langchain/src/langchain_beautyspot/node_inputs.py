"""The messages that a node was given: where it writes one of them again, it means the one that is there.

LangGraph tells a cache keys and writes alone. Its loop, on the stack of a lookup, has the tasks with what they are
given, and with the very `deque` that is handed over to be kept.
"""

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any, cast
from weakref import ref

from langchain_core.messages import BaseMessage
from pydantic import BaseModel

LOOP = "langgraph.pregel._loop"
Ids = list[str | None]


class NodeInputs:
    """Remembers what the tasks were given for which LangGraph looks up, as long as they live."""

    def __init__(self) -> None:
        """Know of no task."""
        self._known: dict[int, tuple[Any, Ids]] = {}

    def look(self) -> dict[Any, Ids]:
        """Return the ids of the messages that each task is given which is looked up now, by its key."""
        found: dict[Any, Ids] = {}
        for task in _tasks_that_ask():
            key, writes = task.cache_key, task.writes
            if key is not None and isinstance(writes, deque):
                found[key.ns, key.key] = ids = [message.id for message in messages_in(task.input)]
                self._remember(cast("deque[Any]", writes), ids)
        return found

    def of(self, writes: Any, /) -> Ids | None:
        """Return the ids of the messages that the task was given which wrote this; None if nobody knows."""
        known = self._known.get(id(writes))
        return known[1] if known is not None and known[0]() is writes else None

    def _remember(self, writes: deque[Any], ids: Ids) -> None:
        place, known = id(writes), self._known

        def forget(gone: Any) -> None:
            if (entry := known.get(place)) is not None and entry[0] is gone:
                del known[place]

        known[place] = ref(writes, forget), ids


def messages_in(value: Any, /) -> Iterator[BaseMessage]:
    """Yield the messages in a state, in an order that equal states share."""
    if isinstance(value, BaseMessage):
        yield value
    elif is_send(value):
        yield from messages_in(value.arg)
    elif isinstance(value, Mapping):
        for name in sorted(cast("Mapping[Any, Any]", value), key=str):
            yield from messages_in(value[name])
    elif isinstance(value, list | tuple | deque):
        for each in cast("list[Any]", value):
            yield from messages_in(each)
    elif isinstance(value, BaseModel) or (is_dataclass(value) and hasattr(value, "__dict__")):
        yield from messages_in(vars(value))


def is_send(value: Any, /) -> bool:
    """Say whether it is LangGraph's `Send`, whose module is an extra."""
    return type(value).__module__ == "langgraph.types" and type(value).__name__ == "Send"


def _tasks_that_ask() -> list[Any]:
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage] - the public way, `inspect`, takes 1000 times as long
    while frame is not None:
        if frame.f_globals.get("__name__") == LOOP:
            tasks: Any = getattr(frame.f_locals.get("self"), "tasks", None)
            return [*cast("Mapping[Any, Any]", tasks).values()] if isinstance(tasks, Mapping) else []
        frame = frame.f_back
    return []
