import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from beautyspot.db.locks import FileLocks
from beautyspot.protocols import KeyLocks

KEY, OTHER = "0a" * 32, "0b" * 32
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no byte-range locks of this kind")

HOLDER = """
import sys
from beautyspot.db.locks import FileLocks
locks = FileLocks(sys.argv[1])
for line in sys.stdin:
    verb, key = line.split()
    print(getattr(locks, verb)(key), flush=True)
"""


class Holder:
    """Another process that takes and gives back locks."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", HOLDER, str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, verb: str, key: str) -> str:
        self.tell(verb, key)
        return self.answer()

    def tell(self, verb: str, key: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{verb} {key}\n")

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.db-locks"


@pytest.fixture
def holder(path: Path) -> Iterator[Holder]:
    holder = Holder(path)
    yield holder
    holder.end()


def test_a_key_is_held_by_one_process_at_a_time(path: Path, holder: Holder) -> None:
    locks: KeyLocks = FileLocks(str(path))
    assert holder.ask("try_acquire", KEY) == "True"
    assert locks.try_acquire(KEY) is False
    assert locks.try_acquire(OTHER) is True
    assert holder.ask("try_acquire", OTHER) == "False"
    holder.ask("release", KEY)
    assert locks.try_acquire(KEY) is True
    locks.release(OTHER)
    assert holder.ask("try_acquire", OTHER) == "True"


def test_a_lock_file_that_was_deleted_is_left_for_that_of_the_others(path: Path, holder: Holder) -> None:
    one, two = FileLocks(str(path)), FileLocks(str(path))
    assert one.try_acquire(OTHER) is two.try_acquire(KEY) is True
    path.unlink()
    assert holder.ask("try_acquire", KEY) == "True"
    assert (one.try_acquire(KEY), two.try_acquire(KEY)) == (False, False)
    assert one.try_acquire(OTHER) is True
    assert holder.ask("try_acquire", OTHER) == "False"
    one.release(OTHER)
    holder.ask("release", KEY)
    assert two.try_acquire(KEY) is True


def test_waiting_ends_when_the_lock_is_given_back(path: Path, holder: Holder) -> None:
    locks = FileLocks(str(path))
    assert locks.try_acquire(KEY)
    holder.tell("acquire", KEY)
    locks.release(KEY)
    assert holder.answer() == "True"
    assert locks.try_acquire(KEY) is False


def test_a_killed_holder_frees_its_locks(path: Path, holder: Holder) -> None:
    locks = FileLocks(str(path))
    assert holder.ask("acquire", KEY) == "True"
    waiter = threading.Timer(0.05, holder.process.kill)
    waiter.start()
    assert locks.acquire(KEY) is True
    waiter.join()


def test_waiting_for_each_other_is_refused_to_one(path: Path, holder: Holder) -> None:
    locks = FileLocks(str(path))
    assert locks.try_acquire(KEY)
    assert holder.ask("try_acquire", OTHER) == "True"
    holder.tell("acquire", KEY)
    holder.tell("release", OTHER)
    we_got_it = locks.acquire(OTHER)
    locks.release(KEY)
    assert [str(we_got_it), holder.answer()].count("False") == 1


def test_an_interrupt_ends_the_wait(path: Path, holder: Holder) -> None:
    assert holder.ask("acquire", KEY) == "True"

    def interrupt(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    with pytest.raises(KeyboardInterrupt):
        FileLocks(str(path)).acquire(KEY)
    signal.signal(signal.SIGALRM, before)


def test_dropping_one_of_two_users_of_a_file_keeps_the_others_locks(path: Path, holder: Holder) -> None:
    kept, dropped = FileLocks(str(path)), FileLocks(str(path.parent / "." / path.name))
    assert kept.try_acquire(KEY)
    assert dropped.try_acquire(OTHER)
    del dropped
    gc.collect()
    assert holder.ask("try_acquire", KEY) == "False"


def test_a_forked_child_holds_none_of_its_parents_locks(path: Path) -> None:
    locks = FileLocks(str(path))
    assert locks.try_acquire(KEY)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if not locks.try_acquire(KEY) and locks.try_acquire(OTHER) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert locks.try_acquire(OTHER), "the child died, and its lock with it"


def test_where_there_can_be_no_lock_file_every_key_is_free(tmp_path: Path) -> None:
    locks = FileLocks(str(tmp_path / "missing" / "a.db-locks"))
    assert locks.try_acquire(KEY) is True
    assert locks.acquire(KEY) is False
    locks.release(KEY)


def test_keys_that_are_no_digests_have_locks_too(path: Path, holder: Holder) -> None:
    locks = FileLocks(str(path))
    assert holder.ask("acquire", "a-key-of-mine") == "True"
    assert locks.try_acquire("a-key-of-mine") is False
    assert locks.try_acquire("\ud800") is True


def test_the_lock_file_is_for_its_owner_and_stays_empty(path: Path) -> None:
    locks = FileLocks(str(path))
    assert locks.try_acquire(KEY)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == 0
