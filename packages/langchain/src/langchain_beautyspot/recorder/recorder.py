"""Runs from their beginning to their end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Literal
from weakref import WeakSet

from beautyspot.parts import Parts
from beautyspot.recording import Ledger, Prices, PriceTable, Redact, Sums, name_of_error
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.utils.uuid import uuid7

from langchain_beautyspot.models import Model
from langchain_beautyspot.recorder.capture import Capture
from langchain_beautyspot.recorder.faults import status_of
from langchain_beautyspot.recorder.nesting import enter, runs_around
from langchain_beautyspot.recorder.open_run import Ended, Labels, OpenRun
from langchain_beautyspot.recorder.rows import RowMaker
from langchain_beautyspot.usage import OF_ANOTHER_CACHE, kept_elsewhere

MAX_OPEN = 10_000
"""Runs that may be open; of more, the oldest is taken as abandoned."""
_recorders: WeakSet[Recorder] = WeakSet()


class Recorder:
    """Takes the beginnings and ends of runs, from any thread."""

    def __init__(
        self, parts: Parts, *, capture: Literal["metadata", "full"], redact: Redact | None, prices: Prices | None
    ) -> None:
        """Write to the journal of a Spot."""
        self.sums = Sums()
        self.ledger = Ledger(parts.journal, self.sums, RowMaker(PriceTable(prices), self.sums).enter)
        self.capture = Capture(redact) if capture == "full" else None
        self._clock = parts.clock
        self._open: dict[Any, OpenRun] = {}
        _recorders.add(self)

    def begin(self, run_id: Any, parent_id: Any, labels: Labels, inputs: Any = None, /) -> OpenRun:
        """Return a run that begins now."""
        parent = self._open.get(parent_id)
        if parent is not None:
            parent.children = parent.children or set()
            parent.children.add(run_id)
        if len(self._open) >= MAX_OPEN:
            self.end_early(next(iter(self._open)), "abandoned")
        clock = self._clock
        run = OpenRun(run_id, parent_id, parent, labels, started_s=clock.time(), start_s=clock.monotonic())
        self._open[run_id] = run
        if self.capture is not None:
            run.inputs = self._plain(self.capture, inputs)
        return run

    def begin_call(self, run_id: Any, /) -> None:
        """Note that the run of a model begins, and which others asked it."""
        self._tell_askers(enter(run_id, self._open.__contains__))

    def is_open(self) -> bool:
        """Say whether any run has begun and not ended."""
        return bool(self._open)

    def first_token(self, run_id: Any, /) -> None:
        """Note the first token of a run; those after it change nothing."""
        run = self._open.get(run_id)
        if run is not None and run.first_token_s is None:
            run.first_token_s = self._clock.monotonic() - run.start_s

    def end(self, run_id: Any, outputs: Any = None, result: LLMResult | None = None, /) -> None:
        """End a run that went well; a model's has a `result`."""
        run = self._close(run_id)
        if run is not None:
            details = None if self.capture is None else self._details(run, outputs)
            kept = _kept_elsewhere(result)
            hit = None if kept is None else OF_ANOTHER_CACHE
            self.ledger.add(Ended(run, self._clock.monotonic(), "ok", result, hit, kept, details=details))

    def end_failed(self, run_id: Any, error: BaseException, result: LLMResult | None = None, /) -> None:
        """End a run that failed, was cancelled or abandoned."""
        run = self._close(run_id)
        if run is None:
            return
        status, details = status_of(error), self._details(run, result, error)
        end_s = self._clock.monotonic()
        name = None if status == "ok" else name_of_error(error)
        self.ledger.add(Ended(run, end_s, status, result, error=name, details=details))
        if status == "cancelled":  # LangChain tells nobody of what was cancelled inside it
            for child in list(run.children or ()):
                self.end_early(child, status)

    def end_early(self, run_id: Any, status: str, /) -> None:
        """End a run, if it is open, of whose end LangChain tells nothing."""
        run = self._close(run_id)
        if run is not None:
            self.ledger.add(Ended(run, self._clock.monotonic(), status, details=self._details(run)))

    def add_hit(
        self, parent_id: Any, labels: Labels, mark: Mapping[str, Any], model: Model | None, answer: Any
    ) -> None:
        """Add a hit of which LangChain tells nothing."""
        if labels.kind == "llm":
            self._tell_askers(runs_around())
        now_s = self._clock.monotonic()
        parent = self._open.get(parent_id)
        run = OpenRun(uuid7(), parent_id, parent, labels, started_s=self._clock.time(), start_s=now_s)
        run.model = model
        self.ledger.add(Ended(run, now_s, "ok", hit=mark, answer=answer))

    def _tell_askers(self, run_ids: list[Any]) -> None:
        for each in run_ids:
            if (run := self._open.get(each)) is not None:
                run.asks_models = True

    def end_all(self) -> None:
        """Take every open run as abandoned, and give the journal all rows, which it writes at its own end."""
        for run_id in list(self._open):
            self.end_early(run_id, "abandoned")
        self.ledger.add_runs()

    def after_fork_in_child(self) -> None:
        """Leave what is open to the parent."""
        self._open.clear()
        self.ledger.after_fork_in_child()
        self.sums.after_fork_in_child()

    def _close(self, run_id: Any) -> OpenRun | None:
        """Take a run from the open ones, and from its parent, which may go on for days and have a million more."""
        run = self._open.pop(run_id, None)
        parent = None if run is None else self._open.get(run.parent_id)
        if parent is not None and parent.children is not None:
            parent.children.discard(run_id)
        return run

    def _plain(self, capture: Capture, inputs: Any) -> Any:
        """Return inputs as the details will tell them: now, as the caller may change them."""
        try:
            return capture.plain(inputs)
        except Exception:  # noqa: BLE001 - the user's `redact` may raise anything: then nothing is told, but counted
            self.sums.fail()
            return None

    def _details(self, run: OpenRun, outputs: Any = None, error: BaseException | None = None) -> bytes | None:
        if self.capture is None:
            return None
        try:
            return self.capture.details(run, outputs, error)
        except Exception:  # noqa: BLE001 - as in `_plain`
            self.sums.fail()
            return None


def _kept_elsewhere(result: LLMResult | None) -> BaseMessage | None:
    try:
        return None if result is None else kept_elsewhere(result)
    except Exception:  # noqa: BLE001 - a provider's result may be anything; it is counted where it becomes a row
        return None


def _after_fork_in_child() -> None:
    for recorder in _recorders:
        recorder.after_fork_in_child()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(after_in_child=_after_fork_in_child)
