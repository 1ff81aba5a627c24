"""Rows with values of the wrong types: every verb lives with them, `verify` names them, and `repair` mends them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from .conftest import Run

INLINE, FILE = "func_name LIKE '%load' LIMIT 1", "func_name LIKE '%read' LIMIT 1"
CHANGES = {
    "size as text": ("size_bytes = 'abc'", INLINE),
    "size as blob": ("size_bytes = x'00ff'", INLINE),
    "size as fraction": ("size_bytes = 1.5", INLINE),
    "elapsed as text": ("elapsed_s = 'abc'", INLINE),
    "function": ("func_name = x'ff00'", INLINE),
    "version": ("version = x'ff'", INLINE),
    "content type": ("content_type = x'ff'", INLINE),
    "input id": ("input_id = x'ff'", INLINE),
    "type": ("result_type = x'ff'", INLINE),
    "checksum": ("checksum = x'ff'", INLINE),
    "compression": ("compression = x'ff'", INLINE),
    "key": ("cache_key = x'ff01'", INLINE),
    "location": ("result_value = x'ff'", FILE),
}
HOPELESS = ("key", "location")
"""Changes after which nobody can say whose value it was, or where it lies."""
VERBS = (
    ("stats",),
    ("list",),
    ("doctor",),
    ("clean", "--dry-run"),
    ("prune", "--max-size", "1", "--dry-run"),
    ("prune", "--version", "2", "--dry-run"),
    ("delete", "--function", "nope", "--dry-run"),
    ("export", "all.zip", "--yes"),
    ("migrate", "--from", ".beautyspot/mine.db", "--to", "to.db", "--yes"),
)


def change(statement: str, where: str) -> str:
    """Change one row, and return its key, as far as it is one."""
    with closing(sqlite3.connect(".beautyspot/mine.db")) as connection, connection:
        number, key = connection.execute(f"SELECT rowid, cache_key FROM tasks WHERE {where}").fetchone()
        connection.execute("UPDATE tasks SET checksum = NULL WHERE rowid = ?", (number,))
        connection.execute(f"UPDATE tasks SET {statement} WHERE rowid = ?", (number,))
        return key


@pytest.mark.parametrize("what", CHANGES)
def test_every_verb_lives_with_an_odd_row_and_repair_mends_or_drops_it(store: Path, run: Run, what: str) -> None:
    key = change(*CHANGES[what])
    codes = {" ".join(verb): run(*verb).code for verb in VERBS}
    leave_it_out = [verb for verb in codes if verb.startswith(("export", "migrate"))]
    assert [verb for verb, code in codes.items() if code] == leave_it_out
    assert run("show", key).code in (1, 2)
    damaged = json.loads(run("verify", "--json").out)["damaged"]
    assert [each["what"].partition("; ")[0].partition("' ")[2] for each in damaged] == [
        "holds values of the wrong types"
    ]
    repaired = json.loads(run("repair", "--yes", "--json").out)
    lost = int(what in HOPELESS)
    assert (repaired["kept"], repaired["dropped"], repaired["mended"]) == (4 - lost, lost, 1 - lost)
    assert run("verify").code == 0
    assert len(json.loads(run("list", "--json").out)["tasks"]) == 4 - lost
    assert run("show", key).code == (2 if lost else 0)


@pytest.mark.parametrize("column", ["func_name", "cache_key", "version"])
def test_repair_drops_a_row_whose_text_is_no_text(store: Path, run: Run, column: str) -> None:
    change(f"{column} = CAST(x'c328' AS TEXT)", INLINE)
    answer = run("verify")
    assert (answer.code, "`beautyspot repair`" in answer.err) == (1, True)
    assert run("repair", "--yes").code == 0
    assert json.loads(run("verify", "--json").out)["tasks"] == 3
