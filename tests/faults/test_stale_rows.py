"""Rows held in memory by four processes: what was deleted or replaced is never served again."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

HEAD = """
from beautyspot.testing.task_db import task
db = SQLiteTaskDB(f"{folder}/a.db")

def get(key):
    entry = db.get(key)
    return 0 if entry is None else int(entry.result_data)

def put(key, number):
    db.put(task(key, result_data=b"%d" % number))
"""

OBEYS = """
while words := hear().split():
    if words[0] == "get":
        say(*map(get, words[1:]))
    else:
        put(words[1], int(words[2])) if words[0] == "put" else db.delete(words[1:])
        say("done")
"""


def answer_of(actor: Any, *words: object) -> str:
    actor.tell(" ".join(map(str, words)))
    return actor.hears()


@pytest.fixture
def actors(stage: Any) -> Iterator[list[Any]]:
    actors = [stage.start(HEAD + OBEYS) for _ in range(4)]
    yield actors
    for actor in actors:
        actor.tell("")
        assert actor.rest() == []


step = st.tuples(st.integers(0, 3), st.sampled_from(["put", "delete"]), st.integers(0, 2))


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=1, max_size=20))
def test_every_process_sees_every_change_once_its_call_returned(
    actors: list[Any], steps: list[tuple[int, str, int]]
) -> None:
    keys, kept = [os.urandom(8).hex() for _ in range(3)], [0, 0, 0]
    for number, (who, verb, which) in enumerate(steps, 1):
        kept[which] = number if verb == "put" else 0
        assert answer_of(actors[who], verb, keys[which], *([number] if verb == "put" else [])) == "done"
        for actor in actors * 2:  # the second time from memory, where the key is known
            assert answer_of(actor, "get", *keys) == " ".join(map(str, kept))


RACES = """
import mmap, random
me = int(hear())
with open(f"{folder}/floors", "r+b") as file:
    floors = memoryview(mmap.mmap(file.fileno(), 32)).cast("Q")
say("ready")
hear()
mine, stale = 0, 0
for _ in range(20_000):
    which = random.randrange(4)
    floor = floors[which]
    number = get(str(which))
    stale += 0 < number < floor
    if random.random() < 0.01:
        mine += 1
        put(str(me), mine) if mine % 4 else db.delete([str(me)])
        floors[me] = mine
say(mine, stale)
"""


def test_four_processes_that_write_at_once_never_serve_what_was_replaced(stage: Any, tmp_path: Path) -> None:
    (tmp_path / "floors").write_bytes(bytes(32))
    actors = [stage.start(HEAD + RACES) for _ in range(4)]
    for number, actor in enumerate(actors):
        actor.tell(number)
        assert actor.hears() == "ready"
    for actor in actors:
        actor.tell()
    for actor in actors:
        mine, stale = map(int, actor.rest()[0].split())
        assert mine > 100
        assert stale == 0


DIES_SILENT = """
from beautyspot.db.generation import Generation

class Killed(Generation):
    __slots__ = ()
    def renew(self):
        os.kill(os.getpid(), signal.SIGKILL)

db._connections.generation.__class__ = Killed
hear()
"""


@pytest.mark.parametrize("change", ['put("a", 2)', 'db.delete(["a"])'])
def test_the_change_of_a_process_killed_before_it_could_tell_is_seen_within_about_a_second(
    stage: Any, actors: list[Any], change: str
) -> None:
    assert answer_of(actors[0], "put", "a", 1) == "done"
    for actor in actors * 4:
        assert answer_of(actor, "get", "a") == "1"
    killed = stage.start(HEAD + DIES_SILENT + change)
    killed.tell()
    killed.wait()
    deadline_s = time.monotonic() + 5
    wanted = ["2" if "put" in change else "0"] * 4
    while [answer_of(actor, "get", "a") for actor in actors] != wanted:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


INTERRUPTED = """
from beautyspot.db import memory_tier
from beautyspot.db.generation import Generation

class Interrupted(Generation):
    __slots__ = ()
    def renew(self):
        raise KeyboardInterrupt

memory_tier.CHECK_EVERY_S = 0.0
put("a", 1)
say([get("a") for _ in range(4)])
db._connections.generation.__class__ = Interrupted
try:
    put("a", 2)
except KeyboardInterrupt:
    say(get("a"))
"""


def test_an_interrupt_before_it_could_tell_is_mended_at_the_next_check(stage: Any) -> None:
    assert stage.run(HEAD + INTERRUPTED) == ["[1, 1, 1, 1]", "2"]


LOSES_ITS_FILE = """
from beautyspot.db import memory_tier
memory_tier.CHECK_EVERY_S = 0.0
put("a", 1)
say([get("a") for _ in range(4)], os.path.getsize(f"{folder}/a.db-generation"))
{loss}
say([get("a") for _ in range(4)], os.path.getsize(f"{folder}/a.db-generation"))
other = SQLiteTaskDB(f"{folder}/a.db")
other.delete(["a"])
say(get("a"))
"""


@pytest.mark.parametrize(
    "loss",
    [
        'os.truncate(f"{folder}/a.db-generation", 0)',
        'os.truncate(f"{folder}/a.db-generation", 3)',
        'os.unlink(f"{folder}/a.db-generation")',
        'os.rename(f"{folder}/8 bytes", f"{folder}/a.db-generation")',
    ],
)
def test_a_lost_file_is_made_anew_and_kills_nobody(stage: Any, tmp_path: Path, loss: str) -> None:
    (tmp_path / "8 bytes").write_bytes(bytes(8))
    assert stage.run(HEAD + LOSES_ITS_FILE.format(loss=loss, folder="{folder}")) == ["[1, 1, 1, 1] 8"] * 2 + ["0"]


FORKS = """
put("a", 1), put("b", 1)
say([get(key) for key in "aaaabbbb"])
pid = os.fork()
if not pid:
    put("a", 2)
    os._exit(get("a") * 10 + get("b"))
say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), get("a"), get("b"))
pid = os.fork()
if not pid:
    hear()
    os._exit(get("a") * 10 + get("b"))
put("b", 3)
say("changed")
say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), get("a"), get("b"))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_parent_and_child_see_each_others_changes(stage: Any) -> None:
    actor = stage.start(HEAD + FORKS)
    assert [actor.hears() for _ in range(3)] == ["[1, 1, 1, 1, 1, 1, 1, 1]", "21 2 1", "changed"]
    actor.tell()
    assert actor.rest() == ["23 2 3"]
