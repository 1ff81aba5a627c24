"""What tells one model from another: its class and its settings, without credentials and transport.

`to_payload()` and `metadata` leave out what changes answers, such as the temperature, and `to_dict()` holds the API key
in clear. So the fields themselves are read, at each call, as users change them between calls.
"""

# The values here are the fields of any class, so their types are unknown by nature.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import re
from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from functools import lru_cache, partial
from types import FunctionType
from typing import Any

from beautyspot.checks import has_methods
from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import PLAIN, Canonical
from beautyspot.keys.counted import asked_by, counted_by, counts_of
from beautyspot.keys.registry import KeyRegistry

from llama_index.callbacks.beautyspot.asking import ENTRIES
from llama_index.callbacks.beautyspot.copies import STATE
from llama_index.callbacks.beautyspot.functions import function_identity
from llama_index.callbacks.beautyspot.helpers import Asked, uncounted
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.embeddings.base_sparse import BaseSparseEmbedding
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.generic_utils import messages_to_prompt
from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms.llm import LLM, default_completion_to_prompt
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.core.schema import BaseComponent

NAME_FIELDS = ("model", "model_name", "model_id", "deployment_name", "engine", "azure_deployment", "model_path")
UNKNOWN = "unknown"
LONGEST_NAME = 120
MODELS = (BaseLLM, BaseEmbedding, BaseSparseEmbedding, BaseNodePostprocessor)
"""What asks a provider; LlamaIndex's own take credentials, and say how they ask."""
TRANSPORT = frozenset(
    (
        "callback_manager", "rate_limiter", "embeddings_cache", "timeout", "request_timeout", "max_retries", "retries",
        "num_workers", "embed_batch_size", "default_headers", "reuse_client", "verbose", "show_progress",
    )
)  # fmt: skip
"""Fields of LlamaIndex's own models that say how something is asked for, and not what."""
_IDLE = frozenset(("callback_manager", "num_workers", "show_progress"))
"""Fields that change nothing in any class of LlamaIndex's."""
_OPTIONS = frozenset(
    (
        "callback_manager", "rate_limiter", "timeout", "request_timeout", "max_retries", "default_headers",
        "extra_headers", "headers",
    )
)  # fmt: skip
"""Options of a call that say how, and to a server who asks; headers often tell one request from another."""
CLIENTS = frozenset(("client", "aclient", "async_client", "http_client", "async_http_client"))
"""Fields in which LlamaIndex's own classes hold what sends requests; a class of the user's may hold anything."""
_HOST = "llama_index."
_CARRIERS = frozenset(("aiohttp", "anthropic", "boto3", "botocore", "httpx", "httpx2", "openai", "requests", "urllib3"))
"""Packages whose clients carry requests; none of them is a model."""
_TOOLS = frozenset(("_thread", "asyncio", "concurrent", "logging", "threading"))
"""Packages whose objects, in private attributes, change no answer."""
HIDDEN_MODELS = ("_llm", "_model", "_pipeline", "_previous_response_id")
"""Private attributes in which some classes hold what their fields don't tell of."""
_CREDENTIAL = re.compile(
    r"(^|_)(api_?key|(secret|access|private|subscription|account)_key(_id)?"
    r"|(auth|access|session|api|hf|refresh|security|azure_ad|huggingface)_token|token_provider)$"
)
_WORDS = re.compile(r"^(token|key)$|(^|_)(secret|password|credentials?|authorization|bearer)$")
"""Credentials as fields of LlamaIndex's own models; elsewhere they may mean anything."""
_DATA = (str, int, float, bytes, dict, list, tuple, set, frozenset, type, Enum, FunctionType, partial, BaseModel)
"""What a model's private attributes hold as settings; other objects are clients, made on first use."""
_SHAPING = ("messages_to_prompt", "completion_to_prompt", "query_wrapper_prompt", "output_parser")
"""Fields of a model that no dump holds, and that whoever asks it goes through."""
_DEFAULTS = (None, messages_to_prompt, default_completion_to_prompt)


