"""Settings of a model that its description says nothing of: the pydantic fields of a class of the user's."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from beautyspot.errors import UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.counted import counted_by, counts_of
from beautyspot.keys.digest import digest
from beautyspot.keys.registry import KeyRegistry
from langchain_core.language_models import LLM, BaseChatModel, BaseLanguageModel
from pydantic import BaseModel, SecretBytes, SecretStr

from langchain_beautyspot.models import IDLE_FIELDS

OF_LANGCHAIN = frozenset(BaseChatModel.model_fields) | frozenset(LLM.model_fields) | IDLE_FIELDS
"""Fields of every model; none changes an answer, but `output_version`, which a class of the user's ignores."""
DESCRIBES = "_identifying_params"
ANSWERS = ("_generate", "_agenerate", "_stream", "_astream", "_call", "_acall")
"""Methods of a model by which LangChain asks it."""
_SECRET = re.compile(r"(api|access|auth|secret|subscription)_?(key|token)|credentials|password")
_FORM = Canonical(KeyRegistry()).form


def is_secret(name: str, value: Any, /) -> bool:
    """Say whether a setting is a key or a password, which tells no answers apart and must reach no key."""
    return isinstance(value, SecretStr | SecretBytes) or _SECRET.search(name.lower()) is not None


def says_nothing(model: Any, /) -> bool:
    """Say whether the class of a model leaves it to LangChain to say what identifies it: nothing, that is."""
    return _says_nothing(model.__class__)


@cache
def _says_nothing(kind: type[Any]) -> bool:
    return getattr(kind, DESCRIBES, None) is getattr(BaseLanguageModel, DESCRIBES)


def counted(model: BaseModel, /) -> frozenset[str]:
    """Return the fields in which a model counts or lists its own calls, if its class says nothing of itself."""
    names = _counting(type(model))
    return counts_of(model, vars(model), ANSWERS) if names else names


@cache
def _counting(kind: type[Any]) -> frozenset[str]:
    return counted_by(kind, ANSWERS) if _says_nothing(kind) else frozenset()


def contents_of_fields(model: BaseModel, names: Iterable[str] | None = None, /) -> str:
    """Return a digest of a model's own fields; "" where there are none with content, as a client has none.

    Args:
        model: A pydantic model.
        names: Those of the fields that are meant; None for all of its class but those that its calls count in.
    """
    contents: dict[str, Any] = {}
    left_out = OF_LANGCHAIN if names is not None else OF_LANGCHAIN | counted(model)
    for name, field in type(model).model_fields.items():
        value = getattr(model, name, None)
        if name in left_out or field.exclude or is_secret(name, value) or not (names is None or name in names):
            continue
        try:
            contents[name] = _FORM(value)
        except (UnkeyableArgument, RecursionError):
            continue
    return digest(pack(contents)).hex() if contents else ""
