"""Runs from their beginning to the row they become. Knows LangChain's results, but not its events."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Mapping
from typing import Any, Literal
from weakref import WeakSet

from beautyspot.parts import Parts
from beautyspot.records import Run
from langchain_core.outputs import LLMResult
from langchain_core.utils.uuid import uuid7

from langchain_beautyspot.models import Model
from langchain_beautyspot.recorder.capture import Capture, Redact
from langchain_beautyspot.recorder.faults import name_of_error, status_of
from langchain_beautyspot.recorder.open_run import Labels, OpenRun
from langchain_beautyspot.recorder.prices import Prices, PriceTable
from langchain_beautyspot.recorder.totals import Sums
from langchain_beautyspot.usage import Reading, Usage, read_result

KEPT_ROWS = 1000
"""Rows that are at hand; every row is in the database."""
MAX_OPEN = 10_000
"""Runs that may be open; of more, the oldest is taken as abandoned."""
_recorders: WeakSet[Recorder] = WeakSet()


class Recorder:
    """Takes the beginnings and ends of runs, from any thread."""

    def __init__(
        self, parts: Parts, *, capture: Literal["metadata", "full"], redact: Redact | None, prices: Prices | None
    ) -> None:
        """Write to the journal of a Spot."""
        self.journal = parts.journal
        self.capture = Capture(redact) if capture == "full" else None
        self.rows: deque[Run] = deque(maxlen=KEPT_ROWS)
        self.sums = Sums()
        self._clock = parts.clock
        self._prices = PriceTable(prices)
        self._open: dict[Any, OpenRun] = {}
        _recorders.add(self)

    def begin(self, run_id: Any, parent_id: Any, labels: Labels, /) -> OpenRun:
        """Return a run that begins now."""
        parent = self._open.get(parent_id)
        if parent is not None:
            parent.children = parent.children or set()
            parent.children.add(run_id)
        if len(self._open) >= MAX_OPEN:
            self.end_early(next(iter(self._open)), "abandoned")
        self._open[run_id] = run = self._new(run_id, parent_id, parent, labels)
        return run

    def is_open(self) -> bool:
        """Say whether any run has begun and not ended."""
        return bool(self._open)

    def first_token(self, run_id: Any, /) -> None:
        """Note the first token of a run; those after it change nothing."""
        run = self._open.get(run_id)
        if run is not None and run.first_token_s is None:
            run.first_token_s = self._clock.monotonic() - run.start_s

    def end(self, run_id: Any, outputs: Any = None, /) -> None:
        """End a run that went well."""
        run = self._open.pop(run_id, None)
        if run is not None:
            self._add(run.end(self._clock.monotonic(), "ok", details=self._details(run, outputs)))

    def end_answered(self, run_id: Any, result: LLMResult, /) -> None:
        """End the run of a model that answered, or whose answer was kept."""
        run = self._open.pop(run_id, None)
        if run is None:
            return
        said, details = self._read(result), self._details(run, result)
        if said.hit is not None:
            self._end_hit(run, said.hit, said.usage, details)
            return
        row = run.end(
            self._clock.monotonic(), "ok", answered_by=said.model, usage=said.usage, cost=self._cost(run, said),
            cache_hit=False, cache_key=said.key, details=details,
        )  # fmt: skip
        self._add(row, said.usage.total_tokens or 0)

    def end_failed(self, run_id: Any, error: BaseException, result: LLMResult | None = None, /) -> None:
        """End a run that failed, was cancelled or abandoned."""
        run = self._open.pop(run_id, None)
        if run is None:
            return
        status = status_of(error)
        said = Reading() if result is None else self._read(result)
        row = run.end(
            self._clock.monotonic(), status, answered_by=said.model, usage=said.usage, cost=self._cost(run, said),
            error=name_of_error(error), details=self._details(run, result, error),
        )  # fmt: skip
        self._add(row, said.usage.total_tokens or 0)
        if status == "cancelled":  # LangChain tells nobody of what was cancelled inside it
            for child in run.children or ():
                self.end_early(child, status)

    def plain(self, inputs: Any, /) -> Any:
        """Return inputs as the details will tell them, or None if they can't be told."""
        try:
            return None if self.capture is None else self.capture.plain(inputs)
        except Exception:  # noqa: BLE001 - the user's `redact` may raise anything: then nothing is told, but counted
            self.sums.fail()
            return None

    def end_early(self, run_id: Any, status: str, /) -> None:
        """End a run, if it is open, of whose end LangChain tells nothing."""
        run = self._open.pop(run_id, None)
        if run is not None:
            self._add(run.end(self._clock.monotonic(), status, details=self._details(run)))

    def add_hit(
        self, parent_id: Any, labels: Labels, mark: Mapping[str, Any], model: Model | None, usage: Usage
    ) -> None:
        """Add a hit of which LangChain tells nothing."""
        run = self._new(uuid7(), parent_id, self._open.get(parent_id), labels)
        run.model = model
        self._end_hit(run, mark, usage, None)

    def end_all(self) -> None:
        """Take every open run as abandoned, and write what is pending."""
        for run_id in list(self._open):
            self.end_early(run_id, "abandoned")
        self.journal.flush()

    def after_fork_in_child(self) -> None:
        """Leave what is open to the parent."""
        self._open.clear()
        self.sums.after_fork_in_child()

    def _new(self, run_id: Any, parent_id: Any, parent: OpenRun | None, labels: Labels) -> OpenRun:
        clock = self._clock
        return OpenRun(run_id, parent_id, parent, labels, started_s=clock.time(), start_s=clock.monotonic())

    def _end_hit(self, run: OpenRun, mark: Mapping[str, Any], usage: Usage, details: bytes | None) -> None:
        row = run.end(
            self._clock.monotonic(), "ok", usage=usage, cost=0.0, cache_hit=True, cache_key=mark.get("cache_key"),
            details=details,
        )  # fmt: skip
        saved = mark.get("saved_tokens") or usage.total_tokens or 0
        self._add(row, saved, self._cost(run, Reading(usage)) or 0.0)

    def _add(self, row: Run, tokens: int = 0, saved_cost: float = 0.0) -> None:
        self.rows.append(row)
        self.sums.add(row, tokens, saved_cost)
        self.journal.add_run(row)

    def _cost(self, run: OpenRun, said: Reading) -> float | None:
        price = self._prices.price(run.model.name if run.model is not None else None, said.model)
        return None if price is None else price.of(said.usage)

    def _read(self, result: LLMResult) -> Reading:
        try:
            return read_result(result)
        except Exception:  # noqa: BLE001 - a provider's result may hold anything: the call is a row all the same
            self.sums.fail()
            return Reading()

    def _details(self, run: OpenRun, outputs: Any = None, error: BaseException | None = None) -> bytes | None:
        if self.capture is None:
            return None
        try:
            return self.capture.details(run, outputs, error)
        except Exception:  # noqa: BLE001 - as in `plain`
            self.sums.fail()
            return None


def _after_fork_in_child() -> None:
    for recorder in _recorders:
        recorder.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