def registry_of(known: KeyRegistry, /) -> KeyRegistry:
    """Return a registry that knows LlamaIndex's components by their identity, and what the user said of classes."""
    registry, told = KeyRegistry(), tuple(known.functions)
    registry.functions.update({BaseComponent: identity_of, LLM: _nested})
    registry.functions[Asked] = lambda asked: asked.value if isinstance(asked.value, told) else asked.content()
    registry.functions.update(known.functions)
    return registry


def identity_of(component: BaseComponent, /) -> dict[str, Any]:
    """Return the settings that tell `component`, a model or a transformation, from others of its class.

    Raises:
        ConfigurationError: what it is lies in an object that it hides.
    """
    hidden = hidden_by_host(component)
    for name in HIDDEN_MODELS:
        if type(value := hidden.get(name)) not in PLAIN:
            raise ConfigurationError(
                f"{name!r} of {type(component).__name__} holds a {type(value).__name__}, of which no key can be made; "
                "give model_id=, a text that changes when the model does"
            )
    return all_settings(component)


def all_settings(component: BaseModel, /) -> dict[str, Any]:
    """Return what may change what `component` gives: its fields, and what its private attributes hold."""
    settings = {**settings_of_fields(component), **host_private(component), **own_private(component)}
    class_, counts = type(component), _counts(component)
    return {
        name: value if type(value) in PLAIN else uncounted(value, asked_by(class_, ENTRIES, name))
        for name, value in settings.items()
        if name not in counts
    }


def _nested(llm: LLM) -> dict[str, Any]:
    """Return what tells a model within a component: what shapes its prompts there is seen in no question."""
    shaping = {name: getattr(llm, name, None) for name in _SHAPING}
    return {**identity_of(llm), **{name: value for name, value in shaping.items() if value not in _DEFAULTS}}


def host_private(component: BaseModel, /) -> dict[str, Any]:
    """Return what the private attributes that LlamaIndex's own classes declare hold as settings.

    A model's clients are made on first use and would change its keys; a transformation has nothing but settings.
    """
    is_model = isinstance(component, MODELS)
    told: dict[str, Any] = {}
    for name, value in hidden_by_host(component).items():
        bare = name.lstrip("_")
        if value is None or bare in CLIENTS or _package(value) in _TOOLS:
            continue
        if name in HIDDEN_MODELS or not is_model or (not is_transport(bare) and _is_setting(component, bare, value)):
            told[name] = function_identity(value) if is_model and isinstance(value, FunctionType) else value
    return _telling(told)


def _is_setting(model: BaseModel, name: str, value: Any) -> bool:
    # Rerankers and embedding models hold networks, which can be called.
    return isinstance(value, _DATA) or (isinstance(model, BaseLLM) and callable(value) and name != "tokenizer")


def own_private(component: BaseModel, /) -> dict[str, Any]:
    """Return what the private attributes of a class of the user's hold: it may change answers like any field.

    Those of LlamaIndex's own classes are made on first use, and would change the keys.
    """
    hidden: Mapping[str, Any] = getattr(component, "__pydantic_private__", None) or {}
    held = {name: hidden.get(name) for name in _own_private_names(type(component))}
    return _telling(
        {name: value for name, value in held.items() if value is not None and _package(value) not in _TOOLS}
    )


def hidden_by_host(component: BaseModel, /) -> dict[str, Any]:
    """Return the private attributes that LlamaIndex's own classes declare."""
    hidden: Mapping[str, Any] = getattr(component, "__pydantic_private__", None) or {}
    own = _own_private_names(type(component))
    return {name: value for name, value in hidden.items() if name not in own and name != STATE}


def keyable_part(settings: Mapping[str, Any], canonical: Canonical, /) -> dict[str, Any]:
    """Return the form of those settings that have one, for a component that is known by a `model_id` beside them."""
    part: dict[str, Any] = {}
    for name, value in settings.items():
        with suppress(UnkeyableArgument, ConfigurationError):
            part[name] = canonical.form(value)
    return part


def is_users(class_: type[BaseModel], name: str, /) -> bool:
    """Say whether a class of the user's declares the field or private attribute of that name."""
    hosts = _host_classes(class_)
    return not any(name in each.model_fields or name in each.__private_attributes__ for each in hosts)


