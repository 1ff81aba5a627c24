"""Caches for the models of `Settings`, which LlamaIndex takes wherever it is given none."""

# LlamaIndex's `Settings` makes a default model when it is read, so whether one was set is only told by its own names.
# pyright: reportPrivateUsage=false
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from beautyspot.durations import Duration
from beautyspot.errors import ConfigurationError
from beautyspot.places import Place, spot_at

from llama_index.callbacks.beautyspot.embeddings.models import cache_embedding
from llama_index.callbacks.beautyspot.llms.cached import cache_llm
from llama_index.callbacks.beautyspot.policy import Mode
from llama_index.core import Settings

MODELS: tuple[tuple[str, Callable[..., Any]], ...] = (("llm", cache_llm), ("embed_model", cache_embedding))


_installed: "list[InstalledCache]" = []


class InstalledCache:
    """The cached models that stand in `Settings`, until `uninstall` or the end of a `with` block."""

    def __init__(self, before: dict[str, Any], cached: dict[str, Any]) -> None:
        """Put `cached` into `Settings`, and remember what stood there."""
        self._before, self._cached = before, cached
        for name, model in cached.items():
            setattr(Settings, name, model)
        _installed.append(self)

    def uninstall(self) -> None:
        """Put the models back that stood in `Settings`, but where somebody has set others since.

        Does nothing the second time. Caches may be taken away in any order.
        """
        if self not in _installed:
            return
        _installed.remove(self)
        for name, model in self._cached.items():
            if getattr(Settings, f"_{name}") is model:
                setattr(Settings, f"_{name}", self._before[name])
            for other in _installed:
                if other._before[name] is model:
                    other._before[name] = self._before[name]

    def __enter__(self) -> Self:
        """Begin a block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the models back."""
        self.uninstall()


def install_llm_cache(
    spot: Place,
    *,
    ttl: Duration | None = None,
    namespace: str = "",
    mode: Mode = "read_write",
    tags: Sequence[str] = (),
) -> InstalledCache:
    """Give the language model and the embedding model of `Settings` a cache, from now on or for a `with` block.

    Indexes, engines and agents that were built before keep the models that they were built with.

    Args:
        spot: A Spot, a file's path, or a database's URL.
        ttl: How long answers and vectors count; None for ever.
        namespace: Caches of other namespaces share nothing.
        mode: As for `cache_policy`, which goes before it.
        tags: Written beside everything that is kept.

    Raises:
        ConfigurationError: an argument is wrong, no safe key can be made of a model, or there is no model at all.
    """
    place = spot_at(spot)
    before: dict[str, Any] = {}
    cached: dict[str, Any] = {}
    for name, cache in MODELS:
        before[name] = getattr(Settings, f"_{name}")
        model = _model(name)
        if model is not None:
            cached[name] = cache(model, place, ttl=ttl, namespace=namespace, mode=mode, tags=tags)
    if not cached:
        raise ConfigurationError("Settings has neither a language model nor an embedding model; set Settings.llm first")
    return InstalledCache(before, cached)


def _model(name: str) -> Any:
    try:
        return getattr(Settings, name)
    except (ImportError, ValueError):  # none was set, and LlamaIndex's default needs a package or a key
        return None
