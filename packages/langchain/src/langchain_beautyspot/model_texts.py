"""The text that tells a model from others, made anew at each call."""

import json
from collections.abc import Mapping
from typing import Any, cast

from beautyspot.errors import UnkeyableArgument
from langchain_core.language_models import BaseLanguageModel
from langchain_core.load import dumpd

from langchain_beautyspot.clients import said_by_clients
from langchain_beautyspot.model_fields import DESCRIBES, contents_of_fields, says_nothing
from langchain_beautyspot.models import answering


def model_text(model: BaseLanguageModel[Any], settings: Mapping[str, Any] | None = None, /) -> str:
    """Return what tells a model's answers; LangChain's own text stays as it was when a setting changes.

    Args:
        model: A chat or text model.
        settings: Of one call; what names another model goes into the text.

    Raises:
        UnkeyableArgument: it is something else that passes for a model, and nothing tells what it is made of.
    """
    named = {name: settings[name] for name in ("model", "model_name") if settings and name in settings}
    if not model.is_lc_serializable():
        # What a cache is told of the other models.
        told = {"_type": _hidden(model, "_llm_type"), **_hidden(model, DESCRIBES), **named}
        more = (contents_of_fields(model) if says_nothing(model) else "") + said_by_clients(model, told)
        return f"{type(model).__module__}.{type(model).__qualname__}{sorted(told.items())}{more}"
    described = dumpd(model)
    if described.get("type") != "constructor":
        name = type(model).__qualname__
        raise UnkeyableArgument(f"{name!r} passes for a model and says nothing of its settings; give a chat model")
    described = answering(_without_graphs(described))
    said = said_by_clients(model, described["kwargs"])
    return json.dumps(described, sort_keys=True) + f"---{sorted(named.items())}{said}"


def _hidden(model: Any, name: str) -> Any:
    return getattr(model, name)


def _without_graphs(value: Any) -> Any:
    """Return a description without the drawings of Runnables, which number their parts by chance.

    The `repr` of what has no other description stays, also where it holds an address: a call that is made again is
    better than the answer of another model.
    """
    if isinstance(value, list):
        return [_without_graphs(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        drawn = fields.get("lc") == 1
        return {name: _without_graphs(each) for name, each in fields.items() if not (drawn and name == "graph")}
    return value
