"""Processes that fork while a store is open."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

HEAD = """
# Said by Python 3.12 of every fork of a program with threads, which is what these scenes are about.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)

def in_child(work):
    pid = os.fork()
    if not pid:
        signal.alarm(200)  # a busy disk may hold up a write for a while
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return pid

def ended(*pids):
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
"""

BOTH_WRITE = """
spot = new_spot(tpm=60_000, shared_limit={shared})
def plain(n):
    runs.append(n)
    return value_of(n)
answer = spot.mark(spot.limiter()(plain))
assert [answer(n) for n in range(10)] == [value_of(n) for n in range(10)]

def child(first):
    assert [answer(n) for n in range(10)] == [value_of(n) for n in range(10)]
    assert runs == list(range(10))
    assert all(answer(n) == value_of(n) for n in range(first, first + 50))

pids = [in_child(lambda first=first: child(first)) for first in (100, 200, 300)]
assert all(answer(n) == value_of(n) for n in range(400, 450))
say(ended(*pids))
before = len(runs)
say(sum(answer(n) == value_of(n) for first in (100, 200, 300, 400) for n in range(first, first + 50)))
say(len(runs) - before)
"""


@pytest.mark.parametrize("shared", [False, True])
def test_parent_and_children_hit_pace_and_write_on(stage: Any, shared: bool) -> None:
    assert stage.run(HEAD + BOTH_WRITE.format(shared=shared)) == ["[0, 0, 0]", "200", "0"]


ASYNC = """
answer = new_answer(new_spot())
spot = new_spot(executor={executor})

@spot.mark
async def later(n):
    await asyncio.sleep(0)
    return value_of(n)

async def scene(*numbers):
    return await asyncio.gather(*map(later, numbers)) == [value_of(n) for n in numbers]

assert asyncio.run(scene(0, 1))
say(ended(in_child(lambda: asyncio.run(scene(0, 1, 2, 3)) or os._exit(9))))
say(asyncio.run(scene(0, 1, 2, 3, 4)))
"""


def test_async_calls_in_a_child_do_not_hang(stage: Any) -> None:
    assert stage.run(HEAD + ASYNC.format(executor="None")) == ["[0]", "True"]


IN_THE_MIDDLE = """
spot = new_spot(tpm=6_000_000, db=SQLiteTaskDB(f"{{folder}}/a.db", busy_timeout_s=60))  # a busy disk stalls
stop = threading.Event()
def plain(n):
    return value_of(n)
answer = spot.mark(spot.limiter()(plain))

def write(first):
    n = first
    while not stop.is_set():
        n += 1
        answer(n)
    return n

from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(3) as pool:
    futures = [pool.submit(write, own * 1_000_000) for own in (1, 2, 3)]
    codes = [ended(in_child(lambda n=n: answer(-n) == value_of(-n) or os._exit(9))) for n in range(1, {forks} + 1)]
    stop.set()
    lasts = [future.result() for future in futures]
kept = [answer.is_cached(n) for n in (*lasts, *range(-{forks}, 0))]
say([code for [code] in codes if code], all(kept))
"""


@pytest.mark.slow
def test_forty_forks_while_threads_write_neither_hang_nor_lose(stage: Any) -> None:
    assert stage.run(HEAD + IN_THE_MIDDLE.format(forks=40)) == ["[] True"]


@pytest.mark.slow
def test_forks_during_the_first_calls_of_threads_do_not_hang(stage: Any) -> None:
    # The first call imports; a module that a thread imports at the fork would stay locked in the child. 1 in 4 did.
    for _ in range(8):
        actors = [stage.start(HEAD + IN_THE_MIDDLE.format(forks=3)) for _ in range(2)]
        assert [actor.rest() for actor in actors] == [["[] True"]] * 2


INTERRUPTED = """
import time
signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
db, begun, go = SQLiteTaskDB(f"{{folder}}/a.db"), threading.Event(), threading.Event()
answer = new_answer(new_spot(db=db))
answer(1)

def stall(execute):
    begun.set()
    go.wait()

threading.Thread(target=db._connections.write, args=(stall,)).start()
begun.wait()
for number in {numbers}:
    time.sleep(0.1)
    threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
threading.Timer({goes_on_after_s}, go.set).start()
try:
    in_child(lambda: None)
    threading.Event().wait()
except BaseException as error:
    say(type(error).__name__, go.is_set())
