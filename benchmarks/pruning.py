"""How long does a hit take while another process deletes a tenth of the rows?"""

import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB
from beautyspot.maintenance import prune
from beautyspot.maintenance.vacuum import vacuum
from beautyspot.records import TaskFilter

from benchmarks.answers import Answer, Target
from benchmarks.interleave import seconds

ROOT = Path(__file__).parents[1]


def answer(path: str, count: int) -> Answer:
    """Prune the oldest tenth while a reader in a process of its own hits at random."""
    oldest = _time_of(path, count // 10)
    with closing(SQLiteTaskDB(path)) as db, _reader(path, count) as reader:
        assert reader.stdout is not None
        reader.stdout.readline()  # it has begun
        taken_s = seconds(prune, db, None, TaskFilter(updated_before=oldest))
        median_us, p99_us, hits = reader.communicate("\n", timeout=60)[0].split()
    figures = {"median hit": float(median_us), "p99 hit": float(p99_us)}
    shrunk = vacuum(Path(path))
    notes = (
        f"pruned in {taken_s:.1f} s, {hits} hits meanwhile; "
        f"then vacuum: {shrunk.before_bytes / 1e6:.0f} MB to {shrunk.after_bytes / 1e6:.0f} MB"
    )
    target = Target(float(p99_us) / float(median_us), 10, "× its median hit")
    return Answer(f"prune {count // 10:,} of {count:,} rows while a reader runs", "µs", figures, (target,), notes)


def _time_of(path: str, number: int) -> datetime:
    with Catalog.open(path) as catalog:
        rows = catalog.source.raw("SELECT updated_at FROM tasks WHERE rowid = ?", (number + 1,))
    return datetime.fromisoformat(rows[0][0]).replace(tzinfo=UTC)


def _reader(path: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "benchmarks.pruning_reader", path, str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
