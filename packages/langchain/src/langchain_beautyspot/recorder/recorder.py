"""Runs from their beginning to their end."""

from __future__ import annotations

import os
from asyncio import Task
from collections.abc import Mapping
from contextvars import Context
from functools import partial
from typing import Any, Literal
from uuid import UUID
from weakref import WeakKeyDictionary, WeakSet, ref

from beautyspot.parts import Parts
from beautyspot.recording import Ledger, Prices, PriceTable, Redact, Sums, name_of_error
from beautyspot.threads import on_event_loop
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult
from langchain_core.utils.uuid import uuid7

from langchain_beautyspot.models import Model
from langchain_beautyspot.recorder.capture import Capture
from langchain_beautyspot.recorder.faults import status_of
from langchain_beautyspot.recorder.nesting import Nesting
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
        self._open: dict[int, OpenRun] = {}
        self._nesting = Nesting()
        self._of_tasks: WeakKeyDictionary[Task[Any], WeakSet[OpenRun]] = WeakKeyDictionary()
        _recorders.add(self)

    def begin(self, run_id: UUID, parent_id: UUID | None, labels: Labels, inputs: Any = None, /) -> OpenRun:
        """Return a run that begins now."""
        key, parent_key, parent = run_id.int, *self._parent(parent_id)
        if parent is not None:
            parent.children = parent.children or set()
            parent.children.add(key)
        if len(self._open) >= MAX_OPEN:
            self.end_early(next(iter(self._open)), "abandoned")
        clock = self._clock
        run = OpenRun(key, parent_key, parent, labels, started_s=clock.time(), start_s=clock.monotonic())
        # Where LangChain tells of no end, as of a call that was cancelled, it lets go of the id all the same.
        run.life = ref(run_id, partial(self._let_go, key, "cancelled" if on_event_loop() else "abandoned"))
        self._nesting.begin(run)
        self._open[key] = run
        if self.capture is not None:
            run.inputs = self._plain(self.capture, inputs)
        return run

    def end_with(self, task: Task[Any], run: OpenRun, /) -> None:
        """End `run` when its `task` is cancelled, as whoever keeps the error keeps the frames of its calls."""
        runs = self._of_tasks.get(task)
        if runs is None:
            runs = self._of_tasks[task] = WeakSet()
            task.add_done_callback(self._end_cancelled, context=Context())
        runs.add(run)

    def is_open(self) -> bool:
        """Say whether any run has begun and not ended."""
        return bool(self._open)

    def first_token(self, run_id: UUID, /) -> None:
        """Note the first token of a run; those after it change nothing."""
        run = self._open.get(run_id.int)
        if run is not None and run.first_token_s is None:
            run.first_token_s = self._clock.monotonic() - run.start_s

    def end(self, run_id: UUID, outputs: Any = None, result: LLMResult | None = None, /) -> None:
        """End a run that went well; a model's has a `result`."""
        run = self._close(run_id.int)
        if run is None:
            return
        details = None if self.capture is None else self._details(run, outputs)
        kept = _kept_elsewhere(result)
        hit = None if kept is None else OF_ANOTHER_CACHE
        end_s = self._clock.monotonic()
        nested = result is not None and self._nesting.answered(run, result, end_s, is_kept_elsewhere=kept is not None)
        self._add(Ended(run, end_s, "ok", result, hit, kept, nested, details=details))

    def end_failed(self, run_id: UUID, error: BaseException, result: LLMResult | None = None, /) -> None:
        """End a run that failed, was cancelled or abandoned."""
        run = self._close(run_id.int)
        if run is None:
            return
        status, details = status_of(error), self._details(run, result, error)
        end_s = self._clock.monotonic()
        name = None if status == "ok" else name_of_error(error)
        nested = run.labels.kind == "llm" and self._nesting.failed(run, error)
        self._add(Ended(run, end_s, status, result, nested=nested, error=name, details=details))
        if status == "cancelled":  # LangChain tells nobody of what was cancelled inside it
            for child in list(run.children or ()):
                self.end_early(child, status)

    def end_early(self, run_id: int, status: str, /) -> None:
        """End a run, if it is open, of whose end LangChain tells nothing."""
        run = self._close(run_id)
        if run is not None:
            self._nesting.end(run)
            self._add(Ended(run, self._clock.monotonic(), status, details=self._details(run)))

    def add_hit(
        self,
        parent_id: UUID | None,
        labels: Labels,
        mark: Mapping[str, Any],
        model: Model | None,
        *,
        answer: Any = None,
        text: str = "",
    ) -> None:
        """Add a hit of which LangChain tells nothing."""
        now_s = self._clock.monotonic()
        parent_key, parent = self._parent(parent_id)
        run = OpenRun(uuid7().int, parent_key, parent, labels, started_s=self._clock.time(), start_s=now_s)
        run.model = model
        if labels.kind == "llm":
            self._nesting.hit(run, answer, text, now_s)
        self._add(Ended(run, now_s, "ok", hit=mark, answer=answer))

    def end_all(self) -> None:
        """Take every open run as abandoned, and give the journal all rows, which it writes at its own end."""
        for run_id in list(self._open):
            self.end_early(run_id, "abandoned")
        self.ledger.add_runs()

    def _add(self, ended: Ended) -> None:
        self.ledger.add(ended, ended.end_s - ended.run.start_s)

    def _let_go(self, run_id: int, status: str, _: ref[UUID]) -> None:
        self.end_early(run_id, status)

    def _end_cancelled(self, task: Task[Any]) -> None:
        for run in self._of_tasks.pop(task, ()):
            if task.cancelled():
                self.end_early(run.run_id, "cancelled")

    def after_fork_in_child(self) -> None:
        """Leave what is open to the parent."""
        self._open.clear()
        self._nesting.forget()
        self.ledger.after_fork_in_child()
        self.sums.after_fork_in_child()

    def _parent(self, parent_id: UUID | None) -> tuple[int | None, OpenRun | None]:
        return (None, None) if parent_id is None else (parent_id.int, self._open.get(parent_id.int))

    def _close(self, run_id: int) -> OpenRun | None:
        """Take a run from the open ones, and from its parent, which may go on for days and have a million more."""
        run = self._open.pop(run_id, None)
        parent = None if run is None or run.parent_id is None else self._open.get(run.parent_id)
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
