"""The keywords of `mark`, for those who write a function around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from beautyspot.content_types import ContentType
from beautyspot.durations import Duration
from beautyspot.hooks import Hook
from beautyspot.keys import FromCode


class MarkArguments(TypedDict, total=False):
    """The keywords of `mark`, `cached_run` and, with an underscore in front, `run`.

    Attributes:
        version: Part of the key: change it when the function's results change. `FROM_CODE` takes a digest of its code.
        save_blob: True keeps the value in the blob storage, False in its row, None by its size.
        content_type: What the value is, for those who show it; a media type.
        ttl: How long a result is a hit: seconds, a timedelta or text like "7d"; None for ever.
        input_key_fn: Takes the call's arguments and returns what stands for them in the key.
        ignore: Parameters that have no part in the key.
        tags: Words to invalidate and list by.
        cache_if: Takes a result, of a stream the list of its chunks, and says whether to keep it.
        hooks: Called after the Spot's own.
    """

    version: str | FromCode | None
    save_blob: bool | None
    content_type: ContentType | str | None
    ttl: Duration | None
    input_key_fn: Callable[..., Any] | None
    ignore: Sequence[str]
    tags: Sequence[str]
    cache_if: Callable[[Any], bool] | None
    hooks: Sequence[Hook]
