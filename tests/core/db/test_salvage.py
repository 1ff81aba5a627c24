"""Salvage: noise on a page costs the results on that page, and no others."""

import os
import shutil
import sqlite3
import warnings
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.ownership import REVISION
from beautyspot.db.rows import time_text
from beautyspot.db.salvage import Salvage
from beautyspot.db.scan import Scan, columns_of_tasks
from beautyspot.maintenance import repair
from beautyspot.records import TaskFilter

PAGE = 4096
COUNT = 120
ON_A_PAGE = 20
"""Most rows of `value_of` that a page holds, or names the overflow of."""


def value_of(number: int) -> str:
    return f"{number}," * (3000 if number % 30 == 0 else 20)


def marked(path: Path) -> Any:
    def answer(number: int) -> str:
        return value_of(number)

    return bs.Spot("test", db=path, storage=path.parent / "blobs").mark(input_key_fn=str, tags=("red",))(answer)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file that has given pages up, and was used by several runs."""
    path = tmp_path_factory.mktemp("whole") / "a.db"
    answer = marked(path)
    for number in range(COUNT + 40):
        answer(number)
    closing_of(answer)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA secure_delete = OFF")  # else Debian's SQLite wipes what it frees
        for number in range(COUNT + 40 - 1, COUNT - 1, -1):
            for table in ("tags", "tasks"):
                connection.execute(f"DELETE FROM {table} WHERE cache_key = ?", (answer.key(number),))
    return path


def closing_of(answer: Any) -> None:
    answer.__beautyspot_plan__.journal.flush()
    answer.__beautyspot_plan__.store.db.close()


def damaged(whole: Path, folder: Path, *pages: int) -> Path:
    path = folder / "a.db"
    for file in folder.glob("a.db*"):
        file.unlink()
    shutil.copy(whole, path)
    (folder / "a.db-locks").touch()
    overwrite(path, *pages)
    return path


def overwrite(path: Path, *pages: int) -> None:
    with path.open("r+b") as file:
        for page in pages:
            file.seek((page - 1) * PAGE)
            file.write(os.urandom(PAGE))


def pages_of(path: Path) -> range:
    return range(1, path.stat().st_size // PAGE + 1)


def kept_in(path: Path) -> int:
    with closing(SQLiteTaskDB(path)) as db:
        return sum(1 for _ in db.find(TaskFilter()))


def test_repair_loses_no_more_than_the_rows_of_the_noisy_page(whole: Path, tmp_path: Path) -> None:
    lost: dict[int, int] = {}
    for page in pages_of(whole):
        path = damaged(whole, tmp_path, page)
        repair(path, [])
        lost[page] = COUNT - kept_in(path)
    assert max(lost.values()) <= ON_A_PAGE, lost


def test_a_program_that_opens_the_file_pays_again_for_no_more_either(whole: Path, tmp_path: Path) -> None:
    paid: dict[int, int] = {}
    for page in pages_of(whole):
        answer = marked(damaged(whole, tmp_path, page))
        with warnings.catch_warnings(record=True, action="always"):
            assert all(answer(number) == value_of(number) for number in range(COUNT))
            closing_of(answer)
        paid[page] = answer.cache_info().misses
    assert max(paid.values()) <= ON_A_PAGE, paid


def schema_pages(path: Path) -> list[int]:
    """Return the pages below page 1, without which no table is known."""
    page = path.read_bytes()[:PAGE]
    cells = [int.from_bytes(page[at : at + 2], "big") for at in range(112, 112 + 2 * page[104], 2)]
    return [*(int.from_bytes(page[cell : cell + 4], "big") for cell in cells), int.from_bytes(page[108:112], "big")]


def rows_of(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM tasks LEFT JOIN tags USING (cache_key) ORDER BY cache_key").fetchall()


def test_rows_and_tags_come_back_as_they_were_without_the_schema_and_none_that_was_deleted(
    whole: Path, tmp_path: Path
) -> None:
    done = repair(damaged(whole, tmp_path, *schema_pages(whole)), [])
    assert (done.salvaged, done.dropped, done.may_revive) == (COUNT, 0, False)
    assert rows_of(tmp_path / "a.db") == rows_of(whole)


@pytest.mark.parametrize("name", ["tags", "tags_by_key", "tasks"])
def test_results_keep_their_tags_where_the_root_of_a_tree_is_noise(whole: Path, tmp_path: Path, name: str) -> None:
    with closing(sqlite3.connect(whole)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    repair(damaged(whole, tmp_path, root), [])
    assert rows_of(tmp_path / "a.db") == rows_of(whole)


def test_what_may_have_been_deleted_comes_back_only_where_the_file_no_longer_tells_and_is_told_of(
    whole: Path, tmp_path: Path
) -> None:
    path = damaged(whole, tmp_path, 1)
    answer = marked(path)
    with pytest.warns(bs.CacheReadWarning, match="among which some may be that had been deleted"):
        answer(0)
    closing_of(answer)
    assert set(rows_of(whole)) < set(rows_of(path))
    assert repair(damaged(whole, tmp_path, 1), [], dry_run=True).may_revive


@pytest.fixture(scope="module")
def in_wal(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file of which every row lies in its WAL, too, and is newer there."""
    folder = tmp_path_factory.mktemp("wal")
    answer = marked(damaged(whole, folder))
    for number in range(COUNT + 50):
        answer.refresh(number)
    for ending in ("", "-wal"):
        shutil.copy(folder / f"a.db{ending}", folder / f"copy.db{ending}")
    closing_of(answer)
    return folder / "copy.db"


