"""What must be different when a kept message is given again."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage, RemoveMessage

from langchain_beautyspot.generations import fresh_id
from langchain_beautyspot.item_ids import without_item_ids
from langchain_beautyspot.node_inputs import is_send


class Renewal:
    """Gives the messages of models new ids: of one old id, wherever it stands, the same new one.

    LangGraph's `add_messages` takes a message with a known id for a correction of that one. A message of the user's
    keeps its id, as the node may have meant just that.
    """

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        """Put other ids in the place of some: those of messages that a node was given, then and now."""
        self._given = given or {}
        self._ids: dict[str, str] = {}

    def of(self, value: Any, /) -> Any:
        """Return `value` with its messages renewed: itself, or those in a list, a tuple, a dict or a `Send`."""
        if isinstance(value, BaseMessage):
            return self._message(value)
        if type(value) in (list, tuple):
            return type(value)(map(self.of, value))
        if type(value) is dict:
            return {name: self.of(each) for name, each in cast("dict[Any, Any]", value).items()}
        if is_send(value):
            return type(value)(value.node, self.of(value.arg))
        return value

    def _message(self, message: BaseMessage) -> BaseMessage:
        if message.id is not None and message.id in self._given:
            message.id = self._given[message.id]
        elif isinstance(message, AIMessage):
            message.content = without_item_ids(message.content)
            if message.id is not None:
                message.id = self._ids.setdefault(message.id, fresh_id())
        return message


def keepable(writes: Iterable[tuple[str, Any]], /) -> bool:
    """Say whether a node's writes mean the same in another run, which the removal of a message doesn't."""
    return not any(_removes(value) for _, value in writes)


def _removes(value: Any) -> bool:
    if type(value) in (list, tuple):
        return any(map(_removes, value))
    return isinstance(value, RemoveMessage)
