"""`prune` and `clean`: what they remove, and what they leave."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import beautyspot as bs
import pytest

from .conftest import Run

HOURS_AGO_S = 1_600_000_000


def kept(place: str = ".beautyspot/mine.db") -> int:
    return change("SELECT count(*) FROM tasks", place)[0][0]


def change(statement: str, place: str = ".beautyspot/mine.db") -> list[tuple[int]]:
    with closing(sqlite3.connect(place)) as connection, connection:
        return connection.execute(statement).fetchall()


def age(folder: Path) -> list[Path]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        os.utime(path, (HOURS_AGO_S, HOURS_AGO_S))
    return files


@pytest.fixture
def expired(store: Path) -> Path:
    """The store, in which the three results of `load` have expired."""
    change("UPDATE tasks SET expires_at = '2020-01-01 00:00:00.000000' WHERE func_name LIKE '%load'")
    return store


@pytest.mark.parametrize("verb", ["prune", "delete"])
def test_expired_results_are_counted_and_then_go_alone(expired: Path, run: Run, verb: str) -> None:
    told = run(verb, "--expired", "--dry-run")
    assert (told.code, kept()) == (0, 4)
    assert "would delete 3 results" in told.err
    assert run(verb, "--expired").code == 2  # nobody is there to ask
    document = json.loads(run(verb, "--expired", "--yes", "--json").out)
    assert (document["deleted"], document["blobs_left"], len(document["keys"])) == (3, 0, 3)
    assert document["size_bytes"] > 0
    assert kept() == 1


def test_prune_takes_an_age_in_days_or_a_span(store: Path, run: Run) -> None:
    change("UPDATE tasks SET updated_at = '2020-01-01 00:00:00.000000' WHERE func_name LIKE '%read'")
    assert "would delete 1 result," in run("prune", "--days", "30", "--dry-run").err
    assert "would delete 1 result," in run("prune", "--older-than", "30d", "--dry-run").err
    assert run("prune", "--older-than", "30d", "--days", "3", "--yes").code == 2
    assert "greater than or equal to 1" in run("prune", "--days", "0", "--yes").err
    assert run("prune", "--days", "30", "--yes").code == 0
    assert kept() == 3
    assert [path for path in (store / ".beautyspot" / "blobs").rglob("*") if path.is_file()] == []


def test_prune_joins_its_filters(expired: Path, run: Run) -> None:
    assert "0 results" in run("prune", "--expired", "--function", "read", "--yes").err
    assert "0 results" in run("prune", "--expired", "--version", "1", "--yes").err
    assert "3 results" in run("prune", "--expired", "--version", "2", "--tag", "red", "--yes").err


def test_prune_to_a_size_leaves_what_was_used_last(store: Path, run: Run) -> None:
    change("UPDATE tasks SET updated_at = '2020-01-01 00:00:00.000000' WHERE func_name LIKE '%read'")
    change("UPDATE tasks SET size_bytes = 100")
    told = run("prune", "--max-size", "0.3kB", "--dry-run")
    assert (told.code, kept()) == (0, 4)
    assert "would delete 1 result, 100 B" in told.err
    assert run("prune", "--max-size", "300", "--yes").code == 0
    assert change("SELECT count(*) FROM tasks WHERE func_name LIKE '%load'")[0][0] == kept() == 3
    assert run("prune", "--max-size", "five apples", "--yes").code == 2


def test_prune_wants_to_be_told_what(store: Path, run: Run) -> None:
    answer = run("prune", "--yes")
    assert (answer.code, kept()) == (2, 4)
    assert "--expired" in answer.err


def test_delete_takes_all_only_when_it_is_told_so_and_nothing_else(store: Path, run: Run) -> None:
    for arguments in ((), ("--all", "--tag", "red"), ("--all", "0" * 32)):
        assert "or --all" in run("delete", "--yes", *arguments).err
    assert (run("delete", "--all").code, kept()) == (2, 4)  # nobody is there to ask
    assert "deleted 4 results" in run("delete", "--all", "--yes").err
    assert kept() == 0
    assert [path for path in (store / ".beautyspot" / "blobs").rglob("*") if path.is_file()] == []


def test_clean_removes_old_blobs_without_a_row_and_half_written_ones(store: Path, run: Run) -> None:
    blob = next((store / ".beautyspot" / "blobs").rglob("*.bin"))
    blob.with_suffix(".tmp").write_bytes(b"12345")
    age(store / ".beautyspot" / "blobs")
    assert "would delete 1 blob, 5 B" in run("clean", "--dry-run").err
    change("DELETE FROM tasks")
    assert run("clean").code == 2
    assert blob.exists()
    assert json.loads(run("clean", "--yes", "--json").out)["deleted"] == 2
    assert [path for path in (store / ".beautyspot" / "blobs").rglob("*") if path.is_file()] == []


def test_clean_leaves_a_blob_that_may_be_written_in_this_moment(store: Path, run: Run) -> None:
    change("DELETE FROM tasks")
    assert "deleted 0 blobs" in run("clean", "--yes").err
    assert len(list((store / ".beautyspot" / "blobs").rglob("*.bin"))) == 1


def test_clean_leaves_what_another_database_here_names(store: Path, run: Run) -> None:
    with bs.Spot("other", storage=".beautyspot/blobs/mine") as spot:
        spot.run(len, "abc", _save_blob=True)
    age(store / ".beautyspot" / "blobs")
    assert "deleted 0 blobs" in run("--db", ".beautyspot/mine.db", "clean", "--yes").err
    spot.shutdown()
    (store / ".beautyspot" / "other.db").write_bytes(b"noise" * 1000)
    assert run("--db", ".beautyspot/mine.db", "clean", "--yes").code == 1
    assert len(list((store / ".beautyspot" / "blobs").rglob("*.bin"))) == 2


def test_clean_passes_by_a_database_of_another_program_that_has_tasks_too(store: Path, run: Run) -> None:
    change("CREATE TABLE tasks (id INTEGER PRIMARY KEY, title TEXT)", "todo.db")
    answer = run("--db", ".beautyspot/mine.db", "clean", "--yes")
    assert (answer.code, "deleted 0 blobs" in answer.err) == (0, True)


@pytest.mark.parametrize("at_byte", [100, -4096])
def test_clean_says_why_a_damaged_database_here_stops_it_and_what_to_do(store: Path, run: Run, at_byte: int) -> None:
    damaged = Path("a copy.db")
    with bs.Spot("other", db=damaged) as spot:
        for number in range(300):
            spot.run(str, number, _save_blob=True)
    spot.shutdown()
    content = bytearray(damaged.read_bytes())
    begin = at_byte % len(content)
    content[begin : begin + 2000] = b"\xff" * 2000
    damaged.write_bytes(content)
    answer = run("--db", ".beautyspot/mine.db", "clean", "--yes")
    assert (answer.code, "a copy.db': database disk image is malformed, and its rows may name" in answer.err) == (
        1,
        True,
    )
    assert f"run `beautyspot repair --db '{damaged.absolute()}'`, or move or delete that file" in answer.err
    run("repair", "--db", str(damaged.absolute()), "--yes")
    assert run("--db", ".beautyspot/mine.db", "clean", "--yes").code == 0


def test_what_doctor_and_stats_advise_are_verbs_that_exist(expired: Path, run: Run) -> None:
    blobs = age(store_blobs := expired / ".beautyspot" / "blobs")
    blobs[0].with_suffix(".tmp").write_bytes(b"12345")
    change("DELETE FROM tasks WHERE func_name LIKE '%read'")
    age(store_blobs)
    out = run("doctor").out
    assert "`beautyspot prune --expired`" in out
    assert out.count("`beautyspot clean`") == 2
    assert run("prune", "--expired", "--yes").code == run("clean", "--yes").code == 0
    assert "`beautyspot" not in run("doctor").out
