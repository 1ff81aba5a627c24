"""Ctrl-C, which reaches a process as SIGINT."""

import signal
from typing import Any

import pytest
from servers.postgres import Postgres
from servers.proxy import FaultyProxy

MISS = """
spot = new_spot()
@spot.mark
def slow(n):
    runs.append(n)
    say("runs")
    while hear() != "end": pass
    return "done"
"""

INTERRUPTED = """
try:
    slow(1)
except KeyboardInterrupt:
    say("interrupted", slow.is_cached(1), slow.cache_info().errors)
say("again", slow(1), slow.is_cached(1))
"""


def test_an_interrupted_call_is_not_kept_and_the_next_one_runs(stage: Any) -> None:
    actor = stage.start(MISS + INTERRUPTED)
    assert actor.hears() == "runs"
    actor.send_signal(signal.SIGINT)
    assert [actor.hears(), actor.hears()] == ["interrupted False 1", "runs"]
    actor.tell("end")
    assert actor.rest() == ["again done True"]


PACED_MAP = """
spot = new_spot(tpm=1)
@spot.limiter
@spot.mark
def paced(n):
    runs.append(n)
    say("runs")
    hear()
    return "done"
try:
    paced.map(range(8), workers=4, progress=False)
except KeyboardInterrupt:
    say("interrupted", sum(map(paced.is_cached, range(8))), len(runs))
"""


def test_an_interrupted_map_finishes_what_runs_and_makes_no_further_call(stage: Any) -> None:
    actor = stage.start(PACED_MAP)
    assert actor.hears() == "runs"
    actor.send_signal(signal.SIGINT)
    actor.tell("end")
    assert actor.rest() == ["interrupted 1 1"]


HELD_MAP = """
spot = new_spot()
@spot.mark
def slow(n):
    say("runs", n)
    if n == 1: hear()
    return "done"
if hear() == "call":
    say("returned", slow(1))
else:
    try:
        slow.map([1, 2], workers=2, progress=False)
    except KeyboardInterrupt:
        say("interrupted", slow.is_cached(1), slow.is_cached(2))
"""


def test_an_interrupted_map_does_not_wait_for_the_same_call_of_another_process(stage: Any) -> None:
    first, second = stage.start(HELD_MAP), stage.start(HELD_MAP)
    first.tell("call")
    assert first.hears() == "runs 1"
    second.tell("map")
    assert second.hears() == "runs 2"
    second.send_signal(signal.SIGINT)
    assert second.rest() == ["interrupted False True"]
    first.tell("end")
    assert first.rest() == ["returned done"]


FOLLOWERS = """
def follow():
    asked.release()
    say("follows", slow(1))
asked = threading.Semaphore(0)
threads = [threading.Thread(target=follow) for _ in range(4)]
leads = threading.Event()
spot = new_spot()
@spot.mark
def slow(n):
    runs.append(n)
    if len(runs) == 1:
        for thread in threads: thread.start()
        for _ in threads: asked.acquire()
        say("runs")
        hear()
    return "done"
try:
    slow(1)
except KeyboardInterrupt:
    for thread in threads: thread.join()
    say("ran", len(runs))
"""


def test_threads_that_wait_for_an_interrupted_call_go_on(stage: Any) -> None:
    actor = stage.start(FOLLOWERS)
    assert actor.hears() == "runs"
    actor.send_signal(signal.SIGINT)
    assert actor.rest() == ["follows done"] * 4 + ["ran 2"]


def test_a_process_that_waits_for_an_interrupted_call_goes_on(stage: Any) -> None:
    first = stage.start(MISS + INTERRUPTED.replace('say("again', 'hear()\nsay("again'))
    assert first.hears() == "runs"
    second = stage.start(MISS + "say('returned', slow(1))")
    second.blocks()
    first.send_signal(signal.SIGINT)
    assert first.hears() == "interrupted False 1"
    assert second.hears() == "runs"
    second.tell("end")
    assert second.rest() == ["returned done"]
    first.tell()
    assert first.rest() == ["again done True"]


def test_a_process_that_waits_can_be_interrupted(stage: Any) -> None:
    first = stage.start(MISS + "say('returned', slow(1))")
    assert first.hears() == "runs"
    second = stage.start(MISS + "try: slow(1)\nexcept KeyboardInterrupt: say('interrupted', runs)")
    second.blocks()
    second.send_signal(signal.SIGINT)
    assert second.rest() == ["interrupted []"]
    first.tell("end")
    assert first.rest() == ["returned done"]


