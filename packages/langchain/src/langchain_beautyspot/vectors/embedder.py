"""What tells one embedding model from another."""

from typing import Any, NamedTuple

from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.counted import counts_of
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import qualified_name
from langchain_core.embeddings import Embeddings
from pydantic import BaseModel

from langchain_beautyspot.clients import addresses_beside
from langchain_beautyspot.model_fields import is_secret
from langchain_beautyspot.snapshots import are_same, as_it_is

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
ENTRIES = ("embed_documents", "aembed_documents", "embed_query", "aembed_query")
"""Methods by which a model is asked; what it counts there makes it no other."""
LONGEST_TEXT = 200
"""Signs of an object's own words that count as a setting; a client may tell its whole state."""
_FORM = Canonical(KeyRegistry()).form


class Embedder(NamedTuple):
    """A model as keys and queries know it."""

    func_name: str
    """What its rows are filed under."""
    identity: bytes


class WatchedModel:
    """Tells a model from others by what it is now."""

    def __init__(self, embeddings: Embeddings, model: str | None) -> None:
        """Look at `embeddings`; the word of the user goes before all settings.

        Raises:
            ConfigurationError: it has settings, but none that can be read, or one that can't be told from others.
        """
        self._embeddings, self._model = embeddings, model
        self._seen = None if model is not None else _changeable(embeddings)
        self._embedder = _embedder_of(embeddings, model)

    def now(self) -> Embedder:
        """Return what tells the model from others, looking again if a setting has changed.

        Raises:
            ConfigurationError: as for a new one.
        """
        if self._seen is not None and not are_same(self._seen, now := _changeable(self._embeddings)):
            self._embedder = _embedder_of(self._embeddings, None)
            self._seen = now
        return self._embedder

    def is_still(self, embedder: Embedder, /) -> bool:
        """Say whether the model is what it was."""
        try:
            return self.now().identity == embedder.identity
        except ConfigurationError:
            return False


def _changeable(embeddings: Embeddings) -> dict[str, Any]:
    """Return a model's settings as they are now; of a plain class its name, as in others it may count its calls."""
    settings = _settings(embeddings)
    if not isinstance(embeddings, BaseModel):
        settings = {name: settings[name] for name in NAME_FIELDS if name in settings}
    return {name: as_it_is(value) for name, value in settings.items()}


def _embedder_of(embeddings: Embeddings, model: str | None) -> Embedder:
    kind = type(embeddings)
    if model is not None:
        return Embedder(f"langchain.embeddings.{model}", pack(["model", model]))
    settings = _settings(embeddings)
    told = _told(settings)
    name = next((told[field] for field in NAME_FIELDS if isinstance(told.get(field), str)), kind.__name__)
    return Embedder(f"langchain.embeddings.{name}", pack(["settings", qualified_name(kind), told]))


def _told(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what settings say, and what models among them do: one may stand in front of another.

    Raises:
        ConfigurationError: one is an object that says nothing of itself, such as a model that was loaded.
    """
    told: dict[str, Any] = {}
    for name, value in sorted(settings.items()):
        if isinstance(value, Embeddings | BaseModel):
            told[name] = [qualified_name(type(value)), _told(_settings(value))]
        else:
            told[name] = _content(name, value)
    return told


def _content(name: str, value: Any) -> Any:
    kind = qualified_name(value.__class__)
    if isinstance(value, dict):
        return sorted([repr(each), _content(f"{name}[{each!r}]", item)] for each, item in value.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - settings are anything
    if isinstance(value, list | tuple):
        return [_content(f"{name}[{place}]", item) for place, item in enumerate(value)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - as above
    try:
        return _FORM(value)
    except (UnkeyableArgument, RecursionError):
        if not _says_itself(value):
            raise ConfigurationError(
                f"the setting {name!r} holds {kind!r}, which doesn't say what it is, so vectors of two models could "
                "mix; give CachedEmbeddings(…, model='a name of your own')"
            ) from None
        return [kind, repr(value)]  # such as torch.float16


def _says_itself(value: Any) -> bool:
    try:
        _FORM(value)
    except (UnkeyableArgument, RecursionError):
        text = repr(value)
        return len(text) < LONGEST_TEXT and " at 0x" not in text
    return True


def _settings(embeddings: Embeddings | BaseModel) -> dict[str, Any]:
    own: dict[str, Any] = getattr(embeddings, "__dict__", {})
    if isinstance(embeddings, BaseModel):
        names = type(embeddings).model_fields.keys() - counts_of(embeddings, own, ENTRIES)
        own = {name: value for name, value in own.items() if name in names} | (embeddings.model_extra or {})
    settings = {
        name: value for name, value in own.items() if name.lstrip("_") not in IDLE_FIELDS and not is_secret(name, value)
    }
    addresses = addresses_beside(embeddings, settings)
    return {**settings, "addresses of clients": addresses} if addresses else settings
