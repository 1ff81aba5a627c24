"""The text that tells a model from others, made anew at each call."""

import json
from collections.abc import Mapping
from typing import Any, cast

from langchain_core.language_models import BaseLanguageModel
from langchain_core.load import dumpd

from langchain_beautyspot.models import answering


def model_text(model: BaseLanguageModel[Any], settings: Mapping[str, Any] | None = None, /) -> str:
    """Return what tells a model's answers; LangChain's own text stays as it was when a setting changes.

    Args:
        model: A chat or text model.
        settings: Of one call; what names another model goes into the text.
    """
    named = {name: settings[name] for name in ("model", "model_name") if settings and name in settings}
    if not model.is_lc_serializable():
        # What a cache is told of the other models.
        told = {"_type": _hidden(model, "_llm_type"), **_hidden(model, "_identifying_params"), **named}
        return f"{type(model).__module__}.{type(model).__qualname__}{sorted(told.items())}"
    described = answering(_without_addresses(dumpd(model)))
    return json.dumps(described, sort_keys=True) + f"---{sorted(named.items())}"


def _hidden(model: Any, name: str) -> Any:
    return getattr(model, name)


def _without_addresses(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_addresses(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        left_out = ("repr", "graph") if fields.get("lc") == 1 else ()
        return {name: _without_addresses(each) for name, each in fields.items() if name not in left_out}
    return value
