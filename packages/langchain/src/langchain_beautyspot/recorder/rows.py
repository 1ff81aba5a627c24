"""An ended run as a row."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from beautyspot.recording import Entered, PriceTable, Sums
from beautyspot.records import Run

from langchain_beautyspot.models import UNKNOWN
from langchain_beautyspot.recorder.labels import model_of, name_of, tags_of
from langchain_beautyspot.recorder.open_run import Ended
from langchain_beautyspot.usage import Reading, read_result, usage_of_message

NOTHING = Reading()


class RowMaker:
    """Reads what a run took out of its result."""

    def __init__(self, prices: PriceTable, sums: Sums) -> None:
        """Count in `sums` what can't be read."""
        self._prices = prices
        self._sums = sums

    def enter(self, ended: Ended, /) -> Entered:
        """Return the row, and what the call took and cost or, as a hit, saved."""
        said = self._said(ended)
        row, cost = self._row(ended, said)
        saved = (said.hit or {}).get("saved_tokens")
        return Entered(row, saved or said.usage.total_tokens or 0, cost or 0.0)

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
            run_id=str(UUID(int=run.run_id)),
            parent_id=None if run.parent_id is None else str(UUID(int=run.parent_id)),
            trace_id=str(UUID(int=run.trace_id)),
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
            nested=ended.nested,
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
