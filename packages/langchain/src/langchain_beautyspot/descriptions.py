"""The description of a model as it is now.

LangChain makes it once for each model. It stays as it was when a setting changes, and goes along into a copy
(langchain-ai/langchain issue 39598), so that a cache gave the answers of the model that was.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast
from weakref import WeakKeyDictionary, ref

from langchain_core.language_models import BaseLanguageModel
from langchain_core.load import dumpd
from pydantic import BaseModel

from langchain_beautyspot.callers import model_that_asks
from langchain_beautyspot.model_fields import contents_of_fields, says_nothing
from langchain_beautyspot.models import split_description
from langchain_beautyspot.snapshots import are_same, as_it_is, settings_of

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
        self._counters: WeakKeyDictionary[type[Any], dict[str, Any]] = WeakKeyDictionary()
        """Fields in which a class of the user's counts or lists its calls: no settings. With what each began as."""
        self._began: WeakKeyDictionary[type[Any], dict[str, Any]] = WeakKeyDictionary()
        """Settings of the first model of each such class."""

    def now(self, llm_string: str, /) -> str:
        """Return `llm_string`, or what it would be had LangChain described the model that asks anew."""
        model = model_that_asks()
        if model is None or not (llm_string.startswith("{") or says_nothing(model)):
            return llm_string
        settings, seen = settings_of(model), self._seen.get(id(model))
        if seen is None or seen.model() is not model or not are_same(seen.settings, settings):
            if len(self._seen) >= MAX_MODELS:
                self._seen.clear()
            if says_nothing(model):
                self._began.setdefault(model.__class__, settings)
            seen = self._seen[id(model)] = _seen(model, settings, llm_string, self._counters.get(model.__class__, {}))
        return _text(seen, llm_string)

    def answered(self) -> None:
        """Note in which fields the model that asks counted or listed the call, if its class says nothing of itself."""
        model = model_that_asks()
        seen = None if model is None else self._seen.get(id(model))
        if model is None or seen is None or seen.model() is not model or not says_nothing(model):
            return
        fields, began = cast("type[BaseModel]", type(model)).model_fields, self._began[model.__class__]
        counters = self._counters.setdefault(model.__class__, {})
        for name in (settings_of(model).keys() & fields.keys()) - counters.keys():
            default, now = fields[name].default, getattr(model, name)
            if _is_count(seen.settings.get(name, default), now):
                counters[name] = _beginning(now, began.get(name, default))


def _is_count(before: Any, now: Any) -> bool:
    """Say whether a value counted on or became longer; any other change may be of a setting, by another thread."""
    if type(now) is int:
        return type(before) is int and now > before
    head = as_it_is(_beginning(now, before))
    return (
        isinstance(before, list)
        and are_same({"": head}, {"": before})
        and not are_same({"": head}, {"": as_it_is(now)})
    )


def _beginning(now: Any, began: Any) -> Any:
    """Return the value that a count began as; of a list its own items, as `began` may hold their likenesses."""
    if isinstance(now, list) and isinstance(began, list):
        return cast("list[Any]", now)[: len(cast("list[Any]", began))]
    return began


def _text(seen: Seen, llm_string: str) -> str:
    now = llm_string if seen.head is None else seen.head + split_description(llm_string)[1]
    return f"{now}---{seen.more}" if seen.more else now


def _seen(
    model: BaseLanguageModel[Any], settings: dict[str, Any], llm_string: str, counters: Mapping[str, Any]
) -> Seen:
    if not llm_string.startswith("{"):
        return Seen(ref(model), settings, None, contents_of_fields(model, counters=counters))
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
