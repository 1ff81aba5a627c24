"""A database that another process holds."""

from typing import Any

import pytest

HOLDS = """
import sqlite3
connection = sqlite3.connect(f"{folder}/a.db", isolation_level=None)
connection.execute(sys.argv[2]) if len(sys.argv) > 2 else None
connection.execute("BEGIN EXCLUSIVE")
say("holds")
threading.Timer(float(hear()), lambda: os._exit(0)).start()
hear()
"""

CALLS = """
import time
db = SQLiteTaskDB(f"{{folder}}/a.db", busy_timeout_s={patience_s})
answer = new_answer(new_spot(db=db))
answer(0), answer(1)
say("ready")
hear()
{calls}
"""


@pytest.mark.parametrize(
    ("locked_s", "patience_s"), [(0.6, 0.1), pytest.param(30, 10, marks=pytest.mark.slow)], ids=["short", "30 s"]
)
def test_callers_get_results_and_one_warning_and_nothing_is_lost(
    stage: Any, locked_s: float, patience_s: float
) -> None:
    caller = stage.start(
        CALLS.format(
            patience_s=patience_s,
            calls="""
threads = [threading.Thread(target=lambda n=n: right.append(answer(n) == value_of(n))) for n in range(20)]
right = []
for thread in threads: thread.start()
for thread in threads: thread.join()
say(sum(right), len(runs))
hear()
say(answer(20) == value_of(20), all(new_answer(new_spot()).is_cached(n) for n in range(21)))
""",
        )
    )
    assert caller.hears() == "ready"
    holder = stage.start(HOLDS)
    assert holder.hears() == "holds"
    caller.tell()
    holder.tell(str(locked_s))
    heard = [caller.hears(), caller.hears()]
    holder.wait()
    caller.tell()
    assert "CacheSaveWarning" in heard[0]
    assert "another process holds it" in heard[0]
    assert heard[1] == "20 20"
    assert caller.rest() == ["True True"]


COUNTS = """
spot = new_spot(db=SQLiteTaskDB(f"{folder}/a.db", busy_timeout_s=0.05))
@spot.mark
def count(n):
    runs.append(n)
    return len(runs)
"""

REFRESHES = """
say(count(1), count(1))
hear()
say(count.refresh(1), count(1))
hear()
spot.flush()
say(count(1))
hear()
"""

LOOKS = """
say(count(1), len(runs))
"""


def test_a_refreshed_result_is_served_by_its_process_at_once_and_by_others_when_it_is_written(stage: Any) -> None:
    caller = stage.start(COUNTS + REFRESHES)
    assert caller.hears() == "1 1"
    holder = stage.start(HOLDS)
    assert holder.hears() == "holds"
    caller.tell()
    assert "CacheSaveWarning" in caller.hears()
    assert caller.hears() == "2 2"
    assert stage.run(COUNTS + LOOKS) == ["1 0"]
    holder.tell("0")
    holder.wait()
    caller.tell()
    assert caller.hears() == "2"
    assert stage.run(COUNTS + LOOKS) == ["2 0"]
    caller.tell()
    assert caller.rest() == []
