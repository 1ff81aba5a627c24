"""What a model is now, to be compared with what it was when it was looked at."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from langchain_beautyspot.clients import Watched, are_as_watched, watched
from langchain_beautyspot.snapshots import are_same, settings_of


class State(NamedTuple):
    """What a model's answers hang on and may change in place."""

    settings: dict[str, Any]
    clients: Sequence[Watched]
    """No setting tells that somebody gave one another `base_url`."""
    read: Callable[[Any], dict[str, Any]]
    """What returns the settings."""

    @classmethod
    def of(cls, model: Any, /, read: Callable[[Any], dict[str, Any]] = settings_of) -> "State":
        """Look at `model`."""
        return cls(read(model), watched(model), read)

    def is_still_of(self, model: Any, /) -> bool:
        """Say whether nothing has changed: 2 µs for the settings, 5 for clients."""
        return are_same(self.settings, self.read(model)) and are_as_watched(model, self.clients)
