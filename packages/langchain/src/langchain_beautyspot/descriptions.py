"""The description of a model as it is now.

LangChain makes it once for each model. It stays as it was when a setting changes, and goes along into a copy
(langchain-ai/langchain issue 39598), so that a cache gave the answers of the model that was.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple, cast
from weakref import ref

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.digest import digest
from langchain_core.language_models import BaseLanguageModel
from langchain_core.load import dumpd

from langchain_beautyspot.callers import model_that_asks
from langchain_beautyspot.clients import said_by_clients
from langchain_beautyspot.model_fields import DESCRIBES, says_nothing
from langchain_beautyspot.model_texts import (
    contents_of_fields,
    contents_of_untold,
    fields_of,
    is_untold,
    own_class,
    unsaid_fields,
    without_chance,
)
from langchain_beautyspot.models import answering, split_description
from langchain_beautyspot.states import State

MAX_MODELS = 256
"""Models that are remembered; some programs make one for each call."""


class Seen(NamedTuple):
    """A model that was looked at."""

    model: Callable[[], Any]
    state: State
    head: str | None
    """What describes it now, where LangChain says something else."""
    more: str
    """What LangChain doesn't say of it."""
    refused: str = ""
    """Why nothing tells it from others."""


class Descriptions:
    """Looks at each model once, and again when a setting has changed: 2 µs for each question, 300 for a new model."""

    def __init__(self) -> None:
        """Know no model."""
        self._seen: dict[int, Seen] = {}

    def now(self, llm_string: str, /) -> str:
        """Return `llm_string`, or what it would be had LangChain described the model that asks anew.

        Raises:
            UnkeyableArgument: nothing tells what one of its fields holds.
        """
        model = model_that_asks()
        return llm_string if model is None else self.of(model, llm_string)

    def of(self, model: BaseLanguageModel[Any], llm_string: str, /) -> str:
        """Return `llm_string`, or what it would be had LangChain described `model` anew.

        Raises:
            UnkeyableArgument: as `now`.
        """
        seen = self._seen.get(id(model))
        if seen is None or seen.model() is not model or not seen.state.is_still_of(model):
            if len(self._seen) >= MAX_MODELS:
                self._seen.clear()
            seen = self._seen[id(model)] = _seen(model, llm_string)
        if seen.refused:
            raise UnkeyableArgument(seen.refused)
        return _text(seen, llm_string)


def _text(seen: Seen, llm_string: str) -> str:
    now = llm_string if seen.head is None else seen.head + split_description(llm_string)[1]
    return f"{now}---{seen.more}" if seen.more else now


def _seen(model: BaseLanguageModel[Any], llm_string: str) -> Seen:
    state = State.of(model)
    try:
        head, more, told = (_of_chat if llm_string.startswith("{") else _of_others)(model, llm_string)
        return Seen(ref(model), state, head, own_class(model) + more + said_by_clients(model, told))
    except UnkeyableArgument as error:
        return Seen(ref(model), state, None, "", str(error))
    except Exception:  # noqa: BLE001 - a provider's own; LangChain's description is there
        return Seen(ref(model), state, None, "")


def _of_chat(model: BaseLanguageModel[Any], llm_string: str) -> tuple[str | None, str, dict[str, Any]]:
    described = dumpd(model)
    told, fields = without_chance(described), cast("dict[str, Any]", described.get("kwargs", {}))
    head = None if told == split_description(llm_string)[0] else json.dumps(told, sort_keys=True)
    return head, contents_of_untold(model, fields), fields


def _of_others(model: BaseLanguageModel[Any], _: str) -> tuple[None, str, dict[str, Any]]:
    """Return what the class of a model leaves out when it says what identifies it, as text models do.

    A default isn't said: a key that LangChain's own words are enough for is found without the model, as an answer that
    came over from a `SQLiteCache` has none.
    """
    if says_nothing(model):
        fields = fields_of(model)
        return None, contents_of_fields(model, fields), fields
    identified: dict[str, Any] = dict(getattr(model, DESCRIBES))
    if not model.is_lc_serializable():
        fields = unsaid_fields(model)
        return None, contents_of_fields(model, fields), identified | fields
    fields = answering(without_chance(dumpd(model))).get("kwargs", {})
    unsaid = {name: each for name, each in fields.items() if not _is_said(model, name, each, identified)}
    more = digest(json.dumps(unsaid, sort_keys=True).encode()).hex() if unsaid else ""
    return None, more + contents_of_untold(model, fields), identified | fields


def _is_said(model: BaseLanguageModel[Any], name: str, value: Any, identified: dict[str, Any]) -> bool:
    field = type(model).model_fields.get(name)
    is_default = field is not None and field.default == value
    is_secret = isinstance(value, dict) and cast("dict[str, Any]", value).get("type") == "secret"
    return is_default or is_secret or is_untold(value) or (name in identified and identified[name] == value)
