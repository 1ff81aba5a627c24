"""What tells one embedding model from another."""

from types import FunctionType
from typing import Any, NamedTuple

from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import qualified_name

from llama_index.callbacks.beautyspot.asking import Settings, Watch
from llama_index.callbacks.beautyspot.copies import own_class
from llama_index.callbacks.beautyspot.identity import (
    HIDDEN_MODELS,
    UNKNOWN,
    all_settings,
    hidden_by_host,
    is_users,
    keyable_part,
    model_name,
    registry_of,
)
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.embeddings.base_sparse import BaseSparseEmbedding
from llama_index.core.bridge.pydantic import BaseModel
from llama_index.core.postprocessor.types import BaseNodePostprocessor

Embedder = BaseEmbedding | BaseSparseEmbedding
IDLE = frozenset(
    (
        "allow_remote", "batch_size", "cache_dir", "cache_folder", "device", "local_files_only", "parallel",
        "parallel_process", "pool_target_devices", "show_progress_bar", "target_devices", "threads",
        "trust_remote_code",
    )
)  # fmt: skip
"""Settings that change how vectors are made, not what they are. One that is missing here costs misses, and one too many
would give wrong vectors."""


class Identity(NamedTuple):
    """What tells a model from others."""

    content: bytes
    """What of it is in keys."""
    settings: Settings
    """Those that are in the content, as they were then."""


def registry_with_embedders(known: KeyRegistry, /) -> KeyRegistry:
    """Return a registry that knows components by their settings, and embedding models by `settings_of`."""
    registry = registry_of(known)
    registry.functions.update(dict.fromkeys((BaseEmbedding, BaseSparseEmbedding, BaseNodePostprocessor), settings_of))
    return registry


def settings_of(model: BaseModel, /) -> dict[str, Any]:
    """Return the settings that tell an embedding model or reranker from others of its class.

    Raises:
        ConfigurationError: what it is lies in an object that it hides.
    """
    hidden = hidden_by_host(model)
    objects = [value for value in hidden.values() if not _is_plain(value)]
    name = model_name(model)  # pyright: ignore[reportArgumentType] - asked for attributes alone
    # A component within, such as the model below an adapter, is told of by its name alone, if at all.
    hides_component = any(isinstance(value, BaseModel) for value in objects)
    if hides_component or (objects and name in (UNKNOWN, *(type(value).__name__ for value in objects))):
        raise ConfigurationError(
            f"nothing names the model that {own_class(model).__name__} holds as {type(objects[0]).__name__!r}, so its "
            "results could pass for another's; give model_id=, a text that changes when the model does"
        )
    return _working(model)


def _working(model: BaseModel) -> dict[str, Any]:
    """Return what may change a result; private attributes stand for fields of their names."""
    return {
        name: value
        for name, value in all_settings(model).items()
        if name.lstrip("_") not in IDLE and (name not in HIDDEN_MODELS or _is_plain(value))  # a field names objects
    }


def identity_of_embedder(model: Any, canonical: Canonical, model_id: str | None, /) -> Identity:
    """Return what tells `model` from others; with a word of the user's, only settings that have content count.

    Raises:
        ConfigurationError: nothing does, or a setting has no content that a key could be made of.
    """
    name = qualified_name(own_class(model))
    if model_id is not None:
        settings = keyable_part(_working(model), canonical)
        return Identity(pack(["model", name, model_id, settings]), settings)
    try:
        settings = canonical.form(settings_of(model))
    except UnkeyableArgument as error:
        raise ConfigurationError(
            f"a setting of {own_class(model).__name__} can't be part of a key ({error}); give model_id=, a text that "
            "changes when the model does"
        ) from error
    return Identity(pack(["settings", name, settings]), settings)


def watch_of(model: Any, canonical: Canonical, known: Settings, /) -> Watch:
    """Return what sees whether `model` is asked with the settings that it had when its keys were made."""
    return Watch(
        model, known, lambda: keyable_part(_working(model), canonical), lambda name: is_users(own_class(model), name)
    )


def func_name_of(model: Any, model_id: str | None, /) -> str:
    """Return what the rows of `model` are filed under."""
    name = model_name(model) if model_id is None else model_id
    return f"llama_index.{own_class(model).__name__}.{name}"


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | bytes | int | float | bool | FunctionType)
