"""What happened over time, in steps that a chart can show: added up by the database, not here."""

from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Select, Text, case, func, select, type_coerce

from beautyspot.catalog.records import ModelUse
from beautyspot.catalog.source import Source
from beautyspot.catalog.times import stored, time_of
from beautyspot.records import Activity

Step = Literal["minute", "hour", "day"]
STEPS: tuple[str, ...] = get_args(Step)
DIGITS = {"minute": 16, "hour": 13, "day": 10}
"""Characters of `2026-11-21 10:09` that name the step."""
REST = {"minute": ":00", "hour": ":00:00", "day": " 00:00:00"}
COUNTS = Activity._fields[2:]
FLOATS = {"saved_s", "waited_s"}


def activity_by(source: Source, step: Step, since: datetime | None, function: str | None, /) -> list[Activity]:
    """Return what each function did in each step of time, oldest first."""
    if not source.has("activity"):
        return []
    name, minute = source.column("activity", "func_name"), source.column("activity", "minute")
    start = start_of(source, minute, step)
    sums = [func.sum(source.column("activity", column)) for column in COUNTS]
    statement: Select[*tuple[Any, ...]] = select(name, start, *sums).group_by(name, start).order_by(start, name)
    if since is not None:
        statement = statement.where(minute >= stored(source, since))
    if function is not None:
        statement = statement.where(name == function)
    return [Activity(row[0], time_of(row[1]), *map(_count, COUNTS, row[2:])) for row in source.rows(statement)]


def model_uses(source: Source, step: Step, since: datetime | None, /) -> list[ModelUse]:
    """Return what the observed calls of each model came to in each step of time, oldest first."""
    if not source.has("runs"):
        return []
    column = {name: source.column("runs", name) for name in ("model", "started_at", "nested", "cache_hit", "status")}
    start, hit = start_of(source, column["started_at"], step), column["cache_hit"]

    def total(name: str, of: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.coalesce(func.sum(case((of, source.column("runs", name)))), 0)

    statement = (
        select(
            column["model"],
            start,
            func.count(),
            func.count(case((column["status"] == "error", 1))),
            func.count(case((hit.is_(True), 1))),
            *(total(name, hit.is_not(True)) for name in ("input_tokens", "output_tokens", "cost")),
            *(total(name, hit.is_(True)) for name in ("input_tokens", "output_tokens")),
        )
        .where(column["model"].is_not(None), column["nested"].is_(False))
        .group_by(column["model"], start)
        .order_by(start, column["model"])
    )
    if since is not None:
        statement = statement.where(column["started_at"] >= stored(source, since))
    return [_model_use(*row) for row in source.rows(statement)]


def start_of(source: Source, time: ColumnElement[Any], step: Step, /) -> ColumnElement[Any]:
    """Return the first instant of the step that `time` lies in."""
    if source.path is None:
        return func.date_trunc(step, time)
    # Any release's way of writing a time begins alike, but for the letter between its date and its hour.
    text = func.replace(type_coerce(time, Text), "T", " ")
    return func.substr(text, 1, DIGITS[step]).op("||")(REST[step])


def _model_use(model: str, start: object, *values: Any) -> ModelUse:
    runs, errors, hits, spent_in, spent_out, cost, saved_in, saved_out = values
    return ModelUse(
        model,
        time_of(start),
        *(runs, errors, hits, int(spent_in), int(spent_out), float(cost), int(saved_in), int(saved_out)),
    )


def _count(column: str, value: Any) -> Any:
    return float(value) if column in FLOATS else int(value)  # PostgreSQL sums big integers as Decimal
