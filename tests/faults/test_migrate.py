"""A migration that is killed while others write on both sides."""

from contextlib import closing
from pathlib import Path
from typing import Any

from beautyspot.db import SQLiteTaskDB
from beautyspot.maintenance import BlobMove, compare
from beautyspot.records import TaskFilter
from beautyspot.storage import LocalStorage

FILLS = """
answer = new_answer(new_spot())
for n in range(1100):
    answer(n)
"""

MIGRATES = """
from beautyspot.db import open_db
from beautyspot.maintenance import BlobMove, migrate
from beautyspot.storage import LocalStorage
move = BlobMove((LocalStorage(f"{folder}/blobs"),), LocalStorage(f"{folder}/copies"))
done = migrate(open_db(f"{folder}/a.db"), open_db(f"{folder}/copy.db"), blobs=move, progress=lambda seen: say(seen))
say("copied", done.tasks, done.lost, done.changed)
"""

WRITES_BOTH = """
spots = new_spot(), new_spot(db=f"{folder}/copy.db", storage=f"{folder}/copies")
answers = [new_answer(spot) for spot in spots]
say("ready")
for n in range(10_000, 1_000_000):
    for answer in answers:
        answer(n)
"""


def test_a_killed_migration_harms_nothing_and_the_next_one_ends_it(stage: Any, tmp_path: Path) -> None:
    stage.run(FILLS)
    writer = stage.start(WRITES_BOTH)
    assert writer.hears() == "ready"
    for after in range(2):
        killed = stage.start(MIGRATES)
        for _ in range(after + 1):
            said = killed.hears()
            assert said.isdigit(), killed.communicate()
        killed.kill()
    writer.kill()
    writer.wait()
    *_, last = stage.run(MIGRATES)
    assert last.startswith("copied ")
    assert last.endswith(" 0 0")
    assert_the_copy_is_whole(tmp_path)
    assert stage.run(MIGRATES)[-1] == "copied 0 0 0"


def assert_the_copy_is_whole(folder: Path) -> None:
    copies = LocalStorage(folder / "copies")
    move = BlobMove((LocalStorage(folder / "blobs"),), copies)
    with closing(SQLiteTaskDB(folder / "a.db")) as source, closing(SQLiteTaskDB(folder / "copy.db")) as copy:
        assert compare(source, copy, blobs=move).first == ()
        for each in copy.find(TaskFilter()):
            assert each.result_type != "FILE" or copies.load(each.result_value or "")
