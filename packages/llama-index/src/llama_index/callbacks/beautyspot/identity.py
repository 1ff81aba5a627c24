"""What tells one model from another: its class and its settings, without credentials and transport.

`to_payload()` and `metadata` leave out what changes answers, such as the temperature, and `to_dict()` holds the API key
in clear. So the fields themselves are read, at each call, as users change them between calls.
"""

# The values here are the fields of any class, so their types are unknown by nature.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from beautyspot.checks import has_methods
from beautyspot.errors import CacheWarning, ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import PLAIN, Canonical
from beautyspot.keys.registry import KeyRegistry
from beautyspot.notices import Notices

from llama_index.callbacks.beautyspot.copies import STATE
from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.callbacks import CallbackManager
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.core.schema import BaseComponent

NAME_FIELDS = ("model", "model_name", "model_id", "deployment_name", "engine", "azure_deployment", "model_path")
UNKNOWN = "unknown"
LONGEST_NAME = 120
TRANSPORT = frozenset(
    (
        "callback_manager", "rate_limiter", "embeddings_cache", "timeout", "request_timeout", "max_retries", "retries",
        "num_workers", "embed_batch_size", "default_headers", "reuse_client", "verbose", "show_progress",
    )
)  # fmt: skip
"""Fields that say how something is asked for, and not what."""
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
    r"(^|_)(api_?key|(secret|access|private|subscription|account)_key(_id)?|secret|password|credentials?|authorization"
    r"|bearer|(auth|access|session|api|hf|refresh|security|azure_ad|huggingface)_token|token_provider)$"
)
_BARE = ("token", "key")
"""Credentials as fields; an option of a call may mean anything by them."""
_HEADERS = ("extra_headers", "headers")
"""Options that tell a server who asks, and often one request from another."""


def registry_of(known: KeyRegistry, /) -> KeyRegistry:
    """Return a registry that knows LlamaIndex's components by their identity, and what the user said of classes."""
    registry = KeyRegistry()
    registry.functions[BaseComponent] = identity_of
    registry.functions.update(known.functions)
    return registry


def identity_of(component: BaseComponent, /) -> dict[str, Any]:
    """Return the settings that tell `component`, a model or a transformation, from others of its class.

    Raises:
        ConfigurationError: what it is lies in an object that it hides.
    """
    settings = settings_of_fields(component)
    hidden = hidden_by_host(component)
    for name in HIDDEN_MODELS:
        value = hidden.get(name)
        if type(value) not in PLAIN:
            raise ConfigurationError(
                f"{name!r} of {type(component).__name__} holds a {type(value).__name__}, of which no key can be made; "
                "give model_id=, a text that changes when the model does"
            )
        if value is not None:
            settings[name] = value
    return {**settings, **own_private(component)}


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


def keyable_part(component: BaseComponent, canonical: Canonical, /) -> dict[str, Any]:
    """Return the form of those settings that have one, for a component that is known by a `model_id` beside them."""
    part: dict[str, Any] = {}
    for name, value in settings_of_fields(component).items():
        with suppress(UnkeyableArgument, ConfigurationError):
            part[name] = canonical.form(value)
    return part


def warn_of_change(notices: Notices, name: str, remedy: str, /) -> None:
    """Warn of a component that its own call has changed: nothing of what it gives is ever found again."""
    with suppress(CacheWarning):  # where warnings are errors, what was paid for goes to the caller all the same
        notices.warn(
            ("llama_index", "changed", name),
            f"a setting of {name} changed while it was asked, so what it gives is not found again; give the field that "
            f"changes Field(exclude=True), or, if it is a private attribute, {remedy}",
            CacheWarning,
        )


def model_name(component: BaseComponent, /) -> str:
    """Return the name of the model, as it was asked for, or `unknown`."""
    names = (getattr(component, field, None) for field in NAME_FIELDS)
    return next((name for name in names if isinstance(name, str) and name), UNKNOWN)[:LONGEST_NAME]


def is_transport(name: str, /) -> bool:
    """Say whether a setting of that name is a credential, or says how something is asked for."""
    return name in TRANSPORT or name in _BARE or _CREDENTIAL.search(name) is not None


def settings_of_options(options: Mapping[str, Any], /) -> dict[str, Any]:
    """Return those options of a call that may change its answer; 0 and 0.0 are the same to a provider."""
    dropped = {name for name in options if name in _HEADERS or (name not in _BARE and is_transport(name))}
    told = {name: value for name, value in options.items() if name not in dropped}
    whole = {name: int(value) for name, value in told.items() if type(value) is float and value.is_integer()}
    return _telling({**told, **whole})


def settings_of_fields(component: BaseModel, /) -> dict[str, Any]:
    """Return the fields that may change what `component` gives, by their names."""
    settings = {name: getattr(component, name) for name in _counted(type(component))}
    extra: Mapping[str, Any] = getattr(component, "__pydantic_extra__", None) or {}
    settings.update({name: value for name, value in extra.items() if not is_transport(name)})
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
def _counted(class_: type[BaseModel]) -> tuple[str, ...]:
    fields = class_.model_fields.items()
    of_host = {name for each in _host_classes(class_) for name in each.model_fields if name in CLIENTS}
    return tuple(name for name, field in fields if not (field.exclude or is_transport(name) or name in of_host))


@lru_cache(1024)
def _own_private_names(class_: type[BaseModel]) -> tuple[str, ...]:
    of_host = {name for each in _host_classes(class_) for name in each.__private_attributes__}
    return tuple(name for name in class_.__private_attributes__ if name not in of_host and name != STATE)


def _host_classes(class_: type[BaseModel]) -> list[type[BaseModel]]:
    return [each for each in class_.__mro__ if each.__module__.startswith(_HOST) and issubclass(each, BaseModel)]
