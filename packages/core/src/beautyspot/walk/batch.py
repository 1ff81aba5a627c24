"""Many calls at once: hits right away, misses in threads or tasks, each kept as soon as it comes."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext, suppress
from contextvars import Context, copy_context
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.notices import sending_work
from beautyspot.store import Hit
from beautyspot.walk.calls import Args, in_thread
from beautyspot.walk.crew import Crew, Job
from beautyspot.walk.misses import miss, miss_async
from beautyspot.walk.plan import Plan
from beautyspot.walk.stops import Stopped, stopping

if TYPE_CHECKING:
    from asyncio import Task
    from contextlib import AbstractContextManager

    from beautyspot.progress import Bar

OnError = Literal["raise", "collect"]


class Batch:
    """The calls of one `map`, and what came of them so far."""

    def __init__(self, plan: Plan, calls: Sequence[Args], on_error: OnError, advance: Callable[[], None]) -> None:
        """Start with nothing called."""
        self.plan, self.calls, self.on_error, self.advance = plan, calls, on_error, advance
        self.results: list[Any] = [None] * len(calls)
        self.stop = Event()
        self._noted: list[Exception] = []

    def context(self) -> Context:
        """Return a context for one call, which is given up if it has not begun when `stop` is set."""
        context = copy_context()
        context.run(stopping.set, self.stop)
        return context

    def take_hits(self) -> list[int]:
        """Fill in the results that are kept, and return the places of the others."""
        return [place for place, args in enumerate(self.calls) if not self._take_hit(place, args)]

    def run(self, place: int) -> None:
        """Make the call at `place`."""
        with Settling(self, place):
            self.results[place] = miss(self.plan, self._key(place), self.calls[place], {})

    def job(self, place: int) -> Job:
        """Return what makes the call at `place` in another thread."""
        context = self.context()
        return lambda: context.run(self.run, place)

    async def run_async(self, place: int) -> None:
        """Make the call at `place`."""
        with Settling(self, place):
            self.results[place] = await miss_async(self.plan, self._key(place), self.calls[place], {})

    def _key(self, place: int) -> str:
        # Anew: what other calls did to an argument meanwhile is what the function will see.
        return self.plan.keys.key(self.calls[place], {})

    async def end(self, tasks: "Sequence[Task[None]]", contexts: Sequence[Context]) -> None:
        """Give up the calls that have not begun and await the others; cancelled here, it cancels those as well."""
        from asyncio import gather  # as in run_batch_async

        self.stop.set()
        for task, context in zip(tasks, contexts, strict=True):
            if context[stopping] is not None:
                task.cancel()
        await gather(*tasks, return_exceptions=True)

    def _take_hit(self, place: int, args: Args) -> bool:
        hit: Hit | None = None
        with Settling(self, place, done=False):
            key, hit = self._look_up(args)
            if hit is not None:
                self.results[place] = self.plan.count_hit(hit, key, args, {})
        done = hit is not None or isinstance(self.results[place], Exception)
        if done:
            self.advance()
        return done

    def _look_up(self, args: Args) -> tuple[str, Hit | None]:
        try:
            key = self.plan.keys.key(args, {})
        except UnkeyableArgument as error:
            return "", self.plan.hit_without_key(error, args, {})
        return key, self.plan.store.read(key, self.plan.serializer)

    def settle(self, place: int, error: BaseException | None, /) -> bool:
        """Take what came of the call at `place`, and say whether the others go on in spite of `error`."""
        if not isinstance(error, Exception):
            return isinstance(error, Stopped)
        if self.on_error == "collect":
            self.results[place] = error
            return True
        self.stop.set()  # the next call in line is quicker than the `map`
        self._note(place, error)
        return False

    def _note(self, place: int, error: Exception) -> None:
        """Have `error` tell at which item it was, once where several calls raised it, now or in an earlier map."""
        if any(error is each for each in self._noted):
            return
        self._noted.append(error)
        words = f"map of {self.plan.keys.func_name.rpartition('.')[2]} was at item"
        with suppress(Exception):  # it may take no notes, as a frozen dataclass
            notes = getattr(error, "__notes__", [])
            notes[:] = [note for note in notes if not note.startswith(words)]
            error.add_note(f"{words} {place}: {_shown(self.calls[place][-1])}")


class Settling:
    """The end of one call of a batch. No `@contextmanager`: that sets an attribute of the error, which may refuse."""

    def __init__(self, batch: Batch, place: int, *, done: bool = True) -> None:
        """Settle the call at `place`; `done` if nothing of it is left to do afterwards."""
        self._batch, self._place, self._done = batch, place, done

    def __enter__(self) -> None:
        """Begin the call."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object, /) -> bool:
        """Take what came of it."""
        try:
            return self._batch.settle(self._place, error)
        finally:
            if self._done:
                self._batch.advance()


