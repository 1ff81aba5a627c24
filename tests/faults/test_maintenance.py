"""Maintenance of a store while others use it, and stopped in the middle."""

import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB
from beautyspot.maintenance import export_archive, prune, vacuum, verify
from beautyspot.records import TaskFilter
from beautyspot.storage import LocalStorage

FILL = """
answer = new_answer(new_spot(), tags=("some",))
for n in range(1500):
    answer(n)
"""


def command(stage: Any, *words: str) -> list[str]:
    folder = stage.folder
    places = ("--db", f"{folder}/a.db", "--storage", f"{folder}/blobs")
    return [sys.executable, "-c", "from beautyspot.cli import main; main()", *places, *words]


def count(stage: Any) -> int:
    with closing(sqlite3.connect(stage.folder / "a.db")) as connection:
        return connection.execute("SELECT count(*) FROM tasks").fetchone()[0]


def is_sound(stage: Any) -> bool:
    with Catalog.open(stage.folder / "a.db") as catalog:
        return verify(catalog, [LocalStorage(stage.folder / "blobs")]).is_sound


@pytest.mark.slow
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_prune_that_is_stopped_leaves_whole_results_and_can_go_on(stage: Any, stop: signal.Signals) -> None:
    stage.run(FILL)
    with subprocess.Popen(command(stage, "prune", "--tag", "some", "--yes"), stderr=subprocess.PIPE) as process:
        deadline_s = time.monotonic() + 30
        while count(stage) == 1500 and time.monotonic() < deadline_s:
            assert process.poll() is None
        process.send_signal(stop)
        _, err = process.communicate()
    left = count(stage)
    assert 0 < left < 1500
    assert process.returncode == (130 if stop == signal.SIGINT else -stop)
    assert (b"the rest is as it was" in err, b"Traceback" in err) == (stop == signal.SIGINT, False)
    assert (is_sound(stage), stage.integrity()) == (True, "ok")
    with closing(SQLiteTaskDB(stage.folder / "a.db")) as db:
        prune(db, LocalStorage(stage.folder / "blobs"), TaskFilter(tags=("some",)))
    assert count(stage) == 0


WRITER = """
answer = new_answer(new_spot())
say("ready")
n = 10_000
while True:
    answer(n)
    if n == 10_000: say("runs")
    n += 1
    if answer(n - 1) != value_of(n - 1) or os.path.exists(f"{folder}/stop"):
        break
say("written", n - 10_000, len(runs))
"""


def test_a_writer_loses_nothing_while_the_store_is_pruned_verified_vacuumed_and_exported(stage: Any) -> None:
    stage.run(FILL)
    writer = stage.start(WRITER)
    assert [writer.hears(), writer.hears()] == ["ready", "runs"]
    blobs = LocalStorage(stage.folder / "blobs")
    with closing(SQLiteTaskDB(stage.folder / "a.db")) as db:
        assert prune(db, blobs, TaskFilter(tags=("some",))).tasks == 1500
        assert is_sound(stage)
        vacuum(stage.folder / "a.db")
        assert export_archive(db, [blobs], stage.folder / "all.zip").left_out == 0
    Path(f"{stage.folder}/stop").touch()
    out = writer.rest()
    written = int(out[-1].split()[1])
    assert out == [f"written {written} {written}"]
    assert (count(stage), is_sound(stage)) == (written, True)


@pytest.mark.parametrize("verb", ["vacuum", "repair", "clean"])
def test_a_look_is_had_where_nothing_can_be_written(stage: Any, verb: str) -> None:
    stage.run("new_answer(new_spot())(1)")
    stage.folder.chmod(0o500)
    words = [*stage.without_power(), *command(stage, verb, "--dry-run")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    stage.folder.chmod(0o700)
    assert (done.returncode, done.stderr.partition(" ")[0]) == (0, "would")
