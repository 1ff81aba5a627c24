"""Any Spot and any command find the blobs of a file in the same folder, whatever the Spots are called."""

import json
import os
from pathlib import Path

import beautyspot as bs
import pytest

from .conftest import Run

BIG = 200_000


def fill(spot: bs.Spot, letter: str, count: int = 3) -> bs.Marked[[int], str]:
    @spot.mark(version=letter)
    def text(number: int) -> str:
        return f"{letter}{number}" * BIG

    for number in range(count):
        text(number)
    return text


def blobs(folder: str = ".") -> list[Path]:
    return list(Path(folder).rglob("*.bin"))


@pytest.fixture
def shared(workspace: Path) -> list[bs.Marked[[int], str]]:
    """A file of two Spots, neither of which it is named after."""
    functions = [fill(bs.Spot(name, db="results.db"), name) for name in ("films", "pictures")]
    for blob in blobs():
        os.utime(blob, (0, 0))
    return functions


def test_blobs_lie_beside_the_file_in_a_folder_of_its_name(shared: object) -> None:
    assert {path.parent.parent for path in blobs()} == {Path("blobs/results")}


def test_cleaning_leaves_the_results_of_both_spots(shared: list[bs.Marked[[int], str]], run: Run) -> None:
    answer = run("--db", "results.db", "clean", "--yes", "--json")
    assert (answer.code, json.loads(answer.out)["deleted"], json.loads(answer.out)["rows"]) == (0, 0, 0)
    assert [function.is_cached(2) for function in shared] == [True, True]


def test_cleaning_leaves_results_whose_blobs_another_spot_keeps_elsewhere(shared: object, run: Run) -> None:
    far = fill(bs.Spot("far", db="results.db", storage="elsewhere"), "far")
    answer = run("--db", "results.db", "clean", "--yes")
    assert "3 results stayed whose blob isn't beside the database" in answer.err
    assert far.is_cached(2)


def test_cleaning_a_storage_leaves_results_whose_blobs_lie_beside_the_file(
    shared: list[bs.Marked[[int], str]], run: Run
) -> None:
    far = fill(bs.Spot("far", db="results.db", storage="elsewhere"), "far")
    blobs("elsewhere")[0].unlink()
    answer = run("--db", "results.db", "clean", "--yes", "--storage", "elsewhere")
    assert "1 result stayed whose blob isn't there or beside the database" in answer.err
    answer = run("--db", "results.db", "clean", "--yes", "--blobs-are-gone", "--storage", "elsewhere", "--json")
    assert json.loads(answer.out)["rows"] == 1
    assert all(function.is_cached(2) for function in shared)
    assert sum(far.is_cached(number) for number in range(3)) == 2


def test_cleaning_a_file_leaves_the_blobs_of_a_spot_of_its_name_whose_rows_lie_elsewhere(
    workspace: Path, run: Run
) -> None:
    fill(bs.Spot("app"), "here")
    far = bs.Spot("app", db="memory://").mark(lambda number: str(number) * BIG, save_blob=True)
    far(1)
    assert run("--db", ".beautyspot/app.db", "clean", "--yes", "--grace", "0").code == 0
    assert (len(far(1)), far.cache_info().hits) == (BIG, 1)


def test_a_link_to_a_file_has_the_files_blobs_and_those_that_lay_beside_the_link(shared: object, run: Run) -> None:
    link = Path("links/other.db")
    link.parent.mkdir()
    link.symlink_to(Path("results.db").absolute())
    assert fill(bs.Spot("films", db=link), "films").cache_info().hits == 3
    Path("blobs/results").rename("moved")
    Path("links/blobs").mkdir()
    Path("moved").rename("links/blobs/other")
    assert fill(bs.Spot("films", db=link), "films").cache_info().hits == 3
    assert json.loads(run("--db", str(link), "verify", "--json").out)["damaged"] == []


def test_deleting_tells_of_blobs_that_lie_elsewhere(workspace: Path, run: Run) -> None:
    fill(bs.Spot("far", db="results.db", storage="elsewhere"), "far")
    answer = run("--db", "results.db", "prune", "--version", "far", "--yes")
    assert "3 blobs could not be deleted, or lie elsewhere: `beautyspot clean --storage PATH`" in answer.err
    assert run("--db", "results.db", "clean", "--yes", "--grace", "0", "--storage", "elsewhere").code == 0
    assert blobs("elsewhere") == []