MAP = """
spot = new_spot()
@spot.mark
def slow(n):
    runs.append(n)
    if n == 12:
        say("runs")
        hear()
    return n
try:
    slow.map(range(100), workers=1, progress=False)
    threading.Event().wait()  # the interrupt comes late
except KeyboardInterrupt:
    say("interrupted", len(runs), sum(slow.is_cached(n) for n in range(100)))
    os._exit(0)
"""


def test_an_interrupted_map_keeps_what_returned(stage: Any) -> None:
    actor = stage.start(MAP)
    assert actor.hears() == "runs"
    actor.send_signal(signal.SIGINT)
    actor.tell("end")
    ran, kept = actor.rest()[0].removeprefix("interrupted ").split()
    assert 13 <= int(ran) == int(kept)


STORM = """
import time
warnings.simplefilter("ignore", ResourceWarning)  # between open() and its with
spot = new_spot()
answer = new_answer(spot)
for m in (-(10**9), -(3 * 10**9)):
    answer(m), answer(m)
spot.flush()  # now all is imported: an interrupt within an import can take Python's own locks along
stop, n = threading.Event(), 0

def calls():
    global n
    while True:
        n += 1
        answer(n), answer(n)

def interrupt(_, frame):
    # Anywhere within the calls, and never in the lines below that end one round and begin the next.
    while frame is not None:
        if frame.f_code is calls.__code__:
            raise KeyboardInterrupt
        frame = frame.f_back

signal.signal(signal.SIGALRM, interrupt)

def write():
    own = -1
    while not stop.is_set():
        own -= 1
        answer(own)

writer = threading.Thread(target=write)
if {with_others}: writer.start()
for number in range({count}):
    try:
        # Again after 50 ms: one that falls into a __del__ is swallowed by Python.
        signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + number % 500), 0.05)
        calls()
    except KeyboardInterrupt:
        signal.setitimer(signal.ITIMER_REAL, 0)
stop.set()

def ask(m):
    start_s = time.monotonic()
    return answer(m) == value_of(m), time.monotonic() - start_s

def ask_all(word, numbers):
    right, took_s = zip(*map(ask, numbers))
    say(word, all(right), max(took_s) < 8)  # each: a turn or lock that was lost costs one of them 10 s

thread = threading.Thread(target=ask_all, args=("right", [-1]))
thread.start()
thread.join()
ask_all("kept", range(n))
"""


@pytest.mark.slow
@pytest.mark.parametrize("with_others", [False, True])
def test_interrupts_at_any_place_leave_the_spot_as_good_as_new(stage: Any, with_others: bool) -> None:
    actor = stage.start(STORM.format(with_others=with_others, count=1500))
    out, err = actor.communicate()
    assert out.splitlines() == ["right True True", "kept True True"], err
    assert "AttributeError" not in err


WITHIN = """
import gc, time
spot = new_spot(memory_bytes=0)
answer = new_answer(spot)
for n in (10 ** 8, 10 ** 8 + 2, 10 ** 8): answer(n), answer.refresh(n), answer.is_cached(n)
spot.flush()  # as in the storm: now all is imported
right, busy, calls, longest_s = [], False, 0, 0.0

def ask(*numbers):
    right.append(all(answer(n) == value_of(n) for n in numbers))

def handle(*_):
    # Called in the middle of any line below, or of the garbage collector: a hit, a miss, and one that is replaced.
    global busy, calls, longest_s
    if not busy:
        busy, calls, start_s = True, calls + 1, time.monotonic()
        ask(calls % 7, 1000 + calls)
        if not calls % 5: right.append(answer.refresh(calls % 7) == value_of(calls % 7))
        busy, longest_s = False, max(longest_s, time.monotonic() - start_s)

class Node:
    def __init__(self): self.me = self
    def __del__(self): handle()

def write():
    own = 10 ** 6
    while not stop.is_set():
        own += 1
        answer(own)

stop, number = threading.Event(), 0
writer = threading.Thread(target=write)
if {with_others}: writer.start()
signal.signal(signal.SIGALRM, handle)
while calls < 1000:
    number += 1
    {interrupt}
    ask(number % 5, -number)
    if not number % 3: right.append(answer.refresh(number % 5) == value_of(number % 5))
signal.setitimer(signal.ITIMER_REAL, 0)
busy = True
gc.set_threshold(700)
stop.set()
if {with_others}: writer.join()
spot.flush()
say(all(right), all(map(answer.is_cached, range(-number, 0))), all(map(answer.is_cached, range(1001, 1001 + calls))))
say(longest_s < 8)  # a turn that never comes costs 10 s
"""


