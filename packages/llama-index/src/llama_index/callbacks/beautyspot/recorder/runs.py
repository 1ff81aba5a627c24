"""Runs from their beginning to their end, from any thread."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from weakref import WeakSet

from beautyspot.checks import expect
from beautyspot.errors import CacheWarning
from beautyspot.powers import keeps_journal
from beautyspot.recording import Ledger, PriceTable, Redact, Scrubber, Sums, name_of_error

from llama_index.callbacks.beautyspot.recorder.capture import Capture
from llama_index.callbacks.beautyspot.recorder.open_run import OpenRun
from llama_index.callbacks.beautyspot.recorder.rows import OF_CACHE, RowMaker

if TYPE_CHECKING:
    from beautyspot.parts import Parts
    from beautyspot.recording import Prices

MAX_OPEN = 10_000
"""Runs that may be open; of more, the oldest is taken as abandoned."""
_all: WeakSet[Runs] = WeakSet()


class Options(NamedTuple):
    """What a recorder keeps."""

    capture: Literal["metadata", "full"] = "metadata"
    """"full" keeps inputs, outputs and messages of errors as well, as msgpack in `details`."""
    redact: Redact | None = None
    """Gives the text that may be kept in the place of each text, tags included; where it fails, nothing is."""
    prices: Prices | None = None
    """What models cost for each million tokens, such as `{"gpt-5": Price(1.25, 10)}`."""


class Runs:
    """Takes the beginnings and ends of runs, and enters them in the journal of a Spot."""

    def __init__(self, parts: Parts, options: Options) -> None:
        """Write to the journal of a Spot.

        Raises:
            ConfigurationError: an option is wrong.
        """
        capture, redact = options.capture, options.redact
        expect(capture in ("metadata", "full"), "capture", capture, '"metadata" or "full"')
        expect(redact is None or callable(redact), "redact", redact, "a function from a text to the text to keep")
        self.sums = Sums()
        rows = RowMaker(PriceTable(options.prices), self.sums, Scrubber(redact))
        self.ledger: Ledger[OpenRun] = Ledger(parts.journal, self.sums, rows.enter, aside=True)
        self.capture = Capture(redact) if capture == "full" else None
        self._clock = parts.clock
        self._notices = parts.store.notices
        self._open: dict[str, OpenRun] = {}
        _all.add(self)
        if not keeps_journal(parts.store.db):
            self._notices.warn(
                "llama-index runs",
                f"{type(parts.store.db).__name__} keeps no runs, so they are in memory alone; "
                "give the recorder a file's path, a database's URL or another TaskDB",
                CacheWarning,
            )

    def begin(self, run: OpenRun, inputs: Any = None, /) -> OpenRun:
        """Begin a run now."""
        if len(self._open) >= MAX_OPEN:
            self.end(next(iter(self._open.values())), "abandoned")
        clock = self._clock
        run.started_s, run.start_s = clock.time(), clock.monotonic()
        self._open[run.run_id] = run
        if self.capture is not None and inputs is not None:
            try:
                run.inputs = self.capture.plain(inputs)  # now, as the caller may change them
            except Exception as error:  # noqa: BLE001 - the user's `redact` may raise anything
                self.fail(error)
        return run

    def find(self, run_id: str | None, /) -> OpenRun | None:
        """Return the open run of that id."""
        return None if run_id is None else self._open.get(run_id)

    def first_token(self, run: OpenRun, /) -> None:
        """Note the first token of a run."""
        run.first_token_s = self._clock.monotonic() - run.start_s

    def end(
        self,
        run: OpenRun,
        status: str = "ok",
        /,
        *,
        response: Any = None,
        outputs: Any = None,
        tags: Mapping[str, Any] | None = None,
        error: BaseException | None = None,
    ) -> None:
        """End a run, if it is open: with a model's `response`, or with what else it gave."""
        if self._open.pop(run.run_id, None) is None:
            return
        run.elapsed_s = self._clock.monotonic() - run.start_s
        run.status = status
        if run.span is not None:
            # Of several runs in a span the first takes the wait.
            run.waited_s, run.span.waited_s = run.span.waited_s, 0.0
            run.is_nested = run.is_nested or (run.kind == "llm" and run.span.is_wrapper)
            run.span = None
        if tags and "cache_hit" in tags and (not run.tags or "cache_hit" not in run.tags):
            # Only these: a stream ends in its reader's context, whose own tags are none of the call's.
            run.tags = {**(run.tags or {}), **{name: tags[name] for name in OF_CACHE if name in tags}}
        if error is not None and status == "error":
            run.error = name_of_error(error)
        if self.capture is not None:
            run.details = self._details(self.capture, run, response if outputs is None else outputs, error)
        if response is not None and (response.raw is not None or response.additional_kwargs):
            run.response = response
        self.ledger.add(run, run.elapsed_s)

    def end_failed(self, run: OpenRun, error: BaseException | None, /) -> None:
        """End a run that failed or was cancelled."""
        self.end(run, status_of(error), error=error)

    def end_all(self) -> None:
        """Take every open run as abandoned, and write what is pending."""
        for run in list(self._open.values()):
            self.end(run, "abandoned")
        self.ledger.flush()

    def fail(self, error: BaseException, /) -> None:
        """Count a trouble of the recorder's own, which is none of the call's, and say so once."""
        self.sums.fail()
        try:
            self._notices.warn(
                "llama-index recorder",
                f"the recorder met {type(error).__name__} while it read a call of LlamaIndex; the call is as it "
                "would be without, and a row may be missing; `totals().failures` counts them",
                CacheWarning,
            )
        except CacheWarning:  # where warnings are errors, a call fails by its own alone
            return

    def after_fork_in_child(self) -> None:
        """Leave what is open to the parent."""
        self._open.clear()
        self.ledger.after_fork_in_child()
        self.sums.after_fork_in_child()

    def _details(self, capture: Capture, run: OpenRun, outputs: Any, error: BaseException | None) -> bytes | None:
        try:
            return capture.details(run, outputs, error)
        except Exception as trouble:  # noqa: BLE001 - as in `begin`: then nothing is told, but counted
            self.fail(trouble)
            return None


def status_of(error: BaseException | None, /) -> str:
    """Return the status of a run that ended with `error`; a stream that was closed early ends with `GeneratorExit`."""
    return "cancelled" if isinstance(error, asyncio.CancelledError | KeyboardInterrupt | GeneratorExit) else "error"


def _after_fork_in_child() -> None:
    for runs in _all:
        runs.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
