"""How a run is called and found: names, models and tags, out of what LangChain tells of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_beautyspot.models import LONGEST_NAME, NAME_FIELDS, UNKNOWN, Model

_OF_LANGCHAIN = ("seq:step:", "graph:step:", "langsmith:")
"""How its own tags begin, which say nothing that parents and times don't."""
_TOLD = {"langgraph_node": "node", "langgraph_step": "step", "thread_id": "thread"}
"""What of the metadata becomes a tag."""


def name_of(serialized: Mapping[str, Any] | None, name: str | None, kind: str) -> str:
    """Return the run's name: its own, else that of what runs, else the kind."""
    path = (serialized or {}).get("id") or ()
    found = name or (serialized or {}).get("name") or (path[-1] if path else kind)
    return str(found)[:LONGEST_NAME]


def model_of(metadata: Mapping[str, Any], params: Mapping[str, Any], name: str) -> Model:
    """Return the model that was asked, under the name by which the cache knows it as well."""
    named = metadata.get("ls_model_name") or next((params[field] for field in NAME_FIELDS if params.get(field)), None)
    provider = metadata.get("ls_provider") or params.get("_type") or name
    return Model(str(provider).replace(".", "_")[:LONGEST_NAME], str(named or UNKNOWN)[:LONGEST_NAME])


def tags_of(tags: Sequence[str] | None, metadata: Mapping[str, Any] | None, model: Model | None) -> tuple[str, ...]:
    """Return the user's tags, and such as `provider:openai`, `node:tools`, `step:2` and `thread:42`."""
    found = [tag for tag in tags or () if not tag.startswith(_OF_LANGCHAIN)]
    if model is not None:
        found.append(f"provider:{model.provider}")
    if metadata:
        found += [f"{word}:{metadata[name]}"[:LONGEST_NAME] for name, word in _TOLD.items() if name in metadata]
    return tuple(dict.fromkeys(found))
