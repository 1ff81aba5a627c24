"""Settings of a model that its description says nothing of: the pydantic fields of a class of the user's."""

import re
from functools import cache
from typing import Any

from beautyspot.keys.counted import counted_by, counts_of
from beautyspot.keys.lenient import is_of_a_library
from langchain_core.language_models import LLM, BaseChatModel, BaseLanguageModel
from pydantic import BaseModel, SecretBytes, SecretStr

from langchain_beautyspot.models import IDLE_FIELDS

OF_LANGCHAIN = frozenset(BaseChatModel.model_fields) | frozenset(LLM.model_fields) | IDLE_FIELDS
"""Fields of every model; none changes an answer, but `output_version`, which a class of the user's ignores."""
DESCRIBES = "_identifying_params"
ANSWERS = ("_generate", "_agenerate", "_stream", "_astream", "_call", "_acall")
"""Methods of a model by which LangChain asks it."""
_SECRET = re.compile(
    r"(api|access|auth|bearer|secret|subscription)_?(key|token)|(^|_)ad_token|token_provider$|credential(s|$)|password$"
)
_HOST = "langchain"


def is_secret(name: str, value: Any, /) -> bool:
    """Say whether a setting is a key or a password, which tells no answers apart and must reach no key."""
    if isinstance(value, SecretStr | SecretBytes):
        return True
    return not isinstance(value, bool | int | float) and _SECRET.search(name.lower()) is not None


def is_of_langchain(kind: type[Any], /) -> bool:
    """Say whether a class is LangChain's own, or one of its packages for providers'."""
    return kind.__module__.startswith(_HOST)


def is_users(kind: type[Any], name: str, /) -> bool:
    """Say whether a class of the user's declares the field of that name."""
    hosts = (each for each in kind.__mro__ if is_of_langchain(each) and issubclass(each, BaseModel))
    return not any(name in each.model_fields for each in hosts)


def says_nothing(model: Any, /) -> bool:
    """Say whether the class of a model leaves it to LangChain to say what identifies it: nothing, that is."""
    return _says_nothing(model.__class__)


@cache
def _says_nothing(kind: type[Any]) -> bool:
    return getattr(kind, DESCRIBES, None) is getattr(BaseLanguageModel, DESCRIBES)


@cache
def is_told_by_library(kind: type[Any], /) -> bool:
    """Say whether what identifies a model, and its settings, is in the words of a library's class, not the user's."""
    teller = next((each for each in kind.__mro__ if DESCRIBES in vars(each)), kind)
    return is_of_a_library(teller) and not (_says_nothing(kind) or kind.is_lc_serializable())


def counted(model: BaseModel, /) -> frozenset[str]:
    """Return the fields in which a model counts or lists its own calls, where its fields tell it from others."""
    names, known = _counting(type(model))
    return known | counts_of(model, vars(model), ANSWERS) if names != known else known


@cache
def _counting(kind: type[Any]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the fields in which a class counts or lists calls, and those of them that a library's class declares.

    What the user's class declares counts from nothing only, as anything else was given. A copy of a library's model
    begins where that stood.
    """
    by_library = is_told_by_library(kind)
    names = counted_by(kind, ANSWERS) if by_library or _says_nothing(kind) else frozenset[str]()
    return names, frozenset(name for name in names if by_library and not is_users(kind, name))
