"""The answers as a table on the screen, as JSON, and as the table of the README."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.answers import Answer, Target
from benchmarks.japanese import in_japanese

MARK = "<!-- benchmarks -->"
END = "<!-- /benchmarks -->"
COMMAND = "make bench"


def show(answers: Iterable[Answer], machine: str) -> None:
    """Print the table: what was promised, what was measured, and everybody's figure."""
    table = Table(caption=machine, title="medians of interleaved rounds")
    for column in ("what", "measured", "target", "", "medians, for orientation"):
        table.add_column(column, overflow="fold")
    for answer in answers:
        for number, target in enumerate(answer.targets):
            head = (answer.question, figures(answer)) if not number else ("", "")
            color = "green" if target.met else "red"
            table.add_row(head[0], measured(target), limit(target), f"[{color}]{verdict(target)}[/]", head[1])
    console = Console(width=None if Console().is_terminal else 160)
    console.print(table)
    for answer in answers:
        if answer.notes:
            console.print(f"{answer.question}: {answer.notes}", style="dim", highlight=False)


def markdown(answers: Iterable[Answer], machine: str) -> str:
    """Return the table of the README."""
    lines = ["| what | measured | target | medians |", "| --- | --- | --- | --- |"]
    for answer in answers:
        ours = "<br>".join(measured(target) + ("" if target.met else " (missed)") for target in answer.targets)
        limits = "<br>".join(map(limit, answer.targets))
        lines.append(f"| {answer.question} | {ours} | {limits} | {figures(answer)} |")
    return "\n".join([*lines, "", f"`{COMMAND}` on {machine}. Medians of interleaved rounds: trust the ratios."])


def write_into(path: Path, table: str) -> None:
    """Put `table` behind the mark in the document at `path`, in its language and in the place of an earlier one."""
    if path.name.endswith(".ja.md"):
        table = in_japanese(table)
    head, mark, tail = path.read_text("utf-8").partition(MARK)
    if not mark:
        raise SystemExit(f"{path} has no {MARK}; put it where the table shall be")
    tail = tail.partition(END)[2] if END in tail else tail
    path.write_text(f"{head}{MARK}\n{table}\n{END}{tail}", "utf-8")


def as_json(answers: Iterable[Answer], machine: str) -> str:
    """Return everything that was measured."""
    return json.dumps({"machine": machine, "answers": [_plain(answer) for answer in answers]}, indent=2) + "\n"


def _plain(answer: Answer) -> dict[str, Any]:
    targets = [{**target._asdict(), "met": target.met} for target in answer.targets]
    return {**answer._asdict(), "figures": dict(answer.figures), "targets": targets}


def figures(answer: Answer) -> str:
    """Return each contender's median with its name."""
    return ", ".join(f"{name} {number(value)}" for name, value in answer.figures.items()) + f" {answer.unit}"


def measured(target: Target) -> str:
    """Return what came out, with what it is a multiple of."""
    return f"{number(target.measured)} {target.of}"


def limit(target: Target) -> str:
    """Return what was promised."""
    return f"{'≥' if target.at_least else '≤'} {target.limit:g}"


def verdict(target: Target) -> str:
    """Return the word for it."""
    return "met" if target.met else "missed"


def number(value: float) -> str:
    """Return three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
