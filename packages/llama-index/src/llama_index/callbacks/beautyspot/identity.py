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

from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import PLAIN, Canonical
from beautyspot.keys.registry import KeyRegistry

from llama_index.core.schema import BaseComponent

NAME_FIELDS = ("model", "model_name", "model_id", "deployment_name", "engine", "azure_deployment", "model_path")
UNKNOWN = "unknown"
LONGEST_NAME = 120
TRANSPORT = frozenset(
    (
        "callback_manager", "rate_limiter", "embeddings_cache", "timeout", "request_timeout", "max_retries", "retries",
        "num_workers", "embed_batch_size", "default_headers", "reuse_client", "http_client", "async_http_client",
        "client", "aclient", "async_client", "verbose", "show_progress",
    )
)  # fmt: skip
"""Fields that say how something is asked for, and not what."""
HIDDEN_MODELS = ("_llm", "_model", "_pipeline", "_previous_response_id")
"""Private attributes in which some classes hold what their fields don't tell of."""
_CREDENTIAL = re.compile(
    r"(^|_)(api_?key|(secret|access|private|subscription|account)_key(_id)?|secret|password|credentials?|authorization"
    r"|bearer|(auth|access|session|api|hf|refresh|security|azure_ad|huggingface)_token|token_provider)$|^(token|key)$"
)


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
    settings = _settings(component)
    hidden: Mapping[str, Any] = getattr(component, "__pydantic_private__", None) or {}
    for name in HIDDEN_MODELS:
        value = hidden.get(name)
        if type(value) not in PLAIN:
            raise ConfigurationError(
                f"{name!r} of {type(component).__name__} holds a {type(value).__name__}, of which no key can be made; "
                "give model_id=, a text that changes when the model does"
            )
        if value is not None:
            settings[name] = value
    return settings


def keyable_part(component: BaseComponent, canonical: Canonical, /) -> dict[str, Any]:
    """Return the form of those settings that have one, for a component that is known by a `model_id` beside them."""
    part: dict[str, Any] = {}
    for name, value in _settings(component).items():
        with suppress(UnkeyableArgument, ConfigurationError):
            part[name] = canonical.form(value)
    return part


def model_name(component: BaseComponent, /) -> str:
    """Return the name of the model, as it was asked for, or `unknown`."""
    names = (getattr(component, field, None) for field in NAME_FIELDS)
    return next((name for name in names if isinstance(name, str) and name), UNKNOWN)[:LONGEST_NAME]


def is_transport(name: str, /) -> bool:
    """Say whether a setting of that name is a credential, or says how something is asked for."""
    return name in TRANSPORT or _CREDENTIAL.search(name) is not None


def _settings(component: BaseComponent) -> dict[str, Any]:
    settings = {name: getattr(component, name) for name in _counted(type(component))}
    extra: Mapping[str, Any] = getattr(component, "__pydantic_extra__", None) or {}
    settings.update({name: value for name, value in extra.items() if not is_transport(name)})
    return {name: value for name, value in settings.items() if not hasattr(type(value), "get_secret_value")}


@lru_cache(1024)
def _counted(class_: type[BaseComponent]) -> tuple[str, ...]:
    fields = class_.model_fields.items()
    return tuple(name for name, field in fields if not (field.exclude or is_transport(name)))
