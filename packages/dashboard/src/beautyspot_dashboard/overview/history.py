"""What happened in a range of time, asked for once and then added up in every way that the page shows."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import attrgetter

from beautyspot.catalog import Catalog, FunctionSummary, ModelUse, Size, Step
from beautyspot.durations import seconds
from beautyspot.records import Activity

from beautyspot_dashboard.overview.ranges import Range


@dataclass(frozen=True, slots=True)
class Sums:
    """What some activity comes to."""

    hits: int = 0
    misses: int = 0
    errors: int = 0
    saved_s: float = 0.0
    waited_s: float = 0.0
    tokens_spent: int = 0
    tokens_saved: int = 0

    @property
    def hit_rate(self) -> float | None:
        """Of all calls, 0 to 1; None without a call."""
        calls = self.hits + self.misses
        return self.hits / calls if calls else None


NAMES = tuple(field.name for field in fields(Sums))


@dataclass(frozen=True, slots=True)
class History:
    """What happened in a range of time, and what is kept now."""

    per: Step
    start: datetime
    """Of the range, aware; for all time that of the first thing that happened."""
    end: datetime
    """When it was asked for."""
    activity: tuple[Activity, ...]
    """Oldest first."""
    models: tuple[ModelUse, ...]
    """Oldest first."""
    functions: tuple[FunctionSummary, ...]
    size: Size

    def total(self) -> Sums:
        """Return what everything comes to."""
        return sums_of(self.activity)

    def by_time(self) -> dict[datetime, Sums]:
        """Return what each step of time comes to."""
        return {time: sums_of(rows) for time, rows in groupby(self.activity, attrgetter("minute"))}

    def by_function(self) -> dict[str, Sums]:
        """Return what each function comes to, those that saved most first."""
        rows = sorted(self.activity, key=attrgetter("func_name"))
        sums = {name: sums_of(group) for name, group in groupby(rows, attrgetter("func_name"))}
        return dict(sorted(sums.items(), key=lambda item: -item[1].saved_s))


def history_of(catalog: Catalog, range_: Range, /) -> History:
    """Ask for what happened in `range_`."""
    end = datetime.now(UTC)
    since = None if range_.since is None else end - timedelta(seconds=seconds(range_.since))
    activity = catalog.activity(since=since, per=range_.per)
    models = catalog.model_uses(since=since, per=range_.per)
    times = [row.minute for row in activity[:1]] + [use.start for use in models[:1]]
    start = since or min(times, default=end)
    return History(range_.per, start, end, activity, models, catalog.functions(), catalog.size())


def sums_of(rows: Iterable[Activity], /) -> Sums:
    """Return what `rows` come to."""
    kept = list(rows)
    return Sums(**{name: sum(getattr(row, name) for row in kept) for name in NAMES})
