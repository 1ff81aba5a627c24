"""The classes of LangChain that a Spot keeps: a closed table, by code. Nothing in the data names a class.

A message is kept by its fields and made anew by its own constructor, so that fields which a later langchain-core adds
do not turn what is kept into misses.
"""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakSet

from beautyspot import Spot
from beautyspot.powers import takes_types
from langchain_core.documents import Document
from langchain_core.runnables.utils import AddableDict

from langchain_beautyspot.generations import MESSAGES

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

_taught: "WeakSet[Spot]" = WeakSet()
_lock = threading.Lock()


def teach(spot: Spot, /) -> None:
    """Let `spot` keep messages, documents and what streams yield.

    Raises:
        ConfigurationError: one of the codes 111 to 125 is taken by a type of the user's.
    """
    with _lock:
        if spot in _taught or not takes_types(spot.parts.serializer):
            return
        for name, code in CODES.items():
            spot.register_type(MESSAGES[name], code, _fields, partial(_made, MESSAGES[name]))
        spot.register_type(Document, DOCUMENT, _fields, partial(_made, Document))
        spot.register_type(AddableDict, PARALLEL, dict[str, Any], AddableDict)
        _taught.add(spot)


def teach_send(spot: Spot, /) -> None:
    """Let `spot` keep what a node of LangGraph sends to another."""
    from langgraph.types import Send  # an extra; who asks for this has loaded it

    if takes_types(spot.parts.serializer):
        spot.register_type(Send, SEND, _parts_of_send, lambda parts: Send(*parts))


def _fields(model: Any) -> dict[str, Any]:
    return model.model_dump(warnings=False)  # what a provider made up is kept as it came


def _made(class_: Callable[..., Any], fields: dict[str, Any]) -> Any:
    return class_(**fields)


def _parts_of_send(send: Any) -> list[Any]:
    return [send.node, send.arg]
