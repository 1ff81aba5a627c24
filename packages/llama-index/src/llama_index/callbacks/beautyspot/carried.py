"""Where a cache keeps things, on its way to another process."""

from __future__ import annotations

import os
from typing import Any

from beautyspot.places import Place, portable


class Carried:
    """A place that becomes, where it is unpickled, what `portable` returns; a worker process records from then on."""

    def __init__(self, place: Place) -> None:
        """Carry `place`.

        Raises:
            TypeError: nobody else can find the way there.
        """
        self._place = portable(place)

    def __reduce__(self) -> tuple[Any, ...]:
        """Bring the recorders of this process along."""
        from llama_index.callbacks.beautyspot.recorder.workers import to_bring  # only who sends needs it

        return _unpacked, (self._place, os.getpid(), to_bring(self._place))


def _unpacked(place: Any, process: int, brought: list[bytes]) -> Any:
    if brought:
        from llama_index.callbacks.beautyspot.recorder.workers import arrive  # only where something recorded

        arrive(process, brought)
    return place
