import os

import pytest
from beautyspot.db import MemoryTaskDB
from beautyspot.records import Activity
from beautyspot.testing.task_db import NOON, task


def test_activity_of_one_minute_adds_up() -> None:
    db = MemoryTaskDB()
    for _ in range(2):
        db.add_activity([Activity("f", NOON, 1, 2, 3, 0.5, 0.25, 4, 5)])
    assert db.activity == {("f", NOON): Activity("f", NOON, 2, 4, 6, 1.0, 0.5, 8, 10)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_forked_in_the_middle_of_a_step_can_go_on() -> None:
    db = MemoryTaskDB()
    db.put(task("0a"))
    with db._mutex:
        pid = os.fork()
        if pid == 0:
            os._exit(0 if db.get("0a") and db.advance_limit("x", 1.0, 1.0) == 2.0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
