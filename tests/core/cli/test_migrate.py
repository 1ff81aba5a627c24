"""`beautyspot migrate` as a user types it."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.errors import ConfigurationError


def test_results_are_copied_compared_and_read_from_the_copy(run: Any, store: Path) -> None:
    done = run(
        "migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db", "--blobs", "--to-storage", "there", "--yes"
    )
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("copied 4 results, ")
    assert "1 blob" in done.err
    command = ("migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db", "--blobs", "--to-storage", "there")
    assert json.loads(run(*command, "--verify", "--json").out)["tasks"] == 4
    assert run("--db", "copy.db", "--storage", "there", "show", "--json", json_key(run, "read")).code == 0


def json_key(run: Any, function: str) -> str:
    rows = json.loads(run("--db", "copy.db", "list", "--function", function, "--json").out)["tasks"]
    return str(rows[0]["cache_key"])


def test_a_comparison_without_blobs_asks_only_whether_they_are_there(run: Any, store: Path) -> None:
    command = ("migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db")
    run(*command, "--yes")
    without = run(*command, "--verify")
    assert (without.code, "3 results the same" in without.err) == (1, True)
    assert "no blob at " in without.err
    assert "copy it with --blobs, or say with --to-storage where it lies" in without.err
    assert run(*command, "--verify", "--to-storage", ".beautyspot/blobs/mine").code == 0
    run(*command, "--blobs", "--yes")
    for options in ((), ("--blobs",)):
        found = run(*command, *options, "--verify")
        assert (found.code, found.err) == (0, "4 results the same, 0 newer in the target, 0 differences\n")


@pytest.mark.external_service
def test_blobs_that_nobody_can_look_for_are_counted(run: Any, store: Path, postgres_url: str) -> None:
    command = ("migrate", "--from", ".beautyspot/mine.db", "--to", postgres_url)
    run(*command, "--yes")
    found = run(*command, "--verify")
    assert (found.code, "4 results the same" in found.err) == (0, True)
    assert "1 name blobs that were not looked at: add --to-storage URL, or --blobs to compare them" in found.err
    assert json.loads(run(*command, "--verify", "--json").out)["unseen"] == 1


def test_a_copy_is_the_same_after_the_source_was_read_once_more(run: Any, store: Path) -> None:
    with bs.Spot("mine") as spot:
        count = spot.mark(len)
        count("a")
        command = ("migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db", "--blobs")
        run(*command, "--yes")
        count("a")
    found = run(*command, "--verify")
    assert (found.code, "5 results the same, 0 newer in the target, 0 differences\n" in found.err) == (0, True)
    assert " of activity counted higher in the source: run this without --verify\n" in found.err
    run(*command, "--yes")
    assert "activity" not in run(*command, "--verify").err


def test_a_copy_that_leaves_results_behind_says_why_and_ends_with_1(run: Any, store: Path) -> None:
    with closing(sqlite3.connect(".beautyspot/mine.db")) as file, file:
        file.execute("UPDATE tasks SET elapsed_s = 'abc' WHERE cache_key = (SELECT min(cache_key) FROM tasks)")
    copied = run("migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db", "--yes")
    assert (copied.code, "  1 can't be read, and left behind: --verify names them" in copied.err) == (1, True)


def test_a_second_run_says_that_all_is_there(run: Any, store: Path) -> None:
    command = ("migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db", "--yes")
    run(*command)
    document = json.loads(run(*command, "--json").out)
    assert (document["tasks"], document["present"]) == (0, 4)


def test_a_dry_run_makes_no_copy(run: Any, store: Path) -> None:
    done = run("migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db", "--dry-run")
    assert (done.code, "would copy 4 results" in done.err) == (0, True)
    assert "name blobs that were not copied" in done.err
    assert run("--db", "copy.db", "list").out.count("\n") == 0


def test_a_dry_run_makes_no_folder(run: Any, store: Path) -> None:
    for option in ("--dry-run", "--verify"):
        run("migrate", "--from", ".beautyspot/mine.db", "--to", "new/copy.db", option)
        assert not Path("new").exists()


def test_differences_are_listed_and_end_with_1(run: Any, store: Path) -> None:
    command = ("migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db")
    found = run(*command, "--verify")
    assert found.code == 1
    assert found.err.count("missing") >= 4
    assert json.loads(run(*command, "--verify", "--json").out)["same"] is False


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("typo.db", "copy.db", "no database at"),
        (".beautyspot/mine.db", ".beautyspot/mine.db", "on both sides"),
        ("memory://", "copy.db", "ends with this command"),
        (".beautyspot/mine.db", "memory://", "ends with this command"),
        (".beautyspot/mine.db", "mongo://host/db", "unknown database scheme"),
    ],
)
def test_a_wrong_side_is_refused_and_nothing_is_made(
    run: Any, store: Path, source: str, target: str, message: str
) -> None:
    done = run("migrate", "--from", source, "--to", target, "--yes")
    assert done.code == 2
    assert message in done.err
    assert not Path("typo.db").exists()
    assert not Path("copy.db").exists()


def test_without_a_terminal_it_asks_for_yes(run: Any, store: Path) -> None:
    done = run("migrate", "--from", ".beautyspot/mine.db", "--to", "copy.db")
    assert (done.code, "add --yes, or --dry-run" in done.err) == (2, True)


@pytest.mark.external_service
def test_a_database_goes_to_redis_and_is_looked_at_in_a_file(run: Any, store: Path, redis_url: str) -> None:
    assert run("migrate", "--from", ".beautyspot/mine.db", "--to", redis_url, "--yes").code == 0
    looked = run("--db", redis_url, "verify")
    assert looked.code == 2
    assert f"beautyspot migrate --from {redis_url} --to look.db" in looked.err
    assert run("migrate", "--from", redis_url, "--to", "look.db", "--yes").code == 0
    command = ("migrate", "--from", redis_url, "--to", "look.db", "--to-storage", ".beautyspot/blobs/mine")
    assert run(*command, "--verify").code == 0
    assert len(json.loads(run("--db", "look.db", "list", "--json").out)["tasks"]) == 4


@pytest.mark.external_service
def test_an_export_from_redis_whose_blobs_are_gone_names_steps_that_work(
    run: Any, store: Path, redis_url: str, tmp_path: Path
) -> None:
    run("migrate", "--from", ".beautyspot/mine.db", "--to", redis_url, "--yes")
    shutil.rmtree(".beautyspot/blobs")
    (empty := tmp_path / "empty").mkdir()
    refused = run("--db", redis_url, "export", "all.bspot", "--storage", str(empty))
    assert f"beautyspot migrate --from {redis_url} --to copy.db" in refused.err
    run("migrate", "--from", redis_url, "--to", "copy.db", "--yes")
    copy = ("--db", "copy.db")
    assert run(*copy, "clean", "--blobs-are-gone", "--storage", str(empty), "--yes").code == 0
    assert run(*copy, "export", "all.bspot", "--storage", str(empty)).code == 0


def test_a_catalog_of_redis_says_what_to_do_without_its_password() -> None:
    with pytest.raises(
        ConfigurationError, match=r"redis://host/0.*beautyspot migrate --from .* --to look\.db"
    ) as error:
        Catalog.open("redis://u:secret@host/0")
    assert "secret" not in str(error.value)
