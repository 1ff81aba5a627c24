"""A message as keys see it: what a provider is sent of it, and nothing that differs from run to run."""

from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from langchain_beautyspot.item_ids import without_item_ids, without_random_ids
from langchain_beautyspot.prompts import KEPT_METADATA, LEFT_OUT


def content_of(message: BaseMessage, /) -> list[Any]:
    """Return the content that a key is made of, as `prompts` does for messages in JSON."""
    fields = message.model_dump(exclude=set(LEFT_OUT), warnings=False)
    fields["content"] = without_random_ids(fields["content"])
    if isinstance(message, AIMessage):
        fields["content"] = without_item_ids(fields["content"])
    metadata: dict[str, Any] = fields.pop("response_metadata", None) or {}
    fields["response_metadata"] = {name: metadata[name] for name in KEPT_METADATA if name in metadata}
    more: dict[str, Any] = fields.pop("additional_kwargs", None) or {}
    fields["additional_kwargs"] = {
        name: value for name, value in more.items() if name != "parsed" and value is not None
    }
    kept = {name: value for name, value in fields.items() if value is not None and value != [] and value != {}}
    return [type(message).__name__.removesuffix("Chunk"), kept]
