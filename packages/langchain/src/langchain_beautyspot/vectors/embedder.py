"""What tells one embedding model from another."""

from typing import Any, NamedTuple

from beautyspot import ConfigurationError
from beautyspot.keys.canonical import pack
from beautyspot.names import qualified_name
from langchain_core.embeddings import Embeddings
from pydantic import BaseModel, SecretStr

NAME_FIELDS = ("model", "model_name", "model_id", "deployment", "repo_id")
IDLE_FIELDS = frozenset(
    (
        "allowed_special", "async_client", "batch_size", "cache_folder", "check_embedding_ctx_length", "chunk_size",
        "client", "disallowed_special", "headers", "http_async_client", "http_client", "max_concurrency", "max_retries",
        "max_workers", "multi_process", "openai_organization", "openai_proxy", "parallel", "request_timeout",
        "retry_max_seconds", "retry_min_seconds", "show_progress", "show_progress_bar", "skip_empty", "threads",
        "timeout", "user", "verbose",
    )
)  # fmt: skip
"""Settings that change how texts are sent, not what comes of them. One that is missing here costs misses, and one too
many would give wrong vectors."""
PLAIN = (str, int, float, bool, type(None))


class Embedder(NamedTuple):
    """A model as keys and queries know it."""

    func_name: str
    """What its rows are filed under."""
    identity: bytes


def embedder_of(embeddings: Embeddings, model: str | None, /) -> Embedder:
    """Return what tells `embeddings` from others; the word of the user goes before all settings.

    Raises:
        ConfigurationError: it has settings, but none that can be read.
    """
    kind = type(embeddings)
    if model is not None:
        return Embedder(f"langchain.embeddings.{model}", pack(["model", model]))
    settings = _settings(embeddings)
    plain = _plain(settings)
    if settings and not plain:
        raise ConfigurationError(
            f"nothing plain tells {qualified_name(kind)!r} from other models; its settings are objects; "
            "give CachedEmbeddings(…, model='a name of your own')"
        )
    name = next((plain[field] for field in NAME_FIELDS if isinstance(plain.get(field), str)), kind.__name__)
    return Embedder(f"langchain.embeddings.{name}", pack(["settings", qualified_name(kind), plain]))


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Return those settings that are plain, and what models among them are: one may stand in front of another."""
    plain: dict[str, Any] = {}
    for name, value in sorted(settings.items()):
        if isinstance(value, Embeddings | BaseModel):
            plain[name] = [qualified_name(type(value)), _plain(_settings(value))]
        elif _is_plain(value):
            plain[name] = value
    return plain


def _settings(embeddings: Embeddings | BaseModel) -> dict[str, Any]:
    if isinstance(embeddings, BaseModel):
        found = {name: getattr(embeddings, name, None) for name in type(embeddings).model_fields}
    else:
        found = dict(getattr(embeddings, "__dict__", {}))
    idle = {name for name, value in found.items() if name in IDLE_FIELDS or isinstance(value, SecretStr)}
    return {name: value for name, value in found.items() if name not in idle and "key" not in name.lower()}


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(each) for name, each in value.items())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))  # pyright: ignore[reportUnknownArgumentType]
    return type(value) in PLAIN
