"""The description of a model as it is now.

LangChain makes it once for each model. It stays as it was when a setting changes, and goes along into a copy
(langchain-ai/langchain issue 39598), so that a cache gave the answers of the model that was.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple, cast
from weakref import ref

from langchain_core.language_models import BaseLanguageModel
from langchain_core.load import dumpd

from langchain_beautyspot.callers import model_that_asks
from langchain_beautyspot.model_fields import contents_of_fields, says_nothing
from langchain_beautyspot.models import split_description
from langchain_beautyspot.snapshots import are_same, settings_of

MAX_MODELS = 256
"""Models that are remembered; some programs make one for each call."""


class Seen(NamedTuple):
    """A model that was looked at."""

    model: Callable[[], Any]
    settings: dict[str, Any]
    """Those that were given, as they were then."""
    head: str | None
    """What describes it now, where LangChain says something else."""
    more: str
    """What LangChain doesn't say of it."""


class Descriptions:
    """Looks at each model once, and again when a setting has changed: 1 µs for each question, 300 for a new model."""

    def __init__(self) -> None:
        """Know no model."""
        self._seen: dict[int, Seen] = {}

    def now(self, llm_string: str, /) -> str:
        """Return `llm_string`, or what it would be had LangChain described the model that asks anew."""
        model = model_that_asks()
        if model is None or not (llm_string.startswith("{") or says_nothing(model)):
            return llm_string
        settings, seen = settings_of(model), self._seen.get(id(model))
        if seen is None or seen.model() is not model or not are_same(seen.settings, settings):
            if len(self._seen) >= MAX_MODELS:
                self._seen.clear()
            seen = self._seen[id(model)] = _seen(model, settings, llm_string)
        return _text(seen, llm_string)


def _text(seen: Seen, llm_string: str) -> str:
    now = llm_string if seen.head is None else seen.head + split_description(llm_string)[1]
    return f"{now}---{seen.more}" if seen.more else now


def _seen(model: BaseLanguageModel[Any], settings: dict[str, Any], llm_string: str) -> Seen:
    if not llm_string.startswith("{"):
        return Seen(ref(model), settings, None, contents_of_fields(model))
    try:
        described = dumpd(model)
        told, fields = _told(described), cast("dict[str, Any]", described.get("kwargs", {}))
    except Exception:  # noqa: BLE001 - a provider's own; LangChain's description is there
        return Seen(ref(model), settings, None, "")
    head = None if told == split_description(llm_string)[0] else json.dumps(told, sort_keys=True)
    # Objects without a description in JSON: of each the class alone.
    more = contents_of_fields(model, [name for name, each in fields.items() if _is_untold(each)])
    return Seen(ref(model), settings, head, more)


def _is_untold(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_untold, cast("list[Any]", value)))
    if not isinstance(value, dict):
        return False
    fields = cast("dict[str, Any]", value)
    return fields.get("type") == "not_implemented" or any(map(_is_untold, fields.values()))


def _told(value: Any) -> Any:
    """Return a description without what LangChain leaves out for caches: addresses, and drawings of Runnables."""
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, Any]", value)
    kept = {name: each for name, each in fields.items() if name != "graph" and not _is_address(name, fields)}
    if isinstance(kept.get("kwargs"), dict):
        kept["kwargs"] = {name: _told(each) for name, each in cast("dict[str, Any]", kept["kwargs"]).items()}
    return kept


def _is_address(name: str, fields: dict[str, Any]) -> bool:
    return name == "repr" and fields.get("type") == "not_implemented"
