"""Ended runs become rows, many at a time: one by one, between calls, each would take three times as long."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime

from beautyspot.journal import Journal
from beautyspot.records import Run

from langchain_beautyspot.models import UNKNOWN
from langchain_beautyspot.recorder.labels import model_of, name_of, tags_of
from langchain_beautyspot.recorder.open_run import Ended
from langchain_beautyspot.recorder.prices import PriceTable
from langchain_beautyspot.recorder.totals import Sums, Totals
from langchain_beautyspot.usage import Reading, read_result, usage_of_message

MAX_UNREAD = 64
"""Ended runs that wait to become rows; a killed process loses at most these and what the journal holds."""
KEPT_ROWS = 1000
"""Rows that are at hand; every row is in the database."""
NOTHING = Reading()


class Ledger:
    """Takes ended runs from any thread, and gives their rows to the journal."""

    def __init__(self, journal: Journal, prices: PriceTable, sums: Sums) -> None:
        """Add everything up in `sums`."""
        self._journal = journal
        self._prices = prices
        self._sums = sums
        self._unread: deque[Ended] = deque()
        self._rows: deque[Run] = deque(maxlen=KEPT_ROWS)
        # Reentrant: a garbage collection under the lock may close a stream, which ends a run.
        self._lock = threading.RLock()
        journal.add_source(self)

    def add(self, ended: Ended, /) -> None:
        """Take a run that ended."""
        self._unread.append(ended)
        if len(self._unread) >= MAX_UNREAD:
            self.add_runs()

    def add_runs(self) -> None:
        """Make rows of what is there, and give them to the journal."""
        with self._lock:
            while self._unread:
                self._enter(self._unread.popleft())

    def rows(self) -> list[Run]:
        """Return the last rows."""
        with self._lock:
            self.add_runs()
            return list(self._rows)

    def totals(self) -> Totals:
        """Return what all runs came to."""
        self.add_runs()
        return self._sums.totals(dropped=self._journal.dropped_runs)

    def flush(self) -> bool:
        """Write what is pending, and say whether that worked."""
        return self._journal.flush()

    def after_fork_in_child(self) -> None:
        """Leave what is unread to the parent, and its lock, which a thread of it may have held."""
        self._lock = threading.RLock()
        self._unread.clear()

    def _enter(self, ended: Ended) -> None:
        try:
            said = self._said(ended)
            row, price = self._row(ended, said)
        except Exception:  # noqa: BLE001 - what users and providers give may be anything
            self._sums.fail()
            return
        self._rows.append(row)
        saved = (said.hit or {}).get("saved_tokens")
        self._sums.add(row, saved or said.usage.total_tokens or 0, price or 0.0)
        self._journal.add_run(row)

    def _said(self, ended: Ended) -> Reading:
        try:
            if ended.hit is not None:
                return Reading(usage_of_message(ended.answer), hit=ended.hit, key=ended.hit.get("cache_key"))
            return NOTHING if ended.result is None else read_result(ended.result)
        except Exception:  # noqa: BLE001 - a provider's result may be anything: the call is a row all the same
            self._sums.fail()
            return NOTHING

    def _row(self, ended: Ended, said: Reading) -> tuple[Run, float | None]:
        """Return the row, and what the call cost or, as a hit, would have cost."""
        run, labels, usage = ended.run, ended.run.labels, said.usage
        name = name_of(labels.serialized, labels.name, labels.kind)
        model = run.model
        if model is None and labels.kind == "llm":
            model = model_of(labels.metadata or {}, labels.parameters or {}, name)
        asked = None if model is None or model.name == UNKNOWN else model.name
        price = self._prices.price(asked, said.model)
        cost = None if price is None else price.of(usage)
        row = Run(
            run_id=str(run.run_id),
            parent_id=None if run.parent_id is None else str(run.parent_id),
            trace_id=str(run.trace_id),
            kind=labels.kind,
            name=name,
            model=asked or said.model,
            started_at=datetime.fromtimestamp(run.started_s, UTC),
            elapsed_s=ended.end_s - run.start_s,
            first_token_s=run.first_token_s,
            waited_s=sum(run.waits_s or ()),
            status=ended.status,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            cost=0.0 if said.hit is not None else cost,
            cache_hit=_is_hit(ended, said),
            nested=False,
            cache_key=said.key,
            error=ended.error,
            tags=tags_of(labels.tags, labels.metadata, model),
            details=ended.details,
        )
        return row, cost


def _is_hit(ended: Ended, said: Reading) -> bool | None:
    """Say whether a cache answered; None for what asks no cache, or came to no answer."""
    if said.hit is not None:
        return True
    return False if ended.run.labels.kind == "llm" and ended.status == "ok" else None
