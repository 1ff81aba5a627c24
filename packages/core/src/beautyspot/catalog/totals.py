"""Questions about what the calls did: per function, per minute, per run and per model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, case, func, select, true

from beautyspot.catalog.kept import Kept, kept_by_function
from beautyspot.catalog.pages import page_of
from beautyspot.catalog.records import FunctionSummary, Limit, ModelSummary
from beautyspot.catalog.source import Source
from beautyspot.catalog.times import stored, time_of
from beautyspot.errors import ConfigurationError
from beautyspot.housekeeping import NAME
from beautyspot.limiters.rate import Rate
from beautyspot.limiters.steps import ENDING
from beautyspot.records import Activity, LimitRate, Run

if TYPE_CHECKING:
    from beautyspot.catalog.source import AnyRow

COUNTS = Activity._fields[2:]


def function_summaries(source: Source, /) -> list[FunctionSummary]:
    """Return one for each function that kept or did anything, those that saved most first."""
    kept, done = {each.func_name: each for each in kept_by_function(source)}, _done(source)
    found = [_summary(name, kept.get(name), done.get(name)) for name in {**kept, **done}]
    return sorted(found, key=lambda each: (-each.saved_s, -each.results, each.func_name))


def _done(source: Source) -> "dict[str, AnyRow]":
    if not source.has("activity"):
        return {}
    name = source.column("activity", "func_name")
    sums = [func.sum(source.column("activity", column)) for column in COUNTS]
    return {row[0]: row for row in source.rows(select(name, *sums).group_by(name))}


def _summary(name: str, kept: Kept | None, done: "AnyRow | None") -> FunctionSummary:
    kept = kept or Kept(name)
    # PostgreSQL sums big integers as Decimal, which is no JSON.
    sums = zip(COUNTS, done[1:] if done else (0,) * len(COUNTS), strict=True)
    counts = {column: float(value) if column.endswith("_s") else int(value) for column, value in sums}
    return FunctionSummary(
        func_name=name,
        results=kept.results,
        size_bytes=kept.size_bytes,
        elapsed_s=kept.elapsed_s,
        updated_at=kept.updated_at,
        **counts,  # pyright: ignore[reportArgumentType] - each as its field says
    )


def activity_since(source: Source, since: datetime | None, function: str | None, /) -> list[Activity]:
    """Return what each function did in each minute, oldest first."""
    if not source.has("activity"):
        return []
    columns = [source.column("activity", name) for name in Activity._fields]
    statement = select(*columns).order_by(columns[1], columns[0])
    if since is not None:
        statement = statement.where(columns[1] >= stored(source, since))
    if function is not None:
        statement = statement.where(columns[0] == function)
    return [Activity(row[0], time_of(row[1]), *row[2:]) for row in source.rows(statement)]


@dataclass(frozen=True, slots=True)
class RunQuestion:
    """Which runs: every condition holds that is not None or False."""

    where: Mapping[str, str | None]
    """Values that columns must have."""
    since: datetime | None = None
    roots: bool = False
    cache_hit: bool | None = None


def runs_page(source: Source, question: RunQuestion, limit: int, after: str | None, /) -> tuple[list[Run], str | None]:
    """Return one page of runs, newest first, and the cursor of the next one.

    Args:
        source: Where to ask.
        question: Which runs.
        limit: As `page_of` has it; so is `after`.
        after: A cursor; None for the first page.
    """
    if not source.has("runs"):
        return [], None
    columns = {name: source.column("runs", name) for name in Run._fields}
    statement = select(*columns.values())
    statement = statement.where(*_run_conditions(source, question))
    rows, following = page_of(source, statement, (columns["started_at"], columns["run_id"]), limit, after)
    return [_run_of(row) for row in rows], following


def _run_conditions(source: Source, question: RunQuestion) -> list[ColumnElement[bool]]:
    given = question.where.items()
    found = [source.column("runs", name) == value for name, value in given if value is not None]
    if question.since is not None:
        found.append(source.column("runs", "started_at") >= stored(source, question.since))
    if question.roots:
        found.append(source.column("runs", "parent_id").is_(None))
    if question.cache_hit is not None:
        found.append(source.column("runs", "cache_hit").is_(question.cache_hit))
    return found


def _run_of(row: "AnyRow") -> Run:
    run = Run(*row)
    tags: Any = run.tags
    if isinstance(tags, str):  # a file that is too old, or damaged
        tags = json.loads(tags)
    return run._replace(started_at=time_of(run.started_at), tags=tuple(tags or ()))


def model_summaries(source: Source, /) -> list[ModelSummary]:
    """Return one for each model that a run named, the most expensive first."""
    if not source.has("runs"):
        return []

    model, nested, hit = (source.column("runs", name) for name in ("model", "nested", "cache_hit"))

    def total(name: str, of: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.coalesce(func.sum(case((of, source.column("runs", name)))), 0)

    statement = (
        select(
            model,
            func.count(),
            func.count(case((source.column("runs", "status") == "error", 1))),
            func.count(case((source.column("runs", "cache_hit").is_(True), 1))),
            *(total(name, hit.is_not(True)) for name in ("input_tokens", "output_tokens", "cost")),
            total("elapsed_s", true()),
            total("input_tokens", hit.is_(True)) + total("output_tokens", hit.is_(True)),
        )
        .where(model.is_not(None), nested.is_(False))
        .group_by(model)
    )
    found = [
        ModelSummary(model, runs, errors, hits, int(inputs), int(outputs), float(cost), float(elapsed_s), int(saved))
        for model, runs, errors, hits, inputs, outputs, cost, elapsed_s, saved in source.rows(statement)
    ]
    return sorted(found, key=lambda each: (-each.cost, -each.input_tokens, each.model))


def limits(source: Source, /) -> list[Limit]:
    """Return the shared limiters, those that are busy for longest first."""
    if not source.has("limits"):
        return []
    columns = [source.column("limits", name) for name in ("name", "tat_s", *LimitRate._fields)]
    rows = source.rows(select(*columns).order_by(columns[1].desc()))
    found = ((name, tat_s, _rate(rate)) for name, tat_s, *rate in rows)
    return [
        Limit(name, datetime.fromtimestamp(max(0.0, tat_s), UTC), *(rate or (None, None)))
        for name, tat_s, rate in found
        if rate or not _is_note(name)
    ]


def _rate(noted: list[Any]) -> LimitRate | None:
    """Return what a row says that its limit grants; None where it says nothing, or what no limiter wrote."""
    try:
        rate = Rate(*noted)
    except ConfigurationError:
        return None
    return LimitRate(rate.tokens_per_minute, rate.burst)


def _is_note(name: str) -> bool:
    """Say whether it is a time under which others than limiters note something in the table."""
    return name.endswith(ENDING) or name == NAME