go.wait()
try:
    say(ended(in_child(lambda: answer(2) == value_of(2) or os._exit(9))), answer(1) == value_of(1))
except KeyboardInterrupt:  # the second
    say(ended(in_child(lambda: answer(2) == value_of(2) or os._exit(9))), answer(1) == value_of(1))
"""


@pytest.mark.parametrize(
    ("numbers", "goes_on_after_s", "heard"),
    [
        ("[signal.SIGINT]", 0.8, "KeyboardInterrupt True"),
        ("[signal.SIGTERM]", 0.8, "SystemExit True"),
        ("[signal.SIGINT, signal.SIGINT]", 4, "KeyboardInterrupt False"),
    ],
    ids=["Ctrl-C", "a handler that ends the program", "Ctrl-C twice"],
)
def test_a_signal_while_a_fork_waits_is_heard_after_it_and_nothing_stays_locked(
    stage: Any, numbers: str, goes_on_after_s: float, heard: str
) -> None:
    said = stage.run(HEAD + INTERRUPTED.format(numbers=numbers, goes_on_after_s=goes_on_after_s))
    assert said == [heard, "[0] True"]


CUT_OFF = """
import faulthandler, functools, os, signal, sys, threading, _thread
armed = []

def once(*_):
    if armed:
        raise ValueError(armed.pop())

signal.signal(2, once)
interrupt = functools.partial(_thread.interrupt_main, 2)  # what is written in C hears of no signal
if "{moment}" == "after":
    os.register_at_fork(after_in_parent=interrupt)
import beautyspot as bs
if "{moment}" == "before":
    os.register_at_fork(before=interrupt)
faulthandler.dump_traceback_later(20, exit=True)
sys.unraisablehook = lambda dropped: None

@bs.Spot("cut", db=sys.argv[1] + "/a.db").mark
def double(n):
    return n * 2

double(1)
for n in (2, 3):
    armed.append("in the hook")
    pid = os.fork()
    if not pid:
        os._exit(double(10 * n) != 20 * n)
    assert not armed
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    works = [threading.Thread(target=double, args=[n]), threading.Thread(target=__import__, args=["colorsys"])]
    for thread in works:
        thread.start()
    for thread in works:
        thread.join()
