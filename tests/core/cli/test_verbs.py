"""The commands, one by one."""

import json
import sys
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.cli.show import write_raw

from .conftest import ESCAPES, Run


def rows(out: str) -> list[list[str]]:
    return [line.split("\t") for line in out.splitlines()[1:]]


def kept(folder: Path) -> int:
    with Catalog.open(folder / ".beautyspot" / "mine.db") as catalog:
        return catalog.size().tasks


def test_stats_tell_what_each_function_keeps_and_saved(store: Path, run: Run) -> None:
    answer = run("stats")
    (load, read, total) = sorted(rows(answer.out))
    assert load[0].endswith("load")
    assert load[1:7] == ["3", load[2], "1", "3", "0", "25%"]
    assert (read[1], total[0], total[1]) == ("1", "total", "4")
    assert "4 results" in answer.err


def test_stats_as_json_are_one_document(store: Path, run: Run) -> None:
    document = json.loads(run("--json", "stats").out)
    assert document["schema"] == 1
    assert document["size"]["tasks"] == 4
    assert {each["results"] for each in document["functions"]} == {3, 1}


def test_list_filters_and_pages(store: Path, run: Run) -> None:
    assert len(rows(run("list").out)) == 4
    assert len(rows(run("ls", "--function", "load", "--version", "2", "--tag", "red").out)) == 3
    assert len(rows(run("list", "--text", "plain", "--newer-than", "1h").out)) == 1
    assert rows(run("list", "--older-than", "1h").out) == []
    first = json.loads(run("list", "--limit", "3", "--json").out)
    second = json.loads(run("list", "--limit", "3", "--json", "--after", first["next"]).out)
    assert len({task["cache_key"] for task in first["tasks"] + second["tasks"]}) == 4
    assert second["next"] is None


def test_show_prints_what_is_known_and_the_value(store: Path, run: Run) -> None:
    key = rows(run("list", "--function", "load").out)[0][0]
    out = run("show", key[:10]).out
    assert f"key       {key}" in out
    assert "version   2" in out
    assert "'number': 2" in out


def test_show_cuts_a_long_value_and_says_how_to_see_it_all(store: Path, run: Run) -> None:
    key = rows(run("list", "--function", "read").out)[0][0]
    answer = run("show", key, "--max-chars", "5")
    assert answer.out.endswith("\na\n[bo\n")
    assert "--raw" in answer.err


def test_show_of_cut_bytes_says_how_many_there_are(store: Path, run: Run) -> None:
    with bs.Spot("app", db=store / "bytes.db") as spot:
        spot.run(bytes, 100_000)
    (row,) = rows(run("list", "--db", str(store / "bytes.db")).out)
    answer = run("show", row[0], "--db", str(store / "bytes.db"))
    assert answer.out.endswith("\n" + repr(bytes(2000))[:2000] + "\n")
    assert answer.err.strip() == "… 100000 bytes in all; --raw gives them to a file or program"


def test_a_search_that_has_not_seen_all_says_how_it_goes_on(
    store: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("beautyspot.catalog.newest.WINDOW", 2)
    monkeypatch.setattr("beautyspot.catalog.tasks.SEARCHED", 2)
    first = run("list", "--text", "nowhere")
    assert "more follow: add --after " in first.err
    assert "nothing here" not in first.err
    last = run("list", "--text", "nowhere", "--after", first.err.split()[-1])
    assert run("list", "--text", "nowhere", "--after", last.err.split()[-1]).err.startswith("nothing here is kept")


def test_show_raw_gives_text_and_bytes_as_they_are(store: Path, run: Run) -> None:
    key = rows(run("list", "--function", "read").out)[0][0]
    assert run("show", key, "--raw").out == f"a\n{ESCAPES}"
    other = rows(run("list", "--function", "load").out)[0][0]
    assert run("show", other, "--raw").code == 2


def test_bytes_are_not_thrown_at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(bs.ConfigurationError, match="upset a terminal"):
        write_raw(b"\x1b")


def test_show_of_an_unknown_key_says_where_keys_are(store: Path, run: Run) -> None:
    answer = run("show", "zzz")
    assert answer.code == 2
    assert "`beautyspot list`" in answer.err


def test_show_of_a_lost_blob_is_an_error_and_not_a_traceback(store: Path, run: Run) -> None:
    key = rows(run("list", "--function", "read").out)[0][0]
    next((store / ".beautyspot" / "blobs").rglob("*.bin")).unlink()
    answer = run("show", key)
    assert answer.code == 1
    assert "can't read blob" in answer.err


def test_delete_refuses_without_anybody_to_ask(store: Path, run: Run) -> None:
    answer = run("delete", "--function", "load")
    assert (answer.code, kept(store)) == (2, 4)
    assert "3 results" in answer.err
    assert "--yes" in answer.err


def test_delete_with_yes_deletes_rows_and_blobs(store: Path, run: Run) -> None:
    assert run("delete", "--function", "read", "--yes").code == 0
    assert list((store / ".beautyspot" / "blobs").rglob("*.bin")) == []
    assert kept(store) == 3


def test_delete_takes_keys(store: Path, run: Run) -> None:
    first, second, *_ = (row[0] for row in rows(run("list", "--function", "load").out))
    document = json.loads(run("rm", first, second[:12], "--yes", "--json").out)
    assert document["deleted"] == 2
    assert document["keys"] == [first, second]
    assert kept(store) == 2


def test_a_dry_run_deletes_nothing(store: Path, run: Run) -> None:
    answer = run("delete", "--tag", "red", "--dry-run")
    assert (answer.code, kept(store)) == (0, 4)
    assert "would delete 3 results" in answer.err


def test_delete_wants_to_be_told_what(store: Path, run: Run) -> None:
    assert run("delete", "--yes").code == 2
    assert run("delete", "abc", "--tag", "red", "--yes").code == 2
    assert run("delete", "--older-than", "1h", "--yes").code == 0
    assert kept(store) == 4


def test_doctor_of_a_sound_store_exits_with_0(store: Path, run: Run) -> None:
    answer = run("doctor", "--json")
    assert answer.code == 0
    assert {"integrity", "blobs", "permissions"} <= {each["check"] for each in json.loads(answer.out)["findings"]}


def test_doctor_of_a_broken_store_exits_with_1_and_says_what_to_do(store: Path, run: Run) -> None:
    next((store / ".beautyspot" / "blobs").rglob("*.bin")).unlink()
    answer = run("doctor")
    assert answer.code == 1
    assert "1 error" in answer.err
    assert "`beautyspot clean --blobs-are-gone` removes their rows" in answer.out


def test_the_demo_makes_no_call_in_its_second_run(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = run("demo")
    first, second = rows(answer.out)
    assert (first[1:3], second[1:3]) == (["3", "1"], ["0", "4"])
    assert "stats" in answer.err


def test_the_demo_as_json_is_one_document(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = run("--json", "demo")
    document = json.loads(answer.out)
    assert [(each["calls"], each["hits"]) for each in document["runs"]] == [(3, 1), (0, 4)]
    assert (Path(document["database"]).is_file(), answer.err) == (True, "")
