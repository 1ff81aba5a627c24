"""Threads that work through a list, and end early when they are told to."""

from collections import deque
from collections.abc import Callable, Iterable
from threading import Condition, Event, Thread

from beautyspot.long_waits import say, telling

Job = Callable[[], object]


class Crew:
    """Does jobs in threads.

    They are daemons: those of `concurrent.futures` are waited for by the interpreter, each time until one more Ctrl-C,
    and a user who has said twice that he leaves is let go.
    """

    def __init__(self, jobs: Iterable[Job], stop: Event) -> None:
        """Begin nothing yet; once `stop` is set, nothing more is begun."""
        self._jobs = deque(enumerate(jobs))
        self._stop = stop
        self._working = 0
        self._rest = Condition()
        self._failures: dict[int, BaseException] = {}

    def work(self, workers: int, what: str) -> None:
        """Do the jobs in `workers` threads at most, and raise what the first of them in line raised.

        After an error or Ctrl-C nothing new begins, and what runs is waited for; a second Ctrl-C leaves it.

        Args:
            workers: At least 1.
            what: Whose calls the jobs are.
        """
        try:
            self._start(workers)
            with self._rest:
                self._rest.wait_for(self._is_done)
        finally:
            self._stop.set()
            self._end(what)
        if self._failures:
            raise self._failures.pop(min(self._failures))

    def _start(self, workers: int) -> None:
        for number in range(min(workers, len(self._jobs))):
            try:
                Thread(target=self._work, name=f"beautyspot-map_{number}", daemon=True).start()
            except RuntimeError:  # the machine allows no more: those that work go on, and without any, this one
                if number == 0:
                    self._work()
                return

    def _is_done(self) -> bool:
        return not self._working and (not self._jobs or self._stop.is_set())

    def _end(self, what: str) -> None:
        with self._rest:
            if not self._working:
                return
        words = f"waiting for calls of {what} that run ({self._working}), to keep what they return; Ctrl-C leaves now"
        try:
            with telling(lambda: words), self._rest:
                self._rest.wait_for(lambda: not self._working)
        except KeyboardInterrupt:
            say(f"left calls of {what} that ran ({self._working}); what they return is lost if the program ends first")
            raise

    def _work(self) -> None:
        while (job := self._begin()) is not None:
            self._do(*job)

    def _begin(self) -> tuple[int, Job] | None:
        with self._rest:
            if not self._jobs or self._stop.is_set():
                return None
            self._working += 1
            return self._jobs.popleft()

    def _do(self, place: int, job: Job) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised where the crew was sent from, be it an exit
            self._failures[place] = error
            self._stop.set()
        finally:
            with self._rest:
                self._working -= 1
                self._rest.notify_all()