def run_batch(
    plan: Plan, before: Args, items: Iterable[Any], *, workers: int, progress: bool, on_error: OnError
) -> list[Any]:
    """Call the function with each item and return the results in the items' order."""
    calls = _calls(before, items, workers, on_error)
    with _bar(plan, len(calls), progress) as bar:
        batch = Batch(plan, calls, on_error, bar.advance if bar else lambda: None)
        places = batch.take_hits()
        with sending_work():
            jobs = [batch.job(place) for place in places]
        Crew(jobs, batch.stop).work(workers, plan.keys.func_name)
    return batch.results


async def run_batch_async(
    plan: Plan, before: Args, items: Iterable[Any], *, workers: int, progress: bool, on_error: OnError
) -> list[Any]:
    """Call the coroutine function with each item and return the results in the items' order."""
    import asyncio  # 40 of the 50 ms that `import beautyspot` would cost

    calls = _calls(before, items, workers, on_error)
    turns = asyncio.Semaphore(workers)
    with _bar(plan, len(calls), progress) as bar:
        batch = Batch(plan, calls, on_error, bar.advance if bar else lambda: None)

        async def run(place: int) -> None:
            async with turns:
                await batch.run_async(place)

        places = batch.take_hits() if plan.store.reads_locally else await in_thread(plan, batch.take_hits)
        with sending_work():
            contexts = [batch.context() for _ in places]
        tasks = [asyncio.create_task(run(place), context=c) for place, c in zip(places, contexts, strict=True)]
        try:
            if tasks:  # not `gather`, which hands a cancellation on to the calls that run
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        except asyncio.CancelledError:
            await batch.end(tasks, contexts)
            raise
        await batch.end(tasks, contexts)
    for task in sorted(tasks, key=lambda task: task.cancelled()):
        task.result()
    return batch.results


def _calls(before: Args, items: Iterable[Any], workers: int, on_error: str) -> list[Args]:
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"map got workers={workers!r}; give 1 or more")
    if on_error not in ("raise", "collect"):
        raise ConfigurationError(f"map got on_error={on_error!r}; give 'raise' or 'collect'")
    return [(*before, item) for item in items]


def _shown(item: Any) -> str:
    """Return the item's `repr`, of a long one its ends, in about as many characters as a terminal has in two lines."""
    from reprlib import Repr  # few batches fail

    short = Repr()
    short.maxstring = short.maxother = 160
    try:
        return short.repr(item)
    except Exception as error:  # noqa: BLE001 - the item's own, which must not hide the one that is told of
        return f"a {type(item).__qualname__!r}, whose repr failed ({type(error).__name__})"


def _bar(plan: Plan, total: int, progress: bool) -> "AbstractContextManager[Bar | None]":
    """Return a bar to show, while somebody looks."""
    if not progress:
        return nullcontext()
    from beautyspot.progress import Bar  # 50 ms that only a bar needs

    return Bar(plan.keys.func_name.rpartition(".")[2], total)
