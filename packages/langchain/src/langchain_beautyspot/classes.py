"""The classes of LangChain that a Spot keeps: a closed table, by code. Nothing in the data names a class.

A message is kept by its fields and made anew by its own constructor, so that fields which a later langchain-core adds
do not turn what is kept into misses.
"""

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakSet

from beautyspot.parts import Parts
from beautyspot.powers import takes_types
from beautyspot.store import Store
from langchain_core.documents import Document
from langchain_core.messages.base import TextAccessor
from langchain_core.runnables.utils import AddableDict

from langchain_beautyspot.generations import MESSAGES, fields_of

CODES = {
    "AIMessage": 111,
    "AIMessageChunk": 112,
    "HumanMessage": 113,
    "HumanMessageChunk": 114,
    "SystemMessage": 115,
    "SystemMessageChunk": 116,
    "ToolMessage": 117,
    "ToolMessageChunk": 118,
    "ChatMessage": 119,
    "ChatMessageChunk": 120,
    "FunctionMessage": 121,
    "FunctionMessageChunk": 122,
}
"""What stands for a class of message on the disk; a code is never used again for another."""
DOCUMENT = 123
PARALLEL = 124
"""What a stream of a `RunnableParallel` yields: a dict that can be added to another."""
SEND = 125
TEXT = 126
"""What `message.text` is, and so `StrOutputParser` gives: text that can also be called."""

_taught: WeakSet[Store] = WeakSet()
_lock = threading.Lock()


def teach(parts: Parts, /) -> None:
    """Let a Spot, whose parts these are, keep messages, documents and what streams yield.

    Raises:
        ConfigurationError: one of the codes 111 to 126 is taken by a type of the user's.
    """
    serializer = parts.serializer
    with _lock:
        if parts.store in _taught or not takes_types(serializer):
            return
        for name, code in CODES.items():
            serializer.register(MESSAGES[name], code, fields_of, partial(_made, MESSAGES[name]))
        serializer.register(Document, DOCUMENT, fields_of, partial(_made, Document))
        serializer.register(AddableDict, PARALLEL, dict[str, Any], AddableDict)
        serializer.register(TextAccessor, TEXT, str.__str__, TextAccessor)
        _taught.add(parts.store)


def teach_send(parts: Parts, /) -> None:
    """Let a Spot keep what a node of LangGraph sends to another."""
    from langgraph.types import Send  # an extra; who asks for this has loaded it

    if takes_types(parts.serializer):
        parts.serializer.register(Send, SEND, _parts_of_send, partial(_sent, Send))


def _made(class_: Callable[..., Any], fields: dict[str, Any]) -> Any:
    return class_(**fields)


def _sent(class_: Callable[..., Any], parts: list[Any]) -> Any:
    return class_(*parts)


def _parts_of_send(send: Any) -> list[Any]:
    return [send.node, send.arg]


def _after_fork_in_child() -> None:
    global _lock  # a thread of the parent may have held it
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
