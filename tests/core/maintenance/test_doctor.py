"""The doctor: each trouble is found, named, and left as it is."""

import os
import shutil
import sqlite3
from contextlib import closing
from importlib.metadata import requires
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.maintenance import Finding, examine, repair
from beautyspot.maintenance.machine_checks import EXTRAS
from servers.programs import free_port

HOURS_AGO_S = 1_600_000_000


@pytest.fixture
def store(spot: bs.Spot, tmp_path: Path) -> Path:
    @spot.mark(save_blob=True)
    def load(number: int) -> bytes:
        return b"x" * number

    load(3), load(4)
    spot.shutdown()
    return tmp_path


def findings(folder: Path) -> dict[str, Finding]:
    found = examine(folder / "test.db", [bs.LocalStorage(folder / "blobs")])
    return {finding.check: finding for finding in found}


def change(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "test.db")) as connection:
        connection.execute(statement)
        connection.commit()


def blobs(folder: Path) -> list[Path]:
    return list((folder / "blobs").rglob("*.bin"))


def test_a_sound_store_gives_no_warning(store: Path) -> None:
    assert [each for each in findings(store).values() if each.level != "ok" and each.check != "space"] == []


def test_a_lost_blob_is_an_error_that_names_it(store: Path) -> None:
    lost = blobs(store)[0]
    lost.unlink()
    finding = findings(store)["blobs"]
    assert finding.level == "error"
    assert lost.name in finding.what
    assert "1 of 2" in finding.what


def test_an_old_blob_without_a_row_is_a_warning_and_a_young_one_is_not(store: Path) -> None:
    change(store, "DELETE FROM tasks")
    assert findings(store)["orphans"].level == "ok"
    for blob in blobs(store):
        os.utime(blob, (HOURS_AGO_S, HOURS_AGO_S))
    assert "2 blobs" in findings(store)["orphans"].what
    assert len(blobs(store)) == 2


def test_half_written_blobs_are_counted(store: Path) -> None:
    left = blobs(store)[0].with_suffix(".tmp")
    left.write_bytes(b"12345")
    os.utime(left, (HOURS_AGO_S, HOURS_AGO_S))
    finding = findings(store)["unfinished"]
    assert (finding.level, finding.what) == ("warn", "1 half-written blobs, 5 B")


def test_files_that_others_may_read_are_named_with_the_command_that_mends_it(store: Path) -> None:
    (store / "test.db").chmod(0o644)
    finding = findings(store)["permissions"]
    assert finding.level == "warn"
    assert "test.db 0644" in finding.what
    assert "chmod" in (finding.next_step or "")


@pytest.mark.parametrize(
    ("statement", "lacking"),
    [
        ("DROP TABLE tags", "no tags"),
        ("ALTER TABLE activity RENAME COLUMN hits TO hit", "no activity.hits"),
        ("ALTER TABLE tasks RENAME COLUMN elapsed_s TO took", "no tasks.elapsed_s"),
    ],
)
def test_a_table_or_column_that_is_not_there_is_named_and_repaired(store: Path, statement: str, lacking: str) -> None:
    change(store, statement)
    finding = findings(store)["schema"]
    assert (finding.level, lacking in finding.what) == ("error", True)
    assert repair(store / "test.db", [bs.LocalStorage(store / "blobs")]).kept == 2
    assert findings(store)["schema"].level == "ok"


def test_pickles_are_reported(store: Path) -> None:
    change(store, "UPDATE tasks SET result_value = './blobs/k.pkl', size_bytes = NULL, elapsed_s = NULL")
    found = findings(store)
    assert "2 results" in found["pickles"].what
    assert "2 results of an earlier release" in found["legacy"].what
    assert found["blobs"].level == "ok"


def test_names_that_nobody_claimed_are_told(store: Path) -> None:
    change(store, "UPDATE tasks SET size_bytes = NULL, elapsed_s = NULL")
    change(store, "INSERT INTO legacy_names (func_name) VALUES ('summarise')")
    assert "not yet claimed: summarise" in findings(store)["legacy"].what


def test_a_torn_page_fails_the_integrity_check(tmp_path: Path) -> None:
    with closing(SQLiteTaskDB(tmp_path / "test.db")) as db:
        db.open()
    change(
        tmp_path,
        "INSERT INTO tasks (cache_key, func_name, input_id, result_type, updated_at) VALUES ('k', 'f', '', '', '')",
    )
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'tasks_by_function'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    with open(tmp_path / "test.db", "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    finding = findings(tmp_path)["integrity"]
    assert finding.level == "error"


def test_noise_and_a_file_of_the_future_are_errors_not_exceptions(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_bytes(b"noise" * 1000)
    assert findings(tmp_path)["database"].level == "error"
    (tmp_path / "test.db").unlink()
    change(tmp_path, "PRAGMA user_version = 999")
    assert findings(tmp_path)["database"].next_step == "upgrade beautyspot"


def test_of_a_broken_file_the_doctor_does_not_send_to_the_doctor(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_bytes(b"noise" * 1000)
    finding = findings(tmp_path)["database"]
    assert "doctor" not in f"{finding.what} {finding.next_step}"
    assert "not a database" in finding.what


def test_the_extras_are_those_of_the_package() -> None:
    described = [text for text in requires("beautyspot") or () if "extra ==" in text]
    extras = {text.rpartition("extra ==")[2].strip(" '\"") for text in described} - {"all"}
    assert set(EXTRAS) == extras


def test_a_file_of_an_earlier_release_is_told_and_not_upgraded(tmp_path: Path) -> None:
    change(tmp_path, "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name, input_id, result_type, result_value)")
    before = (tmp_path / "test.db").read_bytes()
    assert findings(tmp_path)["schema"].level == "warn"
    assert (tmp_path / "test.db").read_bytes() == before


def test_a_folder_without_blobs_is_fine(store: Path) -> None:
    change(store, "DELETE FROM tasks")
    shutil.rmtree(store / "blobs")
    assert findings(store)["blobs"].level == "ok"


def test_much_free_space_in_the_file_and_files_set_aside_are_told_with_their_verbs(store: Path) -> None:
    change(store, "CREATE TABLE big AS SELECT zeroblob(20000000) AS b")
    change(store, "DROP TABLE big")
    (store / "test.db.damaged-1").write_bytes(b"noise")
    found = findings(store)
    assert "`beautyspot vacuum`" in (found["slack"].next_step or "")
    assert (found["set aside"].level, "`beautyspot repair`" in (found["set aside"].next_step or "")) == ("warn", True)


def test_nobody_is_told_to_repair_a_file_of_another_program(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine\n" * 99)
    finding = list(examine(tmp_path / "notes.txt"))[-1]
    assert (finding.level, finding.next_step) == ("error", "give another path")


def test_a_server_that_is_away_is_to_be_looked_for_and_not_repaired() -> None:
    pytest.importorskip("psycopg")
    finding = list(examine(f"postgresql://user@127.0.0.1:{free_port()}/name"))[-1]
    assert (finding.check, finding.level, "\n" in finding.what) == ("database", "error", False)
    assert "see that the server runs" in (finding.next_step or "")
