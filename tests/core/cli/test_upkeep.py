"""`verify`, `repair`, `vacuum`, `export` and `import`."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import beautyspot as bs
import pytest

from .conftest import Run

DB = Path(".beautyspot/mine.db")


def ask(statement: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(DB)) as connection, connection:
        return connection.execute(statement).fetchall()


def kept() -> int:
    return ask("SELECT count(*) FROM tasks")[0][0]


@pytest.fixture
def damaged(store: Path) -> Path:
    """The store, with one inline value that can't be read and one blob that is gone."""
    ask("UPDATE tasks SET result_data = x'c1' WHERE rowid = 1")
    next((store / ".beautyspot" / "blobs").rglob("*.bin")).unlink()
    return store


def test_verify_of_a_sound_store_exits_with_0(store: Path, run: Run) -> None:
    answer = run("verify")
    assert (answer.code, answer.out) == (0, "")
    assert "4 results" in answer.err
    assert "0 damaged" in answer.err
    document = json.loads(run("verify", "--json").out)
    assert (document["schema"], document["tasks"], document["damaged"]) == (1, 4, [])


def test_verify_names_what_is_damaged_exits_with_1_and_says_what_to_do(damaged: Path, run: Run) -> None:
    answer = run("verify")
    assert answer.code == 1
    header, *lines = answer.out.splitlines()
    assert (header.split("\t"), len(lines)) == (["key", "function", "what"], 2)
    assert all(len(line.split("\t")[0]) == 32 for line in lines)
    assert "`beautyspot repair`" in answer.err
    assert "`beautyspot clean --blobs-are-gone`" in answer.err
    assert len(json.loads(run("verify", "--json").out)["damaged"]) == 2


def test_repair_asks_drops_and_leaves_a_copy(damaged: Path, run: Run) -> None:
    assert "and keep 3" in run("repair", "--dry-run").err
    assert (run("repair").code, kept()) == (2, 4)
    answer = run("repair", "--yes")
    assert (answer.code, kept()) == (0, 3)
    assert "mine.db.before-repair-1" in answer.err
    document = json.loads(run("repair", "--yes", "--json").out)
    assert (document["dropped"], document["copies"]) == (0, [])


def test_repair_of_noise_starts_anew_and_says_where_the_old_file_lies(store: Path, run: Run) -> None:
    DB.write_bytes(b"noise" * 1000)
    assert run("verify").code == 1
    assert "`beautyspot repair`" in run("doctor").out
    document = json.loads(run("repair", "--yes", "--json").out)
    assert (document["kept"], Path(document["copies"][0]).read_bytes()) == (0, b"noise" * 1000)
    assert run("verify").code == 0


def test_vacuum_says_what_it_frees(store: Path, run: Run) -> None:
    ask("CREATE TABLE big AS SELECT zeroblob(1000000) AS b")
    ask("DROP TABLE big")
    assert "would free about 1.0 MB" in run("vacuum", "--dry-run").err
    document = json.loads(run("vacuum", "--yes", "--json").out)
    assert document["freed_bytes"] >= 1_000_000
    assert document["after_bytes"] == sum(path.stat().st_size for path in (DB, Path(f"{DB}-wal")) if path.exists())


def test_what_is_exported_is_imported_into_a_new_store(store: Path, run: Run) -> None:
    assert "would export 4 results" in run("export", "all.zip", "--dry-run").err
    assert not Path("all.zip").exists()
    assert "exported 4 results" in run("export", "all.zip").err
    new = ("--db", "new/new.db", "--storage", "new/blobs")
    assert "would import 4 results" in run(*new, "import", "all.zip", "--dry-run").err
    assert not Path("new").exists()
    assert "imported 4 results" in run(*new, "import", "all.zip", "--yes").err
    assert "0 results, 0 B; 4 were there already" in run(*new, "import", "all.zip").err
    assert run(*new, "verify").code == 0
    assert json.loads(run(*new, "import", "all.zip", "--json").out)["there"] == 4