def test_what_lies_in_the_wal_comes_back_as_well_and_the_newest_of_it(
    whole: Path, in_wal: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.db"
    for ending in ("", "-wal"):
        shutil.copy(f"{in_wal}{ending}", f"{path}{ending}")
    overwrite(path, *schema_pages(whole))
    with closing(sqlite3.connect(path)) as connection:
        found = [task for tasks, _ in Salvage(str(path), connection).chunks() for task in tasks]
    newest = {row[0]: row[8] for row in rows_of(in_wal.with_name("a.db"))}
    assert {task.cache_key: time_text(task.updated_at) for task in found} == newest
    assert len(found) == COUNT + 50


def test_a_dry_repair_leaves_the_file_and_its_wal_as_they_are(in_wal: Path, tmp_path: Path) -> None:
    places = [tmp_path / f"a.db{ending}" for ending in ("", "-wal")]
    for place, source in zip(places, (in_wal, f"{in_wal}-wal"), strict=True):
        shutil.copy(source, place)
    (tmp_path / "a.db-locks").touch()
    overwrite(places[0], *pages_of(places[0])[1:])
    before = [place.read_bytes() for place in places]
    assert repair(places[0], [], dry_run=True).salvaged > 0
    assert [place.read_bytes() for place in places] == before


@pytest.mark.parametrize("seed", range(12))
def test_noise_never_becomes_a_result(whole: Path, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    path = damaged(whole, tmp_path, *schema_pages(whole))
    content = bytearray(path.read_bytes())
    for _ in range(400):
        content[random.randrange(PAGE, len(content))] = random.randrange(256)
    path.write_bytes(content)
    repair(path, [])
    right = {row[0]: row for row in rows_of(whole)}
    wrong = [row for row in rows_of(path) if row[0] in right and row[5] != right[row[0]][5]]
    assert wrong == []


@pytest.mark.parametrize("seed", range(40))
def test_no_file_is_so_broken_that_a_look_at_its_pages_fails(in_wal: Path, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    for ending in ("", "-wal"):
        content = bytearray(Path(f"{in_wal}{ending}").read_bytes())
        for _ in range(random.choice((0, 3, 300))):
            at = random.choice((random.randrange(len(content)), random.randrange(200)))
            content[at] = random.choice((0, 1, 2, 10, 13, 255, random.randrange(256)))
        (tmp_path / f"a.db{ending}").write_bytes(
            content[: random.choice((len(content), random.randrange(len(content)), 18))]
        )
    with closing(Scan(str(tmp_path / "a.db"), columns_of_tasks())) as scan:
        assert len([*scan.rows(), *scan.tags()]) < 10 * COUNT


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="locks are listed in /proc")
def test_a_look_at_a_live_file_leaves_the_locks_of_its_users(whole: Path, tmp_path: Path) -> None:
    path = damaged(whole, tmp_path)
    with path.open("r+b", buffering=0) as file, closing(sqlite3.connect(path)) as user:
        user.execute("SELECT count(*) FROM runs").fetchone()
        for page in schema_pages(whole):
            os.pwrite(file.fileno(), os.urandom(PAGE), (page - 1) * PAGE)
        before = locks_on(path)
        assert repair(path, [], dry_run=True).salvaged == COUNT
        assert locks_on(path) == before > 0


def locks_on(path: Path) -> int:
    return Path("/proc/locks").read_text().count(f":{path.stat().st_ino} ")


@pytest.mark.parametrize("bit", [0x01, 0x80])
@pytest.mark.parametrize("name", columns_of_tasks())
def test_one_flipped_bit_in_the_name_of_a_column_costs_no_result(
    whole: Path, tmp_path: Path, name: str, bit: int
) -> None:
    path = flipped(whole, tmp_path, f"\n    {name} ", 6, bit)
    done = repair(path, [])
    assert (done.salvaged, done.dropped, rows_of(path)) == (COUNT, 0, rows_of(whole))


def flipped(whole: Path, folder: Path, text: str, at: int, bit: int, of: str = "TABLE tasks") -> Path:
    """Return a copy in whose schema's `text`, which makes `of`, the letter at `at` is another one."""
    path = damaged(whole, folder)
    content = bytearray(path.read_bytes())
    content[content.index(text.encode(), content.index(f"CREATE {of}".encode())) + at] ^= bit
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("text", "at"), [("version TEXT", 1), ("result_type TEXT", 2), ("checksum BIGINT", 0)])
def test_a_program_pays_for_nothing_again_where_a_column_has_another_name(
    whole: Path, tmp_path: Path, text: str, at: int
) -> None:
    answer = marked(flipped(whole, tmp_path, text, at, 0x01))
    with pytest.warns(bs.CacheReadWarning, match=f"begun with {COUNT} results out of it"):
        assert [answer(number) for number in range(COUNT)] == [value_of(number) for number in range(COUNT)]
    closing_of(answer)
    assert answer.cache_info().misses == 0


@pytest.mark.parametrize("name", ["result_type", "cache_key", "elapsed_s"])
def test_a_column_with_another_name_is_told_in_a_file_of_an_earlier_revision(
    whole: Path, tmp_path: Path, name: str
) -> None:
    older = Path(shutil.copy(whole, tmp_path / "older.db"))
    with closing(sqlite3.connect(older)) as connection, connection:
        connection.execute("DROP TABLE origins")
        connection.execute("PRAGMA user_version = 3")
    repaired = flipped(older, tmp_path, f"\n    {name} ", 6, 0x01)
    assert (repair(repaired, []).salvaged, rows_of(repaired)) == (COUNT, rows_of(whole))
    answer = marked(flipped(older, tmp_path, f"\n    {name} ", 6, 0x01))
    with pytest.warns(bs.CacheReadWarning, match=f"begun with {COUNT} results out of it"):
        assert answer(0) == value_of(0)
    closing_of(answer)
    assert answer.cache_info().misses == 0


def test_a_comma_in_the_name_of_a_column_shifts_no_values(whole: Path, tmp_path: Path) -> None:
    path = flipped(whole, tmp_path, "elapsed_s DOUBLE", 1, ord("l") ^ ord(","))
    repair(path, [])
    assert rows_of(path) == rows_of(whole)


def test_a_trigger_that_names_no_column_any_more_keeps_no_result_from_being_kept(whole: Path, tmp_path: Path) -> None:
    path = flipped(whole, tmp_path, "NEW.result_data", 6, 0x01, of="TRIGGER tasks_inserted")
    assert repair(path, [], dry_run=True).salvaged == COUNT
    answer = marked(path)
    with pytest.warns(bs.CacheReadWarning, match=f"begun with {COUNT} results out of it"):
        answer(COUNT + 1)
    closing_of(answer)
    assert kept_in(path) == COUNT + 1


def test_a_table_of_another_program_with_our_revision_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE tasks (cache_key, func_name, done)")
        connection.execute(f"PRAGMA user_version = {REVISION}")
    before = path.read_bytes()
    with pytest.raises(bs.ConfigurationError, match="of another program"):
        repair(path, [])
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (before, [path])
