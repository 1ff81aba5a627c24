"""What a model is now, to be compared with what it was when it was looked at."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from langchain_beautyspot.clients import Watched, are_as_watched, watched
from langchain_beautyspot.snapshots import are_same, settings_of


class State(NamedTuple):
    """What a model's answers hang on and may change in place."""

    settings: dict[str, Any]
    clients: Sequence[Watched]
    """No setting tells that somebody gave one another `base_url`."""

    @classmethod
    def of(cls, model: BaseModel, /) -> "State":
        """Look at `model`."""
        return cls(settings_of(model), watched(model))

    def is_still_of(self, model: BaseModel, /) -> bool:
        """Say whether nothing has changed: 2 µs for the settings, 5 for clients."""
        return are_same(self.settings, settings_of(model)) and are_as_watched(model, self.clients)
