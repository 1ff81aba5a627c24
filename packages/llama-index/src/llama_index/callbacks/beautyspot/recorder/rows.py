"""An ended run as a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from beautyspot.recording import NOTHING_KNOWN, Entered, PriceTable, Scrubber, Sums, Usage, clean
from beautyspot.records import Run

from llama_index.callbacks.beautyspot.recorder.open_run import Ended
from llama_index.callbacks.beautyspot.recorder.usage import model_of, usage_of

OF_CACHE = ("cache_hit", "cache_key", "saved_tokens")
"""Tags by which a cache of ours tells of its answers."""
_OF_WORKFLOWS = "llamaindex."
"""How tags begin that workflows add; some of them quote what the user said."""
_TOLD = {"llamaindex.run_id": "run"}
"""Those of them that become tags of a row."""
_NO_TAGS: Mapping[str, Any] = {}


class RowMaker:
    """Reads what a run took out of its response."""

    def __init__(self, prices: PriceTable, sums: Sums, scrubber: Scrubber) -> None:
        """Count in `sums` what can't be read, and let `scrubber` take secrets out of tags."""
        self._prices = prices
        self._sums = sums
        self._scrubber = scrubber

    def enter(self, ended: Ended, /) -> Entered:
        """Return the row, and what the call took and cost or, as a hit, saved."""
        run, labels = ended.run, ended.run.labels
        tags = _tags(labels.tags, ended.tags)
        hit = _hit(tags, labels.kind, ended.status)
        usage, answered = self._read(ended.response)
        asked = _model(labels.model)
        price = self._prices.price(asked, answered)
        cost = None if price is None else price.of(usage)
        key = tags.get("cache_key")
        row = Run(
            run_id=run.run_id,
            parent_id=labels.parent_id,
            trace_id=labels.trace_id,
            kind=labels.kind,
            name=clean(labels.name),
            model=asked or answered,
            started_at=datetime.fromtimestamp(run.started_s, UTC),
            elapsed_s=ended.end_s - run.start_s,
            first_token_s=run.first_token_s,
            waited_s=sum(run.waits_s) if run.waits_s else 0.0,
            status=ended.status,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            cost=0.0 if hit else cost,
            cache_hit=hit,
            nested=labels.is_nested,
            cache_key=None if key is None else clean(key),
            error=ended.error,
            tags=self._tags(tags, labels.provider),
            details=ended.details,
        )
        saved = tags.get("saved_tokens") if hit else None
        return Entered(row, saved or usage.total_tokens or 0, cost or 0.0)

    def _read(self, response: Any) -> tuple[Usage, str | None]:
        if response is None:
            return NOTHING_KNOWN, None
        try:
            return usage_of(response), model_of(response)
        except Exception:  # noqa: BLE001 - a provider's response may be anything: the call is a row all the same
            self._sums.fail()
            return NOTHING_KNOWN, None

    def _tags(self, tags: Mapping[str, Any], provider: str | None) -> tuple[str, ...]:
        if not tags:
            return () if provider is None else (f"provider:{provider}",)
        found = list(self._told(tags))
        if provider is not None:
            found.append(f"provider:{provider}")
        return tuple(dict.fromkeys(found))

    def _told(self, tags: Mapping[str, Any]) -> Iterator[str]:
        plain = {
            name: value
            for name, value in tags.items()
            if isinstance(value, str | int | float) and name not in OF_CACHE and not name.startswith(_OF_WORKFLOWS)
        }
        for name, value in self._scrubber.table(plain).items():
            yield clean(f"{name}:{value}")
        for name, word in _TOLD.items():
            if name in tags:
                yield clean(f"{word}:{tags[name]}")


def _tags(began: Mapping[str, Any] | None, ended: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return the tags of the beginning, with what a cache tells at the end; a stream ends in its reader's context."""
    if ended and not began:
        return {name: ended[name] for name in OF_CACHE if name in ended}
    if ended and began and "cache_hit" in ended and "cache_hit" not in began:
        return {**began, **{name: ended[name] for name in OF_CACHE if name in ended}}
    return began or _NO_TAGS


def _hit(tags: Mapping[str, Any], kind: str, status: str) -> bool | None:
    """Say whether a cache answered; None for what asks no cache, or came to no answer."""
    told = tags.get("cache_hit")
    if told is not None:
        return bool(told)
    return False if kind == "llm" and status == "ok" else None


def _model(told: Mapping[str, Any] | None) -> str | None:
    """Return the name that the model was asked for by."""
    if told is None:
        return None
    name = told.get("model") or told.get("model_name")
    return clean(name) if isinstance(name, str) and name != "unknown" else None
