"""An ended run as a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from beautyspot.recording import NOTHING_KNOWN, Entered, PriceTable, Scrubber, Sums, Usage, clean
from beautyspot.records import Run

from llama_index.callbacks.beautyspot.recorder.open_run import OpenRun
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

    def enter(self, run: OpenRun, /) -> Entered:
        """Return the row, and what the call took and cost or, as a hit, saved."""
        tags = run.tags or _NO_TAGS
        hit = _hit(tags, run.kind, run.status)
        usage, answered = self._read(run.response)
        asked = None if run.model is None else clean(run.model)
        price = self._prices.price(asked, answered)
        cost = None if price is None else price.of(usage)
        key = tags.get("cache_key")
        row = Run(
            run_id=run.run_id,
            parent_id=run.parent_id,
            trace_id=run.trace_id,
            kind=run.kind,
            name=clean(run.name),
            model=asked or answered,
            started_at=datetime.fromtimestamp(run.started_s, UTC),
            elapsed_s=run.elapsed_s,
            first_token_s=run.first_token_s,
            waited_s=run.waited_s,
            status=run.status,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cached_tokens=usage.cached_tokens,
            cost=0.0 if hit else cost,
            cache_hit=hit,
            nested=run.is_nested,
            cache_key=None if key is None else clean(key),
            error=run.error,
            tags=self._tags(tags) if tags else (),
            details=run.details,
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

    def _tags(self, tags: Mapping[str, Any]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(self._told(tags)))
        except Exception:  # noqa: BLE001 - the user's `redact` may raise anything: the row goes without what it saw
            self._sums.fail()
            return ()

    def _told(self, tags: Mapping[str, Any]) -> Iterator[str]:
        plain = {
            name: value
            for name, value in tags.items()
            if isinstance(value, str | int | float) and name not in OF_CACHE and not name.startswith(_OF_WORKFLOWS)
        }
        for name, value in self._scrubber.table(plain).items():
            yield clean(f"{self._scrubber.text(name)}:{value}")
        for name, word in _TOLD.items():
            if name in tags:
                yield clean(f"{word}:{tags[name]}")


def _hit(tags: Mapping[str, Any], kind: str, status: str) -> bool | None:
    """Say whether a cache answered; None for what asks no cache, or came to no answer."""
    told = tags.get("cache_hit")
    if told is not None:
        return bool(told)
    return False if kind == "llm" and status == "ok" else None
