"""A place in the flight of one key: how a leader ends its call, and how a follower waits for it."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from threading import TIMEOUT_MAX, Event, Lock
from types import TracebackType
from typing import Any, NamedTuple, Self

from beautyspot.clocks import Clock
from beautyspot.flight.table import Call, Table, led, set_led
from beautyspot.protocols import KeyLocks
from beautyspot.system_clock import SystemClock

Ask = Callable[[Callable[[], float | None]], Awaitable[float | None]]
FIRST_POLL_S = 0.002
LONGEST_POLL_S = 0.05
NESTED_WAIT_S = 30.0
"""How long a leader waits for a process that may be waiting for it: neither the kernel nor we see both ends."""


class Outcome(NamedTuple):
    """What came of the call that a follower waited for."""

    landed: bool
    """False: its leader was cancelled or interrupted, so claim again."""
    kept: bool = False
    """Whether the store has it; the value below is shared with the leader and every other follower."""
    value: Any = None
    error: Exception | None = None
    trace: TracebackType | None = None
    """Of the error in its leader."""


class Claim:
    """A place in the flight of one key.

    Its holder looks at `leads` first. A leader makes the call in a `with` block of the claim, and in it says `land`;
    an exception ends the claim as well. A follower says `wait`. A claim that is dropped ends as abandoned.
    """

    __slots__ = (
        "_blocked",
        "_handed_over",
        "_holds_lock",
        "_locks",
        "_outcome",
        "_table",
        "_wake",
        "call",
        "key",
        "keys",
        "leads",
        "other_process_runs",
    )

    def __init__(self, table: Table, locks: KeyLocks | None, key: str, /) -> None:
        """Lead `key`, until told to follow."""
        self.call = Call()
        self.key = key
        self.keys: Sequence[str] = (key,)
        """What the call makes, where it is many results."""
        self.other_process_runs = False
        """Whether another process makes, or may make, this call now: wait for it, then look into the store again."""
        self._table = table
        self._locks = locks
        self._holds_lock = False
        self._handed_over = False
        self._blocked: tuple[Call, ...] = ()
        self._outcome: Outcome | None = None
        self._wake: Callable[[], object] | None = None
        self.leads = True

    def land(self, value: Any, /, *, kept: bool) -> None:
        """Give the followers the result, and say whether the store has it."""
        self._end(Outcome(True, kept, value))

    def fail(self, error: Exception, /) -> None:
        """Let the followers raise `error`."""
        self._end(Outcome(True, error=error, trace=error.__traceback__))

    def abandon(self) -> None:
        """Let the followers claim again. Does nothing to a claim that has ended."""
        self._end(Outcome(False))

    def hand_over(self) -> None:
        """Let the `with` block end without an end of the claim: another thread lands it."""
        self._handed_over = True

    def wait(self, *, limit_s: float | None = None, stop: Event | None = None) -> Outcome:
        """Wait for the leader, blocking the thread, and return what came of it, or raise what it raised.

        Args:
            limit_s: None waits for ever.
            stop: Instead of a limit: once it is set, what is returned has not landed.

        Raises:
            TimeoutError: nothing came of it within `limit_s` seconds; None waits for ever.
        """
        gate = Lock()
        gate.acquire()
        try:
            if self._park(gate.release):
                if stop is None:
                    gate.acquire(timeout=-1 if limit_s is None else min(max(0.0, limit_s), TIMEOUT_MAX))
                else:
                    while not (stop.is_set() or gate.acquire(timeout=LONGEST_POLL_S)):
                        pass
        finally:
            self._leave()
        if self._outcome is None:
            if stop is not None:
                return Outcome(False)
            raise TimeoutError(f"the call of {self.key!r} did not end within {limit_s} s; make it without waiting")
        return self._settled()

    async def wait_async(self) -> Outcome:
        """Wait for the leader, letting the event loop go on, and return what came of it, or raise what it raised."""
        import asyncio  # 40 of the 50 ms that `import beautyspot` would cost

        loop = asyncio.get_running_loop()
        future = loop.create_future()
        try:
            if self._park(lambda: loop.call_soon_threadsafe(lambda: future.done() or future.set_result(None))):
                await future
        finally:
            self._leave()
        return self._settled()

    def wait_for_process(
        self, clock: Clock | None = None, *, limit_s: float | None = None, stop: Event | None = None
    ) -> None:
        """Wait until the other process has ended its call, or died, blocking the thread, for up to `limit_s` seconds.

        Args:
            clock: Sleeps between the questions; None for the machine's.
            limit_s: None waits for ever.
            stop: Once it is set, nobody waits any more.
        """
        locks = self._locks
        if locks is None or not self.other_process_runs:
            return
        # A thread that waits in the kernel can't stop waiting.
        if limit_s is None and stop is None and self.take_lock(locks.acquire):
            return
        # The kernel sees a circle as soon as two processes wait for each other, be it for unrelated keys.
        for pause_s in self._polls(locks, clock := clock or SystemClock(), limit_s):
            if stop is None:
                clock.sleep(pause_s)
            elif clock.wait(stop, pause_s):
                return

    async def wait_for_process_async(self, clock: Clock, /, *, ask: Ask | None = None) -> None:
        """Wait until the other process has ended its call, or died, letting the event loop go on.

        Args:
            clock: Sleeps between the questions.
            ask: Awaits a function of no arguments that may take its time; None: questions take microseconds.
        """
        locks = self._locks
        if locks is not None and self.other_process_runs:
            polls = self._polls(locks, clock)
            while (pause_s := next(polls, None) if ask is None else await ask(lambda: next(polls, None))) is not None:
                await clock.sleep_async(pause_s)

    def follow(self, call: Call, ours: tuple[Call, ...], /) -> None:
        """Follow `call`, for a thread or task that leads `ours`; where that closes a circle, lead alone."""
        if not call.reaches(ours):
            self.leads = False
            self.call = call
            self._blocked = ours
            call.followers.append(self)
            for other in ours:
                other.waits_for.append(call)

    def take_lock(self, acquire: Callable[[str], bool], /) -> bool:
        """Take the key's lock between processes, and say whether the call is ours; a broken lock holds nobody up."""
        self._holds_lock = True  # first, so that an interrupt in between has it given back
        try:
            self._holds_lock = acquire(self.key)
        except Exception:  # noqa: BLE001 - the locks may be anybody's
            self._holds_lock = False
            return True
        taken = self._holds_lock
        if self.call.done:  # cancelled while a thread asked for it
            self._release()
        return taken

    def __enter__(self) -> Self:
        """Begin the call."""
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None, /) -> None:
        """End the claim if the call didn't: an `Exception` is the followers' too, anything else only the leader's."""
        if not (self._handed_over or self.call.done):
            self._end(Outcome(True, error=error, trace=trace) if isinstance(error, Exception) else Outcome(False))

    def __del__(self) -> None:
        """Let nobody wait for a claim that is gone, such as one of a coroutine that never went on."""
        # An interrupt may have cut `__init__` short. One that comes here is swallowed by Python, so be quick.
        if getattr(self, "leads", False) and not self.call.done:
            self._end(Outcome(False))

    def _end(self, outcome: Outcome) -> None:
        call = self.call
        if not self.leads or (call.done and not call.followers):
            return
        self._release()  # before the table: the lock knows processes, so the next leader of this one would lose it
        # An interrupt anywhere in here is made good by the next end, which `__del__` calls at the latest.
        table = self._table
        with table.mutex:
            for follower in call.followers:
                follower._outcome = outcome
            for key in self.keys:
                if table.calls.get(key) is call:
                    del table.calls[key]
            call.done = True
        self._release()  # again: a thread may have got it meanwhile
        ours = led.get()
        if ours and ours[-1] is call:
            set_led(ours[:-1])
        while call.followers:
            call.followers[-1]._wake_up()
            call.followers.pop()

    def _release(self) -> None:
        if self._holds_lock and self._locks is not None:
            self._holds_lock = False
            try:
                self._locks.release(self.key)
            except Exception:  # noqa: BLE001 - as in `take_lock`
                return  # its keeper is gone, and the lock with it

    def _polls(self, locks: KeyLocks, clock: Clock, limit_s: float | None = None) -> Iterator[float]:
        pause_s, start_s = FIRST_POLL_S, clock.monotonic()
        while not self.take_lock(locks.try_acquire):
            waited_s = clock.monotonic() - start_s
            if (waited_s >= NESTED_WAIT_S and self._is_nested()) or (limit_s is not None and waited_s >= limit_s):
                return
            yield pause_s
            pause_s = min(pause_s * 1.5, LONGEST_POLL_S)

    def _is_nested(self) -> bool:
        """Return whether a process that waits for us may thereby wait for this very call."""
        with self._table.mutex:
            others = any(not call.done and call is not self.call for call in led.get())
            return others or any(follower._blocked for follower in self.call.followers)

    def _park(self, wake: Callable[[], object]) -> bool:
        with self._table.mutex:
            self._wake = wake
            return self._outcome is None

    def _wake_up(self) -> None:
        wake = self._wake  # read once: an interrupted follower takes it away
        if wake is not None:
            try:
                wake()
            except RuntimeError:
                return  # its event loop has closed, so nobody waits there any more; or it was woken before an interrupt

    def _leave(self) -> None:
        with self._table.mutex:
            self._wake = None
            if self._outcome is None:  # cancelled or interrupted
                self.call.followers.remove(self)
            blocked, self._blocked = self._blocked, ()
            for other in blocked:
                other.waits_for.remove(self.call)

    def _settled(self) -> Outcome:
        outcome = self._outcome
        assert outcome is not None, "woken before the leader ended"
        if outcome.error is not None:
            raise outcome.error.with_traceback(outcome.trace)  # else each follower's own is added to all others'
        return outcome
