"""Processes that are killed: whatever a call returned is kept, and nothing is half-written."""

import selectors
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB
from beautyspot.records import TaskFilter
from beautyspot.serializers import MsgpackSerializer
from beautyspot.storage import LocalStorage

WRITES = """
answer = new_answer(new_spot())
hear()
for n in range({first}, {first} + 1_000_000, 4):
    answer(n)
    say(n)
"""

HITS = """
answer = new_answer(new_spot())
numbers = [int(n) for n in hear().split()]
assert all(answer(n) == value_of(n) for n in numbers)
say(len(numbers), len(runs))
"""


def kill_in_the_middle(stage: Any, first: int, after: int) -> set[int]:
    """Let four processes write until they have returned `after` calls, kill them, and return which calls had."""
    writers = [stage.start(WRITES.format(first=first * 4_000_000 + own)) for own in range(4)]
    for writer in writers:
        writer.tell()
    returned: list[str] = []
    with selectors.DefaultSelector() as ready:
        for writer in writers:
            ready.register(writer.stdout, selectors.EVENT_READ)
        while len(returned) < after:
            returned += [key.fileobj.readline() for key, _ in ready.select()]
    for writer in writers:
        writer.kill()
    for writer in writers:
        returned += writer.communicate()[0].splitlines(keepends=True)
    return {int(line) for line in returned if line.endswith("\n")}


def whole_rows(folder: Path) -> set[int]:
    """Return the number of each row, after a look at what it names."""
    numbers: set[int] = set()
    storage, serializer = LocalStorage(folder / "blobs"), MsgpackSerializer()
    with closing(SQLiteTaskDB(folder / "a.db")) as db:
        for task in db.find(TaskFilter()):
            n = int(task.input_id)
            entry = db.get(task.cache_key)
            assert entry is not None
            assert (n % 3 == 0) == (entry.result_value is not None)
            data = entry.result_data or storage.load(entry.result_value or "")
            assert serializer.loads(data) == f"{n}," * (2000 if n % 3 == 0 else 2)
            numbers.add(n)
    return numbers


@pytest.mark.slow
def test_four_writers_killed_twenty_times_lose_no_call_that_had_returned(stage: Any, tmp_path: Path) -> None:
    every: set[int] = set()
    for killing in range(20):
        returned = kill_in_the_middle(stage, killing, 40 + 23 * killing)
        assert stage.integrity() == "ok"
        every |= returned
    assert every <= whole_rows(tmp_path)
    hits = stage.start(HITS)
    hits.tell(" ".join(map(str, every)))
    assert hits.rest() == [f"{len(every)} 0"]


def test_a_result_outlives_an_exit_without_a_farewell(stage: Any, tmp_path: Path) -> None:
    assert stage.run("answer = new_answer(new_spot())\nanswer(3), answer(4)\nos._exit(0)") == []
    assert whole_rows(tmp_path) == {3, 4}


LEADS = """
spot = new_spot()
@spot.mark
def slow(n):
    say("runs")
    hear()
    return "done"
say("returned", slow(1))
"""


def test_killing_who_runs_a_call_lets_a_waiting_process_run_it(stage: Any) -> None:
    first = stage.start(LEADS)
    assert first.hears() == "runs"
    second = stage.start(LEADS)
    second.blocks()
    first.kill()
    assert second.hears() == "runs"
    second.tell()
    assert second.rest() == ["returned done"]


ASKS_SLOWLY = """
from beautyspot.testing import FrozenClock
clock = FrozenClock()
spot = new_spot(clock=clock)
@spot.mark
def ask(n):
    clock.advance(1)
    return n
for n in range(3):
    ask(n)
say("done")
hear()
"""


def test_a_killed_process_leaves_the_counts_of_its_slow_calls(stage: Any) -> None:
    asks = stage.start(ASKS_SLOWLY)
    assert asks.hears() == "done"
    asks.kill()
    asks.communicate()
    with Catalog.open(stage.folder / "a.db") as catalog:
        assert sum(activity.misses for activity in catalog.activity()) == 3


def test_a_process_that_waits_gets_the_result_of_who_ran(stage: Any) -> None:
    first = stage.start(LEADS)
    assert first.hears() == "runs"
    second = stage.start(LEADS)
    second.blocks()
    first.tell()
    assert first.rest() == ["returned done"]
    assert second.rest() == ["returned done"]
