"""A prompt as a key sees it: without what differs from run to run and no model is shown.

LangChain hands a cache the JSON of the messages, with everything that an earlier answer brought along: the provider's
response id, token counts, a cost of 0 after a hit. A conversation so never asks the same twice (langchain-ai/langchain
issue 35308). What is left here is what a provider is sent.
"""

import json
from typing import Any, cast

from langchain_beautyspot.item_ids import without_item_ids, without_random_ids

MESSAGES = '[{"lc": 1, "type": "constructor"'
"""How `langchain_core.load.dumps` begins a list of messages."""
LEFT_OUT = frozenset(
    (
        "id", "usage_metadata", "type", "example",
        "artifact",  # of a tool, "not meant to be sent to the model", and often an object with an address
        "tool_call_chunks", "chunk_position",  # a streamed message says the same as a whole one
    )
)  # fmt: skip
KEPT_METADATA = ("model_provider", "output_version")
"""They say how the content is to be read."""


_CANONICAL_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
# In a user's text the quotes would stand behind a backslash.
_BROUGHT_ALONG = ('messages", "AI', 'messages", "Tool', 'messages", "Function', 'Chunk"], "kwargs"', '"id": "lc_')
"""In a prompt with answers or ids of blocks in it; where nobody has answered yet, nothing differs from run to run."""


def canonical_prompt(prompt: str, /, *, with_response_ids: bool = False) -> bytes:
    """Return what a key is made of.

    Args:
        prompt: The JSON of messages, or the plain text that a text model is given.
        with_response_ids: Keep the ids of responses, for a model that sends them in place of the messages before.
    """
    # A first question needs no parsing: 0.5 µs in place of 7.
    if any(mark in prompt for mark in _BROUGHT_ALONG):
        messages = _messages(prompt, with_response_ids)
        if messages is not None:
            return b"messages" + _CANONICAL_JSON.encode(messages).encode()
    return b"text" + prompt.encode("utf-8", "surrogatepass")


def readable_prompt(prompt: str, /) -> str:
    """Return what a person may want to read of it: a text as it is, or the JSON of `[[kind, fields], …]`."""
    messages = _messages(prompt, with_response_ids=False)
    return prompt if messages is None else json.dumps(messages, ensure_ascii=False)


def _messages(prompt: str, with_response_ids: bool) -> list[Any] | None:
    if not prompt.startswith(MESSAGES):
        return None
    try:
        return [_canonical(message, with_response_ids) for message in json.loads(prompt)]
    except (ValueError, RecursionError):
        return None  # a text that only begins like messages


def _canonical(message: Any, with_response_ids: bool) -> Any:
    """Return the kind of a message with what a model is shown of it."""
    if not isinstance(message, dict):
        return message
    fields: Any = cast("dict[str, Any]", message).get("kwargs")
    if not isinstance(fields, dict):  # an object that LangChain could not turn into JSON
        return cast("dict[str, Any]", message)
    kept = {name: value for name, value in cast("dict[str, Any]", fields).items() if name not in LEFT_OUT}
    kind = str(cast("dict[str, Any]", message)["id"][-1]).removesuffix("Chunk")
    kept["content"] = without_random_ids(kept.get("content"))
    if kind == "AIMessage":
        kept["content"] = without_item_ids(kept.get("content"))
    metadata = kept.pop("response_metadata", None)
    if metadata:
        names = (*KEPT_METADATA, "id") if with_response_ids else KEPT_METADATA
        kept["response_metadata"] = {name: metadata[name] for name in names if name in metadata}
    more = kept.pop("additional_kwargs", None)
    if more:
        # A parsed object is an object on a miss and a dict on a hit; it says what the content says.
        kept["additional_kwargs"] = {
            name: value for name, value in more.items() if name != "parsed" and value is not None
        }
    return [kind, {name: value for name, value in kept.items() if value not in (None, [], {})}]