@pytest.mark.slow
@pytest.mark.parametrize("with_others", [False, True])
@pytest.mark.parametrize(
    "interrupt",
    [
        "signal.setitimer(signal.ITIMER_REAL, 1e-6 * (1 + number % 400))",
        "gc.set_threshold(1 + number % 40, 2, 2), Node()",
    ],
    ids=["signal", "gc"],
)
def test_a_handler_that_calls_in_the_middle_of_a_call_neither_hangs_nor_loses(
    stage: Any, interrupt: str, with_others: bool
) -> None:
    actor = stage.start(WITHIN.format(interrupt=interrupt, with_others=with_others))
    assert actor.rest()[-2:] == ["True True True", "True"]


SILENT = """
import time
spot = new_spot(db="{url}")
answer = new_answer(spot)
answer(1)
say("kept")
hear()
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.5)
start_s = time.monotonic()
try:
    answer({number})
except KeyboardInterrupt:
    say("interrupted", time.monotonic() - start_s < 2.5)
hear()
say(answer(1) == value_of(1), answer(2) == value_of(2), len(runs))
"""


@pytest.mark.external_service
@pytest.mark.parametrize("number", [1, 2])
def test_an_interrupt_does_not_wait_for_a_silent_server(stage: Any, postgres: Postgres, number: int) -> None:
    with FaultyProxy("127.0.0.1", postgres.port) as proxy:
        actor = stage.start(SILENT.format(url=postgres.url(postgres.create(), port=proxy.port), number=number))
        assert actor.hears() == "kept"
        proxy.stall()
        actor.tell()
        assert actor.hears() == "interrupted True"
        proxy.heal()
        actor.tell()
        assert actor.rest() == ["True True 2"]


ENDLESS = """
spot = new_spot()
@spot.mark
def endless(n):
    say("runs")
    threading.Event().wait()
endless.map([1, 2, 3], workers=2, progress=False)
"""


def test_a_second_interrupt_leaves_a_map_and_the_first_is_told_what_is_waited_for(stage: Any) -> None:
    actor = stage.start(ENDLESS)
    assert [actor.hears(), actor.hears()] == ["runs"] * 2
    actor.send_signal(signal.SIGINT)
    assert "waiting for calls of __main__.endless that run (2)" in actor.stderr.readline()
    actor.send_signal(signal.SIGINT)
    out, err = actor.communicate()
    assert (actor.returncode, out) == (-signal.SIGINT, "")
    assert "left calls of __main__.endless that ran (2)" in err
    assert "Exception ignored" not in err


HELD = """
one, other = [new_spot(db="{url}" + name) for name in ("?application_name=one", "?application_name=other")]
answers = [new_answer(spot) for spot in (one, other)]
for answer in answers: answer(1)
say("kept")
hear()
for answer in answers: answer(2)
say("held")
hear()
"""


@pytest.mark.external_service
def test_an_interrupt_at_exit_leaves_a_silent_server_and_tells_what_is_lost(stage: Any, postgres: Postgres) -> None:
    with FaultyProxy("127.0.0.1", postgres.port) as proxy:
        actor = stage.start(HELD.format(url=postgres.url(postgres.create(), port=proxy.port)))
        assert actor.hears() == "kept"
        proxy.reset()
        actor.tell()
        while actor.hears() != "held":  # warnings come first
            pass
        proxy.stall()
        actor.tell()
        assert "to take results (1), counts of calls; Ctrl-C leaves now" in actor.stderr.readline()
        actor.send_signal(signal.SIGINT)
        out, err = actor.communicate()
    lost = [line for line in out.splitlines() if "are lost (1), as Ctrl-C ended the wait for the database" in line]
    assert (len(lost), err) == (2, "")
