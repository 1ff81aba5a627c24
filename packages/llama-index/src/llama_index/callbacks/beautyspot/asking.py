"""A model while it is asked: what it calls of itself goes past the cache, and changes of its settings are noticed.

An answer belongs to the settings that the model reads, which may be long after its key was made: it waits for its
limiter, or for somebody who asks the same. What its own code changes, such as a counter, is told from what others
change by who assigns it.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from types import CodeType
from typing import Any, Self

from beautyspot.errors import CacheSaveWarning, CacheWarning
from beautyspot.keys.counted import note_assigned, runs_in
from beautyspot.notices import Notices

ENTRIES = (
    "complete", "acomplete", "stream_complete", "astream_complete", "chat", "achat", "stream_chat", "astream_chat",
    "_get_query_embedding", "_aget_query_embedding", "_get_text_embedding", "_aget_text_embedding",
    "_get_text_embeddings", "_aget_text_embeddings", "_get_image_embedding", "_aget_image_embedding",
    "__call__", "acall", "_parse_nodes", "_aparse_nodes", "split_text", "extract", "aextract",
    "_postprocess_nodes", "_apostprocess_nodes",
)  # fmt: skip
"""Methods by which LlamaIndex asks a component."""
Settings = dict[str, Any]
"""The forms of a model's settings that have one, by their names."""
_running: ContextVar[tuple[int, ...]] = ContextVar("beautyspot_llama_index_running", default=())
"""The models, by their `id`, whose own code runs now."""
_watches: "dict[int, Watch]" = {}
"""Those that are open, by their `id`. Each step on it is one under the GIL, so that a fork meets no lock."""


def is_running(model: object, /) -> bool:
    """Say whether the model's own code runs here, so that a call of it is one of itself."""
    return id(model) in _running.get()


@contextmanager
def running(model: object, /) -> Generator[None]:
    """Have the model's calls of itself go past the cache, as `achat` of some calls `chat`, and that `complete`."""
    token = _running.set((*_running.get(), id(model)))
    try:
        yield
    finally:
        _running.reset(token)


def assign(model: object, name: str, value: Any, set_value: Callable[[str, Any], None], code: CodeType, /) -> None:
    """Assign a setting of `model` by `set_value`, and let those who ask the model see who changed it.

    Args:
        model: Whose setting it is.
        name: Of the setting.
        value: The new one.
        set_value: Does it.
        code: What assigns it: that of a stream runs later, and some in threads of its own.
    """
    set_value(name, value)
    note_assigned(model, name, value, own=is_running(model) or runs_in(type(model), ENTRIES, code))
    for watch in [*_watches.values()]:
        if watch.model is model:
            watch.note(name, own=is_running(model))


class Watch:
    """Open while an answer is waited for; of a stream once more, for its first chunk."""

    def __init__(
        self, model: Any, known: Settings, look: Callable[[], Settings], is_users: Callable[[str], bool]
    ) -> None:
        """Begin with the settings that the key was made of.

        Args:
            model: What is asked.
            known: Its settings, as they are in the key.
            look: Returns them as they are now.
            is_users: Whether a class of the user's declares the setting of that name.
        """
        self.model = model
        self._known, self._look, self._is_users = known, look, is_users
        self._assigned: set[str] = set()
        self._by_itself: set[str] = set()
        self._by_others: set[str] = set()

    def __enter__(self) -> Self:
        """Begin to see who assigns what."""
        self._check()
        _watches[id(self)] = self
        return self

    def __exit__(self, *_: object) -> None:
        """See no longer who assigns what."""
        del _watches[id(self)]

    def note(self, name: str, /, *, own: bool) -> None:
        """Note who assigned a setting."""
        if own:
            self._assigned.add(name)
        elif name in _differences(self._known, self._now()):
            self._by_others.add(name)

    def settled(self, notices: Notices, name: str, /) -> bool:
        """Say whether what the model gave until now is that of the settings in the key, and warn of what changed.

        Args:
            notices: Of the store.
            name: What the model is called in a warning.
        """
        self._check()
        if self._by_others:
            _warn_of_others(notices, name, self._by_others)
        elif self._by_itself:
            _warn_of_itself(notices, name, self._by_itself)
        return not self._by_others

    def _check(self) -> None:
        self._known, before = (now := self._now()), self._known
        for name in _differences(before, now) - self._by_others:
            (self._by_itself if self._is_own(name, before, now) else self._by_others).add(name)

    def _is_own(self, name: str, before: Settings, now: Settings) -> bool:
        if name in self._assigned:
            return True
        # What is changed in its place, as lists are, is assigned by nobody.
        return name.startswith("_") or (self._is_users(name) and _counts(before.get(name), now.get(name)))

    def _now(self) -> Settings:
        try:
            return self._look()
        except Exception:  # noqa: BLE001 - the user's fields may do anything; the next call says so
            return self._known


def _differences(one: Settings, other: Settings) -> set[str]:
    # In lists, so that a NaN is equal to itself.
    return {name for name in one.keys() | other.keys() if [one.get(name)] != [other.get(name)]}


def _counts(before: Any, now: Any) -> bool:
    """Say whether a value counted on, or a list became longer."""
    if type(now) is int:
        return type(before) is int and now > before
    return isinstance(before, list) and isinstance(now, list) and now[: len(before)] == before  # pyright: ignore[reportUnknownArgumentType] - forms


def _warn_of_itself(notices: Notices, name: str, settings: set[str]) -> None:
    notices.tell(
        ("llama_index", "changed itself", name),
        f"{name} changed while it was asked, by its own code ({_list(settings)}), so what it gives is not found again; "
        "keep what changes apart from its settings, in a field with Field(exclude=True)",
        CacheWarning,
    )


def _warn_of_others(notices: Notices, name: str, settings: set[str]) -> None:
    notices.tell(
        ("llama_index", "changed", name),
        f"{name} changed while it was asked ({_list(settings)}), so nobody knows of which settings its answer is; "
        "it was returned and not kept; change settings between calls, or, if its own code does, keep what changes "
        "apart from its settings, in a field with Field(exclude=True)",
        CacheSaveWarning,
    )


def _list(names: set[str]) -> str:
    return ", ".join(map(repr, sorted(names)))