def test_cleaning_deletes_results_of_lost_blobs_where_the_user_says_so(shared: object, run: Run) -> None:
    blobs()[0].unlink()
    clean = "--db", "results.db", "clean", "--yes", "--json"
    assert json.loads(run(*clean).out)["rows_left"] == 1
    assert json.loads(run(*clean, "--blobs-are-gone").out)["rows"] == 1


def test_cleaning_one_of_three_storages_deletes_no_result_of_the_others(shared: object, run: Run) -> None:
    _, third = (fill(bs.Spot(name, db="results.db", storage=name), name) for name in ("second", "third"))
    blobs("second")[0].unlink()
    answer = run("--db", "results.db", "clean", "--yes", "--grace", "0", "--storage", "second", "--json")
    assert (json.loads(answer.out)["rows"], json.loads(answer.out)["rows_left"]) == (0, 4)
    assert [third.is_cached(number) for number in range(3)] == [True] * 3


def test_every_verb_that_reads_finds_the_blobs(shared: object, run: Run) -> None:
    assert json.loads(run("--db", "results.db", "verify", "--json").out)["damaged"] == []
    assert json.loads(run("--db", "results.db", "export", "all.zip", "--json").out)["tasks"] == 6
    assert "6 named by rows, all there" in run("--db", "results.db", "doctor").out


def test_every_verb_that_deletes_takes_the_blobs_along(shared: object, run: Run) -> None:
    assert run("--db", "results.db", "delete", "--version", "films", "--yes").code == 0
    assert len(blobs()) == 3
    assert run("--db", "results.db", "prune", "--version", "pictures", "--yes").code == 0
    assert blobs() == []


@pytest.mark.parametrize("name", ["films", "any other"])
def test_what_is_imported_or_migrated_is_a_hit_of_any_spot(shared: object, run: Run, name: str) -> None:
    run("--db", "results.db", "export", "all.zip")
    assert run("--db", "far/imported.db", "import", "all.zip", "--yes").code == 0
    assert run("migrate", "--from", "results.db", "--to", "far/moved.db", "--blobs", "--yes").code == 0
    for place in ("far/imported.db", "far/moved.db"):
        function = fill(bs.Spot(name, db=place), "films", 0)
        assert len(function(2)) == 6 * BIG
        assert function.cache_info().hits == 1


@pytest.mark.parametrize("folder", [".beautyspot/blobs/films", "blobs/films"])
def test_blobs_in_a_folder_named_after_their_spot_are_found(workspace: Path, run: Run, folder: str) -> None:
    fill(bs.Spot("films", db="results.db", storage=folder), "films")
    function = fill(bs.Spot("films", db="results.db"), "films", 3)
    assert function.cache_info().hits == 3
    assert json.loads(run("--db", "results.db", "verify", "--json").out)["damaged"] == []


def test_files_that_differ_in_their_ending_share_no_blobs(workspace: Path, run: Run) -> None:
    functions = [fill(bs.Spot("x", db=name), "x") for name in ("app.db", "app.sqlite", "app")]
    for blob in blobs():
        os.utime(blob, (0, 0))
    for name in ("app.db", "app.sqlite", "app"):
        assert json.loads(run("--db", name, "clean", "--yes", "--json").out)["deleted"] == 0
    assert all(function.is_cached(1) for function in functions)


def test_an_export_of_a_database_that_lost_its_content_leaves_the_last_good_one(store: Path, run: Run) -> None:
    assert run("export", "all.zip").code == 0
    archive, file = Path("all.zip").read_bytes(), Path(".beautyspot/mine.db")
    file.write_bytes(b"")
    for verb in (("export", "all.zip", "--yes"), ("stats",), ("doctor",)):
        answer = run(*verb)
        assert (answer.code, "is empty" in answer.err) == (2, True)
    assert (Path("all.zip").read_bytes(), file.read_bytes()) == (archive, b"")
