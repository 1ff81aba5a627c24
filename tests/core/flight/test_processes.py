"""Processes that meet at the locks of one file."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import Context
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from beautyspot.db.locks import FileLocks
from beautyspot.errors import StorageError
from beautyspot.flight import Flight
from beautyspot.flight.claim import LONGEST_POLL_S, NESTED_WAIT_S
from beautyspot.testing import FrozenClock

HEAD = """
import asyncio, os, sys, threading
from pathlib import Path
from beautyspot.system_clock import SystemClock
from beautyspot.db.locks import FileLocks
from beautyspot.flight import Flight
folder = Path(sys.argv[1])
flight = Flight(FileLocks(str(folder / "locks")))
def say(word):
    print(word, flush=True)
"""

STAMPEDE = """
def call():
    while True:
        claim = flight.claim("cold")
        if claim.leads:
            with claim:
                claim.wait_for_process()
                if not (folder / "kept").exists():
                    with open(folder / "runs", "a") as runs:
                        runs.write("x")
                    threading.Event().wait(0.05)
                    (folder / "kept").touch()
                return claim.land(None, kept=True)
        if claim.wait().landed:
            return
threads = [threading.Thread(target=call) for _ in range(8)]
say("ready")
sys.stdin.readline()
for thread in threads: thread.start()
for thread in threads: thread.join()
say(len(flight))
"""

LEADS = """
with flight.claim("cold") as claim:
    say(claim.other_process_runs)
    {how}
    say("leads")
    sys.stdin.readline()
    {end}
"""

SYNC = "claim.wait_for_process()"
ASYNC = "asyncio.run(claim.wait_for_process_async(SystemClock()))"


@contextmanager
def process(code: str, folder: Path) -> Iterator[Popen[str]]:
    with Popen([sys.executable, "-c", HEAD + code, str(folder)], stdin=PIPE, stdout=PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


def hears(child: Popen[str]) -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def tell(child: Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def test_four_processes_of_eight_threads_make_one_call(tmp_path: Path):
    with ExitStack() as stack:
        children = [stack.enter_context(process(STAMPEDE, tmp_path)) for _ in range(4)]
        assert [hears(child) for child in children] == ["ready"] * 4
        for child in children:
            tell(child)
        assert [hears(child) for child in children] == ["0"] * 4
    assert (tmp_path / "runs").read_text() == "x"


@pytest.mark.parametrize("how", [SYNC, ASYNC])
def test_a_killed_leader_holds_no_process_up(tmp_path: Path, how: str):
    code = LEADS.format(how=how, end="claim.land(None, kept=True)")
    with process(code, tmp_path) as first:
        assert [hears(first), hears(first)] == ["False", "leads"]
        with process(code, tmp_path) as second:
            assert hears(second) == "True"
            first.kill()
            assert hears(second) == "leads"


@pytest.mark.parametrize("end", ["claim.land(None, kept=True)", "claim.fail(OSError())", "claim.abandon()"])
def test_a_process_goes_on_when_the_other_has_ended(tmp_path: Path, end: str):
    with process(LEADS.format(how=SYNC, end=end + "; sys.stdin.readline()"), tmp_path) as first:
        assert [hears(first), hears(first)] == ["False", "leads"]
        with process(LEADS.format(how=SYNC, end=end), tmp_path) as second:
            assert hears(second) == "True"
            tell(first)
            assert hears(second) == "leads"


def test_a_child_of_a_fork_starts_with_nothing_in_flight(tmp_path: Path):
    code = """
leader = flight.claim("cold")
child = os.fork()
if not child:
    claim = flight.claim("cold")
    os._exit(10 * len(flight) + claim.leads)
say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
leader.land(None, kept=True)
say(len(flight))
"""
    with process(code, tmp_path) as parent:
        assert [hears(parent), hears(parent)] == ["11", "0"]


class Elsewhere:
    """Locks that another process holds until it is told to end."""

    held = True
    trouble: BaseException | None = None

    def try_acquire(self, key: str, /) -> bool:
        if self.trouble:
            raise self.trouble
        return not self.held

    def acquire(self, key: str, /) -> bool:
        return False

    def release(self, key: str, /) -> None:
        self.held = True


class Ending(FrozenClock):
    """A clock at whose tenth look the other process ends."""

    def __init__(self, locks: Elsewhere) -> None:
        super().__init__()
        self.locks = locks

    def advance(self, seconds: float, /) -> None:
        super().advance(seconds)
        self.locks.held = len(self.slept) < 10


def test_a_task_looks_again_at_growing_intervals():
    locks = Elsewhere()
    clock = Ending(locks)
    claim = Flight(locks).claim("key")
    assert claim.other_process_runs
    asyncio.run(claim.wait_for_process_async(clock))
    assert (clock.slept[0], len(clock.slept)) == (0.002, 10)
    assert all(before < after <= LONGEST_POLL_S for before, after in zip(clock.slept, clock.slept[1:8], strict=False))


def test_a_wait_that_the_kernel_refuses_goes_on_by_looking():
    locks = Elsewhere()
    clock = Ending(locks)
    Flight(locks).claim("key").wait_for_process(clock)
    assert len(clock.slept) == 10


@pytest.mark.parametrize("who", ["itself", "a follower"])
def test_a_leader_that_another_process_may_wait_for_waits_half_a_minute_at_most(who: str):
    locks, clock = Elsewhere(), FrozenClock()
    flight = Flight(locks)
    anna, berta = Context(), Context()
    outer = anna.run(flight.claim, "outer")
    caller = anna if who == "itself" else berta
    claim, second = caller.run(flight.claim, "key"), anna.run(flight.claim, "key")
    caller.run(claim.wait_for_process, clock)
    assert NESTED_WAIT_S <= clock.monotonic() < NESTED_WAIT_S + 1
    assert (outer.leads, second.leads) == (True, who == "itself")


def test_a_thread_waits_for_another_process_no_longer_than_its_limit(tmp_path: Path):
    clock = FrozenClock()
    with process(LEADS.format(how="", end="os._exit(1)"), tmp_path) as other:
        assert [other.stdout.readline() for _ in range(2)] == ["False\n", "leads\n"]
        with Flight(FileLocks(str(tmp_path / "locks"))).claim("cold") as claim:
            start_s = clock.monotonic()
            claim.wait_for_process(clock, limit_s=3)
            assert 3 <= clock.monotonic() - start_s <= 3 + LONGEST_POLL_S


def test_broken_locks_hold_nobody_up():
    locks = Elsewhere()
    locks.trouble = StorageError("disk gone")
    claim = Flight(locks).claim("key")
    assert claim.leads
    assert not claim.other_process_runs
    claim.wait_for_process()
    claim.land(None, kept=True)


def test_an_interrupt_while_claiming_leaves_nothing_in_flight():
    locks = Elsewhere()
    locks.trouble = KeyboardInterrupt()
    flight = Flight(locks)
    with pytest.raises(KeyboardInterrupt):
        flight.claim("key")
    assert len(flight) == 0


def test_a_call_that_runs_alone_asks_for_no_lock(tmp_path: Path):
    flight = Flight(FileLocks(str(tmp_path / "locks")))
    outer = flight.claim("key")
    flight.claim("key").land(None, kept=True)
    with process(LEADS.format(how="pass", end="pass"), tmp_path) as other:
        assert hears(other) == "False"
    outer.land(None, kept=True)
