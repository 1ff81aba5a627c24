"""What tells one embedding model from another."""

from typing import Any, NamedTuple, cast

from beautyspot.errors import ConfigurationError
from beautyspot.keys.attributes import attributes, slots_of
from beautyspot.keys.canonical import pack
from beautyspot.keys.counted import asked_by, counts_of
from beautyspot.keys.lenient import is_of_a_library
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import qualified_name
from langchain_core.embeddings import Embeddings
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from langchain_beautyspot.carriers import telling_setting
from langchain_beautyspot.clients import SCOPES, said_by_clients
from langchain_beautyspot.model_fields import is_secret
from langchain_beautyspot.model_texts import HELD
from langchain_beautyspot.part_forms import PartForms, blamed, said_as_client
from langchain_beautyspot.snapshots import as_it_is
from langchain_beautyspot.states import State

NAME_FIELDS = ("model", "model_name", "model_id", "deployment", "repo_id")
IDLE_FIELDS = frozenset(
    (
        "allowed_special", "async_client", "batch_size", "cache_folder", "check_embedding_ctx_length", "chunk_size",
        "client", "disallowed_special", "http_async_client", "http_client", "max_concurrency", "max_retries",
        "max_workers", "multi_process", "openai_organization", "openai_proxy", "parallel", "request_timeout",
        "retry_max_seconds", "retry_min_seconds", "show_progress", "show_progress_bar", "skip_empty", "threads",
        "timeout", "user", "verbose",
    )
)  # fmt: skip
"""Settings that change how texts are sent, not what comes of them. One that is missing here costs misses, and one too
many would give wrong vectors."""
CLIENTS = frozenset(("async_client", "client", "http_async_client", "http_client"))
"""Those of them that a class of the program's own may hold its model in."""
SAID = "said by clients"
"""The server and headers that no setting tells: a gateway may choose the model by them."""
ENTRIES = ("embed_documents", "aembed_documents", "embed_query", "aembed_query")
"""Methods by which a model is asked; what it counts there makes it no other."""


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
        self._seen = None if model is not None else State.of(embeddings, _changeable)
        self._embedder = _embedder_of(embeddings, model)

    def now(self) -> Embedder:
        """Return what tells the model from others, looking again if a setting has changed.

        Raises:
            ConfigurationError: as for a new one.
        """
        if self._seen is not None and not self._seen.is_still_of(self._embeddings):
            seen = State.of(self._embeddings, _changeable)
            self._embedder = _embedder_of(self._embeddings, None)
            self._seen = seen
        return self._embedder

    def is_still(self, embedder: Embedder, /) -> bool:
        """Say whether the model is what it was."""
        try:
            return self.now().identity == embedder.identity
        except ConfigurationError:
            return False


def _changeable(embeddings: Embeddings) -> dict[str, Any]:
    """Return a model's settings as they are now; of a plain class its name, as in others it may count its calls."""
    settings, _ = _settings(embeddings)
    if not isinstance(embeddings, BaseModel):
        settings = {name: settings[name] for name in NAME_FIELDS if name in settings}
    return {name: _now(value) for name, value in settings.items()}


def _now(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_now(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _now(each) for name, each in cast("dict[Any, Any]", value).items()}
    if not isinstance(value, Embeddings):
        return as_it_is(value)
    return [type(value) if isinstance(value, BaseModel) else value, _changeable(value)]


def _embedder_of(embeddings: Embeddings, model: str | None) -> Embedder:
    kind = type(embeddings)
    if model is not None:
        return Embedder(f"langchain.embeddings.{model}", pack(["model", model]))
    told = _told(embeddings)
    name = next((told[field] for field in NAME_FIELDS if isinstance(told.get(field), str)), kind.__name__)
    return Embedder(f"langchain.embeddings.{name}", pack(["settings", qualified_name(kind), told]))


def _told(embeddings: Embeddings | BaseModel) -> dict[str, Any]:
    """Return what a model's settings say, and what models among them do: one may stand in front of another.

    Raises:
        ConfigurationError: nothing tells an object among them from others, such as a model that was loaded.
    """
    settings, keys = _settings(embeddings)
    beside, told = settings | keys, dict[str, Any]()
    for name, value in sorted(settings.items()):
        if isinstance(value, Embeddings | BaseModel) and not isinstance(value, Runnable):
            told[name] = [qualified_name(type(value)), _told(value)]
        elif (said := said_as_client(value, beside)) is not None:
            told[name] = said or None  # made of the settings at the first call, it is what was there before
        else:
            setting = telling_setting(name, value, beside)
            told[name] = _content(name, setting, asked_by(type(embeddings), ENTRIES, name))
    said = said_by_clients(embeddings, beside, but=SCOPES)
    return {**told, SAID: said} if said else told


def _content(name: str, value: Any, asked: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return sorted([repr(each), _content(f"{name}[{each!r}]", item, asked)] for each, item in value.items())  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - settings are anything
    if isinstance(value, list | tuple):
        return [_content(f"{name}[{place}]", item, asked) for place, item in enumerate(value)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - as above
    try:
        return _forms(asked).form(value)
    except Exception as error:  # noqa: BLE001 - the user's object is asked, and may raise anything
        raise ConfigurationError(
            f"the setting {name!r} holds {blamed(value, error)}, which doesn't say what it is, so vectors of two "
            "models could mix; give CachedEmbeddings(…, model='a name of your own')"
        ) from None


def _forms(asked: tuple[str, ...]) -> PartForms:
    registry = KeyRegistry()
    registry.functions.update({**HELD.functions, Embeddings: _nested})
    return PartForms(registry, asked=asked, untold=None)


def _nested(embeddings: Embeddings) -> bytes:
    return pack(_told(embeddings))


def _settings(embeddings: Embeddings | BaseModel) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the settings of a model that change its vectors, and its keys."""
    if isinstance(embeddings, BaseModel):
        fields = type(embeddings).model_fields
        own = {name: value for name, value in vars(embeddings).items() if name in fields}
        own |= embeddings.model_extra or {}
    else:
        own = attributes(embeddings, slots_of(type(embeddings).__mro__))
    keys = {name: value for name, value in own.items() if is_secret(name, value)}
    idle = {name for name in own if _is_idle(embeddings, name.lstrip("_"))} | counts_of(embeddings, own, ENTRIES)
    return {name: value for name, value in own.items() if not (name in idle or name in keys)}, keys


def _is_idle(embeddings: Embeddings | BaseModel, name: str) -> bool:
    if name in CLIENTS:
        bases = (each for each in type(embeddings).__mro__ if issubclass(each, Embeddings | BaseModel))
        return any(is_of_a_library(each) for each in bases if each not in (Embeddings, BaseModel))
    return name in IDLE_FIELDS