thread = threading.Thread(target=lambda: os.fork() or os._exit(0))
thread.start()
thread.join()
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_signal_in_the_very_moment_of_a_fork_leaves_nothing_locked(tmp_path: Path, moment: str) -> None:
    # Python may drop what the handler raises then, as of any hook that is written in Python.
    command = [sys.executable, "-c", CUT_OFF.format(moment=moment), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split() == ["0"] * 2


TOGETHER = """
import faulthandler
faulthandler.dump_traceback_later(40, exit=True)
answer = new_answer(new_spot())
answer(1)
sys.setswitchinterval(1e-6)
codes = []

def fork_often():
    for _ in range(150):
        codes.extend(ended(in_child(lambda: None)))

threads = [threading.Thread(target=fork_often) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
worker = threading.Thread(target=lambda: (__import__("colorsys"), answer(2)))
worker.start()
worker.join()
say({*codes}, len(codes))
"""


@pytest.mark.slow
def test_threads_that_fork_together_leave_nothing_locked(stage: Any) -> None:
    assert stage.run(HEAD + TOGETHER) == ["{0} 450"]


EVERYWHERE = """
import beautyspot.db.fork_signals, beautyspot.db.forks, traceback
db = SQLiteTaskDB(f"{folder}/a.db")
answer = new_answer(new_spot(db=db))
answer(1)
sys.unraisablehook = traceback.print_exception = lambda error: None  # no handler raised it
ours = ("forks.py", "fork_signals.py", "connections.py", "kept.py", "contextlib.py")

def cut_off_at(count):
    lines = iter(range(count, -1, -1))

    def trace(frame, event, arg):
        if not frame.f_code.co_filename.endswith(ours):
            return None
        if event == "line" and next(lines, 1) == 0:
            raise ValueError("as a handler may")
        return trace

    sys.settrace(trace)
    pid = os.fork()
    sys.settrace(None)
    if not pid:
        signal.alarm(60)
        os._exit(answer(2) != value_of(2))
    return next(lines, None), ended(pid)

bad, count, left = [], 0, None
while left is None:
    left, codes = cut_off_at(count)
    threads = [threading.Thread(target=answer, args=(n,)) for n in (3 * count + 4, 3 * count + 5)]
    for thread in threads: thread.start()
    for thread in threads: thread.join(20)
    if codes != [0] or any(thread.is_alive() for thread in threads):
        bad.append((count, codes))
        break
    count += 1
say(bad, count > 100)
os._exit(0)
"""


@pytest.mark.slow
def test_what_cuts_a_fork_off_at_any_line_leaves_nothing_locked(stage: Any) -> None:
    # Hundreds of forks close their connections; the last one of a file waits for the disk.
    keeps_it_open = stage.start("answer = new_answer(new_spot())\nanswer(0)\nsay('ready')\nhear()")
    assert keeps_it_open.hears() == "ready"
    assert stage.run(HEAD + EVERYWHERE)[-1] == "[] True"


ONE_HANDLER = """
from beautyspot.db.fork_signals import call_again
heard = []

class Handlers:
    def stop(self, number, *_):
        heard.append(signal.Signals(number).name)
        if len(heard) < 4:
            raise ValueError(number)

def every(*arguments):
    Handlers().stop(*arguments)

signal.signal(signal.SIGHUP, Handlers().stop)
signal.signal(signal.SIGUSR1, Handlers().stop)
signal.signal(signal.SIGUSR2, every)
raised = []
for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
    try:
        os.kill(os.getpid(), number)
        signal.pause()
    except ValueError as error:
        raised.append(error)
call_again(raised)
while len(heard) < 6:
    signal.pause()
say(*heard)
"""


def test_one_handler_of_many_signals_is_called_again_with_that_which_came(stage: Any) -> None:
    names = ["SIGUSR1", "SIGUSR2", "SIGHUP"]
    [said] = stage.run(HEAD + ONE_HANDLER)
    assert said.split()[:3] == names
    assert sorted(said.split()[3:]) == sorted(names)


SLOW_IMPORT = """
import importlib.abc, importlib.util, opcode
begun, go = threading.Event(), threading.Event()

class SlowDisk(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_loader(name, self) if name == "opcode" else None

    def exec_module(self, module):
        begun.set()
        go.wait()
        vars(module).update(vars(opcode))

spot = new_spot()
del sys.modules["dis"], sys.modules["opcode"]  # `dis` imports `opcode`
sys.meta_path.insert(0, SlowDisk())
threading.Thread(target=__import__, args=("dis",)).start()
begun.wait()
threading.Timer(0.3, go.set).start()

def told_by_code(n):
    return n

say(ended(in_child(lambda: spot.mark(version=bs.FROM_CODE)(told_by_code)(1) == 1 or os._exit(9))))
"""


def test_a_child_imports_what_a_thread_of_its_parent_was_importing(stage: Any) -> None:
    assert stage.run(HEAD + SLOW_IMPORT) == ["[0]"]


MARKING = """
from beautyspot.walk import sharing
spot, held, go = new_spot(), threading.Event(), threading.Event()

def mark_slowly():
    with sharing._lock:
        held.set()
        go.wait()

threading.Thread(target=mark_slowly).start()
held.wait()
child = in_child(lambda: new_answer(spot)(1) == value_of(1) or os._exit(9))
say(ended(child))
go.set()
"""


def test_a_child_marks_though_a_thread_of_its_parent_was_marking(stage: Any) -> None:
    assert stage.run(HEAD + MARKING) == ["[0]"]


AT_THE_LAST_MOMENT = """
import importlib, os, sys, threading
from importlib.util import spec_from_loader
began, forked = threading.Event(), threading.Event()

class Slow:
    def find_spec(self, name, path=None, target=None):
        return spec_from_loader(name, self) if name == "beautyspot.slow" else None

    def create_module(self, spec):
        pass

    def exec_module(self, module):
        if threading.current_thread() is not threading.main_thread():
            began.set()
            forked.wait()

def begin():  # after what beautyspot does before a fork, as it is registered before
    threading.Thread(target=importlib.import_module, args=["beautyspot.slow"], daemon=True).start()
    began.wait(0.5)

os.register_at_fork(before=begin)
sys.meta_path.insert(0, Slow())
import beautyspot.db.forks
pid = os.fork()
if not pid:
    importlib.import_module("beautyspot.slow")
    os._exit(0)
forked.set()
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_an_import_that_would_begin_at_the_last_moment_waits_for_the_fork() -> None:
    words = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", AT_THE_LAST_MOMENT]
    assert subprocess.run(words, capture_output=True, check=True, timeout=60).stdout == b"0\n"
