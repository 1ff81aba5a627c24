"""What the caches of embedding models and rerankers are told."""

from collections.abc import Sequence
from typing import NamedTuple

from beautyspot.checks import words
from beautyspot.durations import Duration, seconds

from llama_index.callbacks.beautyspot.policy import Mode, mode_from


class Options(NamedTuple):
    """What a cache was told, checked by `options_from`."""

    model_id: str | None
    namespace: str
    ttl_s: float | None
    tags: tuple[str, ...]
    mode: Mode


def options_from(
    *, model_id: str | None, namespace: str, ttl: Duration | None, tags: Sequence[str], mode: Mode
) -> Options:
    """Return the arguments of a user as options.

    Raises:
        ConfigurationError: one is wrong.
    """
    return Options(model_id, namespace, None if ttl is None else seconds(ttl), words("tags", tags), mode_from(mode))
