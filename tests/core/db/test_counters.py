"""The sums over each function's rows that a SQLite file keeps."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from beautyspot.counters import COUNTS, UNCOUNTED
from beautyspot.db import SQLiteTaskDB
from beautyspot.testing.task_db import task

MAINTAINED = (
    f"SELECT func_name, {', '.join(f'sum({name})' for name in COUNTS)} "
    f"FROM (SELECT * FROM functions UNION ALL {UNCOUNTED}) GROUP BY func_name HAVING sum(results) <> 0"
)
SUMS = ", ".join(f"sum({of.format('')})" for of in COUNTS.values())
COUNTED_ANEW = f"SELECT func_name, {SUMS} FROM tasks GROUP BY 1"


def check(path: Path | str) -> int:
    """Compare the counters with a full count, and return how many rows are counted."""
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute(MAINTAINED).fetchall()
        assert sorted(kept) == sorted(connection.execute(COUNTED_ANEW).fetchall())
        (tail,) = connection.execute("SELECT count(*) FROM tasks WHERE rowid > (SELECT up_to FROM counted)").fetchone()
        assert tail < 128
    return sum(row[1] for row in kept)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[SQLiteTaskDB]:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.open()
        yield db


def change(db: SQLiteTaskDB, chance: random.Random, keys: int) -> None:
    """Put, put again or delete."""
    key = f"{chance.randrange(keys):032x}"
    if chance.random() < 0.3:
        newest = [f"{chance.randrange(keys):032x}" for _ in range(chance.randrange(40))]
        db.delete([key, *newest])
        return
    size = chance.choice((None, 0, 7, 7, 7, 5000))
    of_blob = chance.random() < 0.2
    data = None if of_blob else b"x" * (size or 3)
    tags = chance.choice(((), (), ("red",), ("red", "blue")))
    name, elapsed_s = f"app.f{chance.randrange(5)}", chance.choice((None, 0.1, 2.5, 1e-7))
    kind, location = ("FILE", "aa/x.bin") if of_blob else ("DIRECT_BLOB", None)
    changes = {"result_type": kind, "result_value": location, "result_data": data}
    db.put(task(key, func_name=name, size_bytes=size, elapsed_s=elapsed_s, tags=tags, **changes))


@pytest.mark.parametrize("keys", [40, 2000])
def test_any_mix_of_changes_leaves_the_counters_equal_to_a_full_count(db: SQLiteTaskDB, keys: int) -> None:
    chance = random.Random(keys)
    for number in range(1500):
        change(db, chance, keys)
        if number % 100 == 0:
            check(db.path)
    assert check(db.path) > 0


def test_the_number_of_a_deleted_last_row_is_counted_again(db: SQLiteTaskDB) -> None:
    keys = [f"{number:032x}" for number in range(256)]
    for key in keys:
        db.put(task(key))
    db.delete(keys[100:])
    for key in keys[100:200]:
        db.put(task(key))
    assert check(db.path) == 200


def test_everything_deleted_leaves_nothing_counted(db: SQLiteTaskDB) -> None:
    for number in range(300):
        db.put(task(f"{number:032x}"))
    db.delete([f"{number:032x}" for number in range(300)])
    assert check(db.path) == 0


def test_an_update_by_any_program_is_counted(db: SQLiteTaskDB) -> None:
    for number in range(200):
        db.put(task(f"{number:032x}"))
    with closing(sqlite3.connect(db.path, isolation_level=None)) as other:
        other.execute("UPDATE tasks SET func_name = 'app.other', size_bytes = 50 WHERE cache_key < ?", (f"{30:032x}",))
        other.execute("UPDATE tasks SET result_type = 'FILE' WHERE cache_key > ?", (f"{170:032x}",))
    assert check(db.path) == 200


def test_a_vacuum_leaves_them_right(db: SQLiteTaskDB) -> None:
    keys = [f"{number:032x}" for number in range(1000)]
    for key in keys:
        db.put(task(key))
    db.delete(keys[::2])
    with closing(sqlite3.connect(db.path)) as other:
        other.execute("VACUUM")
    for key in keys[:10]:
        db.put(task(key))
    db.delete(keys[900:])
    assert check(db.path) == 455


def test_an_upgrade_counts_what_an_earlier_release_kept(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as old:
        old.execute(
            "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
            "result_value TEXT, result_data BLOB, content_type TEXT, version TEXT, updated_at TIMESTAMP)"
        )
        rows = [(f"{n:032x}", f"f{n % 7}", b"x" * (n % 50)) for n in range(300)]
        old.executemany(
            "INSERT INTO tasks (cache_key, func_name, result_data, result_type) VALUES (?, ?, ?, 'DIRECT_BLOB')", rows
        )
        old.commit()
    with closing(SQLiteTaskDB(path)) as db:
        db.put(task())
        assert check(path) == 301
        db.delete([key for key, *_ in rows[:200]])
    assert check(path) == 101


WORK = """
import random, sys
from beautyspot.db import SQLiteTaskDB
sys.path.insert(0, sys.argv[3])
from test_counters import change
db, chance = SQLiteTaskDB(sys.argv[1]), random.Random(sys.argv[2])
for number in range(600):
    change(db, chance, 300)
    if number == 100:
        print("working", flush=True)
"""


def test_processes_of_which_one_is_killed_leave_them_right(db: SQLiteTaskDB) -> None:
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", WORK, db.path]
    children = [subprocess.Popen([*command, str(n), here], stdout=subprocess.PIPE, text=True) for n in range(3)]
    assert children[0].stdout is not None
    assert children[0].stdout.readline() == "working\n"
    children[0].kill()
    for child in children:
        child.communicate(timeout=60)
    assert [child.returncode for child in children] == [-9, 0, 0]
    assert check(db.path) > 0
