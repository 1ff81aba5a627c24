"""Many threads and processes on one store at once."""

from pathlib import Path
from typing import Any

import pytest

WRITES = """
answer = new_answer(new_spot())
hear()
def write(thread):
    for n in range({first} + thread * 313, min({first} + (thread + 1) * 313, {first} + 2500)):
        if answer(n) != value_of(n):
            say("wrong", n)
threads = [threading.Thread(target=write, args=(thread,)) for thread in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
say(len(runs))
"""

HITS = """
answer = new_answer(new_spot())
say(sum(answer(n) == value_of(n) for n in range(10_000)), len(runs))
"""


@pytest.mark.slow
def test_four_processes_of_eight_threads_write_ten_thousand_keys_and_lose_none(stage: Any) -> None:
    writers = [stage.start(WRITES.format(first=2500 * own)) for own in range(4)]
    for writer in writers:
        writer.tell()
    assert [writer.rest() for writer in writers] == [["2500"]] * 4
    assert stage.run(HITS) == ["10000 0"]
    assert stage.integrity() == "ok"


OPENS = """
while place := hear():
    db = SQLiteTaskDB(f"{place}/a.db", busy_timeout_s=60)  # a busy machine stalls
    spot = new_spot(db=db, storage=f"{place}/blobs")
    answer = new_answer(spot)
    answer(os.getpid() * 3), answer(1)
    say("done" if answer.is_cached(os.getpid() * 3) else "lost")
    spot.shutdown()
"""


@pytest.mark.slow
def test_eight_processes_open_a_fresh_store_at_once_twenty_times(stage: Any, tmp_path: Path) -> None:
    openers = [stage.start(OPENS) for _ in range(8)]
    for number in range(20):
        for opener in openers:
            opener.tell(str(tmp_path / str(number)))
        assert [opener.hears() for opener in openers] == ["done"] * 8
    for opener in openers:
        assert opener.rest() == []


THOUSAND = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
threading.stack_size(256 * 1024)
answer = new_answer(new_spot())
together, right = threading.Barrier(1000), []
def call(n):
    together.wait()
    right.append(answer(n) == value_of(n) and answer(0) == value_of(0))
    together.wait()
threads = [threading.Thread(target=call, args=(n,)) for n in range(1000)]
for thread in threads: thread.start()
for thread in threads: thread.join()
say(sum(right), len(runs), len(os.listdir("/proc/self/fd")) < 200)
"""


@pytest.mark.slow
def test_a_thousand_threads_get_along_with_a_thousand_files(stage: Any) -> None:
    pytest.importorskip("resource")
    assert stage.run(THOUSAND) == ["1000 1000 True"]
    assert stage.run(HITS.replace("10_000", "1_000")) == ["1000 0"]
