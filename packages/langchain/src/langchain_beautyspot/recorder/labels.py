"""How a run is called and found: names, models and tags, out of what LangChain tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from beautyspot.recording import clean

from langchain_beautyspot.models import NAME_FIELDS, UNKNOWN, Model

_OF_LANGCHAIN = ("seq:step:", "graph:step:", "langsmith:")
"""How its own tags begin, which say nothing that parents and times don't."""
_TOLD = {"langgraph_node": "node", "langgraph_step": "step", "thread_id": "thread"}
"""What of the metadata becomes a tag."""


def name_of(serialized: Mapping[str, Any] | None, name: str | None, kind: str) -> str:
    """Return the run's name: its own, else that of what runs, else the kind."""
    if not name and serialized:
        name = serialized.get("name") or (serialized.get("id") or (kind,))[-1]
    return clean(name or kind)


def model_of(metadata: Mapping[str, Any], params: Mapping[str, Any], name: str) -> Model:
    """Return the model that was asked, under the name by which the cache knows it as well."""
    named = metadata.get("ls_model_name") or next(
        (params[field] for field in NAME_FIELDS if params.get(field)), UNKNOWN
    )
    return Model(clean(metadata.get("ls_provider") or params.get("_type") or name), clean(named))


def tags_of(tags: Sequence[str] | None, metadata: Mapping[str, Any] | None, model: Model | None) -> tuple[str, ...]:
    """Return the user's tags, and such as `provider:openai`, `node:tools`, `step:2` and `thread:42`."""
    found = [clean(tag) for tag in tags if not tag.startswith(_OF_LANGCHAIN)] if tags else []
    if model is not None:
        found.append(f"provider:{model.provider}")
    if metadata:
        found += [clean(f"{word}:{metadata[name]}") for name, word in _TOLD.items() if name in metadata]
    return tuple(dict.fromkeys(found))