@pytest.mark.external_service
def test_an_import_tells_which_results_the_database_has_no_place_for(
    workspace: Path, run: Run, postgres_url: str
) -> None:
    with bs.Spot("mine") as spot:
        odd = spot.mark(tags=("t\0",))(len)
        odd("abc")
        spot.run(len, "abcd")
    run("export", "all.zip")
    answer = run("--db", postgres_url, "import", "all.zip", "--yes")
    assert (answer.code, "imported 1 result, " in answer.err) == (1, True)
    assert "  1 left out, as the database has no place for a text in them, such as a NUL in a tag:\n  " in answer.err
    assert answer.err.endswith(f"  {odd.key('abc')}\n")
    document = json.loads(run("--db", postgres_url, "import", "all.zip", "--yes", "--json").out)
    assert (document["tasks"], document["there"], document["refused"]) == (0, 1, 1)


def test_an_export_writes_over_nothing_unasked_and_makes_no_database(store: Path, run: Run) -> None:
    run("export", "all.zip")
    before = Path("all.zip").read_bytes()
    answer = run("export", "all.zip")
    assert (answer.code, Path("all.zip").read_bytes()) == (2, before)
    assert "--yes" in answer.err
    assert run("export", "all.zip", "--yes", "--function", "load").code == 0
    assert (run("--db", "none.db", "export", "a.zip").code, Path("none.db").exists()) == (2, False)


def test_an_export_that_leaves_results_out_says_why_and_exits_with_1(damaged: Path, run: Run) -> None:
    with bs.Spot("mine") as spot:

        @spot.mark(save_blob=True)
        def draw() -> bytes:
            return b"drawn"

        draw()
    answer = run("export", "all.zip")
    assert (answer.code, Path("all.zip").exists()) == (1, True)
    assert "1 damaged result left out" in answer.err
    assert "1 result left out whose blob is lost" in answer.err


def test_an_export_without_any_of_the_blobs_writes_nothing(damaged: Path, run: Run) -> None:
    answer = run("export", "all.zip")
    assert (answer.code, Path("all.zip").exists()) == (2, False)
    assert "--storage" in answer.err


def test_an_export_never_writes_over_the_database(store: Path, run: Run) -> None:
    answer = run("export", str(DB), "--yes")
    assert (answer.code, kept()) == (2, 4)
    assert "belongs to the database" in answer.err


def test_a_hostile_archive_is_one_line_and_the_next_step(store: Path, run: Run) -> None:
    Path("evil.zip").write_bytes(b"PK\x03\x04" + b"evil" * 100)
    answer = run("import", "evil.zip")
    assert (answer.code, len(answer.err.splitlines())) == (1, 2)
    assert "cut short or damaged" in answer.err
    assert run("import", "missing.zip").code == 2


def test_what_is_a_files_is_refused_for_a_server_without_its_password(run: Run, workspace: Path) -> None:
    for verb in ("vacuum", "repair"):
        answer = run("--db", "postgresql://me:secret@127.0.0.1:1/x", verb)
        assert (answer.code, "secret" in answer.err) == (2, False)
        assert "a server's own tools" in answer.err


def test_clean_waits_as_long_as_it_is_told(store: Path, run: Run) -> None:
    ask("DELETE FROM tasks")
    assert "0 blobs" in run("clean", "--yes").err
    blob = next((store / ".beautyspot" / "blobs").rglob("*.bin"))
    os.utime(blob, (blob.stat().st_mtime - 60,) * 2)
    assert "deleted 1 blob" in run("clean", "--yes", "--grace", "30s").err
    assert run("clean", "--yes", "--grace", "soon").code == 2
    assert run("clean", "--yes", "--grace", "0s").code == 0


@pytest.mark.parametrize("place", ["/nope/unmounted", ".beautyspot/blobs/mine"])
def test_clean_takes_no_storage_for_one_that_lost_all_blobs_unless_told(store: Path, run: Run, place: str) -> None:
    next((store / ".beautyspot" / "blobs").rglob("*.bin")).unlink()
    for answer in (
        run("clean", "--yes"),
        run("clean", "--yes", BEAUTYSPOT_STORAGE=place),
        run("clean", "--yes", "--storage", place),
        run("clean", "--yes", BEAUTYSPOT_BLOBS_ARE_GONE="1"),
    ):
        assert (answer.code, kept()) == (2, 4)
        assert "none of the blobs" in answer.err
    document = json.loads(run("clean", "--yes", "--json", "--storage", place, "--blobs-are-gone").out)
    assert (document["rows"], len(document["keys"]), kept()) == (1, 1, 3)
