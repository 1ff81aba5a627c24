"""The handler for LlamaIndex's older system, which its instrumentation is to replace."""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from beautyspot.copies import Uncopied
from beautyspot.places import Place, opened, portable
from beautyspot.recording import Reports

from llama_index.callbacks.beautyspot.listener import Quiet
from llama_index.callbacks.beautyspot.listening import attach, detach
from llama_index.callbacks.beautyspot.recorder.callbacks import Callbacks
from llama_index.callbacks.beautyspot.recorder.recorder import is_installed_at
from llama_index.callbacks.beautyspot.recorder.runs import Options, Runs

if TYPE_CHECKING:
    from beautyspot.recording import Prices, Redact


class BeautySpotCallbackHandler(Callbacks, Reports, Uncopied):
    """Makes each event of a `CallbackManager` a row of `runs`; `install` sees more, and is for new code.

    Where a recorder is installed at the same place it writes nothing, so that no call is a row twice. Prompts, answers
    and messages of errors are in no row, unless `capture="full"` asks for them. Safe to use from any thread and loop.

    ```python
    Settings.callback_manager = CallbackManager([BeautySpotCallbackHandler("runs.db")])
    ```
    """

    def __init__(
        self,
        spot: Place,
        *,
        capture: Literal["metadata", "full"] = "metadata",
        redact: Redact | None = None,
        prices: Prices | None = None,
        beside_recorder: bool = False,
    ) -> None:
        """Begin to record.

        Args:
            spot: A Spot, a file's path, or a database's URL.
            capture: "full" keeps inputs, outputs and messages of errors as well, as msgpack in `details`.
            redact: Gives the text that may be kept in the place of each text, those of tags included.
            prices: What models cost for each million tokens, such as `{"gpt-5": Price(1.25, 10)}`.
            beside_recorder: Write rows also where a recorder is installed; they have the tag `source:callbacks`.

        Raises:
            ConfigurationError: an argument is wrong.
        """
        self._made_by = spot, {
            "capture": capture, "redact": redact, "prices": prices, "beside_recorder": beside_recorder,
        }  # fmt: skip
        self.spot = opened(spot)
        self._beside = beside_recorder
        super().__init__(Runs(self.spot.parts, Options(capture, redact, prices)))
        self._ledger = self._runs.ledger
        # By the spans, an `achat` that calls its own `chat` is known from two calls.
        attach(listener := Quiet())
        weakref.finalize(self, detach, listener)
        # Made after the Spot's own finalizer, and so run before it when the interpreter ends.
        weakref.finalize(self, self._runs.end_all)

    def is_on(self) -> bool:
        """Say whether to begin runs: a recorder that writes to the same place sees them all."""
        return self._beside or not is_installed_at(self.spot)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let models that have this handler go to another process: there it writes to the same database."""
        place, options = self._made_by
        return partial(BeautySpotCallbackHandler, portable(place), **options), ()