def model_name(component: BaseComponent, /) -> str:
    """Return the name of the model, as it was asked for, or `unknown`."""
    names = (getattr(component, field, None) for field in NAME_FIELDS)
    return next((name for name in names if isinstance(name, str) and name), UNKNOWN)[:LONGEST_NAME]


def is_transport(name: str, /) -> bool:
    """Say whether a setting of one of LlamaIndex's own models is a credential, or says how something is asked for."""
    return name in TRANSPORT or is_credential(name) or _WORDS.search(name) is not None


def is_credential(name: str, /) -> bool:
    """Say whether a name can mean nothing but a credential."""
    return _CREDENTIAL.search(name) is not None


def settings_of_options(options: Mapping[str, Any], /) -> dict[str, Any]:
    """Return those options of a call that may change its answer; 0 and 0.0 are the same to a provider."""
    told = {name: value for name, value in options.items() if not (name in _OPTIONS or is_credential(name))}
    whole = {name: int(value) for name, value in told.items() if type(value) is float and value.is_integer()}
    return _telling({**told, **whole})


def settings_of_fields(component: BaseModel, /) -> dict[str, Any]:
    """Return the fields that may change what `component` gives, by their names."""
    class_ = type(component)
    settings = {name: getattr(component, name) for name in _telling_fields(class_)}
    extra: Mapping[str, Any] = getattr(component, "__pydantic_extra__", None) or {}
    of_host = class_.__module__.startswith(_HOST)
    settings.update({name: value for name, value in extra.items() if not _is_idle(class_, name, of_host=of_host)})
    return _telling(settings)


def _telling(settings: dict[str, Any]) -> dict[str, Any]:
    """Return `settings` without secrets and what carries requests, of which the address alone counts."""
    told: dict[str, Any] = {}
    for name, value in settings.items():
        if type(value) in PLAIN:
            if value is not None or name not in CLIENTS:  # one that is not made yet
                told[name] = value
        elif _is_client(value):
            address = getattr(value, "base_url", None)
            if address:
                told[name] = str(address)
        elif not (hasattr(type(value), "get_secret_value") or isinstance(value, CallbackManager | BaseRateLimiter)):
            told[name] = value
    return told


def _is_client(value: Any) -> bool:
    # What can be closed: their packages have URLs, options and messages as well, which count.
    return _package(value) in _CARRIERS and any(has_methods(value, name) for name in ("close", "aclose"))


def _package(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


@lru_cache(1024)
def _telling_fields(class_: type[BaseModel]) -> tuple[str, ...]:
    hosts = _host_classes(class_)
    idle = {name for each in hosts for name in each.model_fields if _is_idle(each, name, of_host=True)}
    # Whoever writes a field of a class of theirs, or of a model, leaves it out of dumps because it changes nothing.
    given = {name for each in hosts if not issubclass(each, MODELS) for name in each.model_fields}
    return tuple(
        name
        for name, field in class_.model_fields.items()
        if not (name in idle or _is_idle(class_, name, of_host=False) or (field.exclude and name not in given))
    )


def _is_idle(class_: type[BaseModel], name: str, *, of_host: bool) -> bool:
    if not issubclass(class_, MODELS):
        return of_host and (name in _IDLE or name in CLIENTS)
    return is_credential(name) or (of_host and (name in CLIENTS or is_transport(name)))


@lru_cache(1024)
def _own_private_names(class_: type[BaseModel]) -> tuple[str, ...]:
    of_host = {name for each in _host_classes(class_) for name in each.__private_attributes__}
    return tuple(name for name in class_.__private_attributes__ if name not in of_host and name != STATE)


def _counts(component: BaseModel) -> frozenset[str]:
    """Return the fields and private attributes of a class of the user's in which a component counts or lists calls."""
    names = _counting(type(component))
    if not names:
        return names
    return names & counts_of(component, {**vars(component), **(component.__pydantic_private__ or {})}, ENTRIES)


@lru_cache(1024)
def _counting(class_: type[BaseModel]) -> frozenset[str]:
    return frozenset(name for name in counted_by(class_, ENTRIES) if is_users(class_, name))


def _host_classes(class_: type[BaseModel]) -> list[type[BaseModel]]:
    return [each for each in class_.__mro__ if each.__module__.startswith(_HOST) and issubclass(each, BaseModel)]
