"""Generators: passed through chunk by chunk, kept when they end normally, replayed on a hit.

The consumer sets the pace of a stream, so streams take no part in single flight: whoever waited for
another's stream could wait for ever.
"""

from collections.abc import AsyncGenerator, Callable, Generator
from typing import Any, cast

from beautyspot.errors import CacheWarning, SerializationError
from beautyspot.walk.calls import IMMUTABLE, Args, Kwargs, in_thread, read_async
from beautyspot.walk.fit import Fit
from beautyspot.walk.limit import pace, pace_async
from beautyspot.walk.plan import Plan
from beautyspot.walk.relay import Listener, relaying


class Recording(Listener):
    """The chunks of one stream so far, and the seconds its function took for them."""

    def __init__(
        self, plan: Plan, key: str, args: Args, kwargs: Kwargs, waited_s: float, *, replaces: bool = False
    ) -> None:
        """Start an empty recording of a call; see `Plan.keep` for `replaces`."""
        self.plan, self.call, self.waited_s, self.replaces = plan, (key, args, kwargs), waited_s, replaces
        self.chunks: list[Any] = []
        self._is_talk = False
        self.elapsed_s = 0.0
        self._start_s = 0.0
        plan.before(*self.call)
        self.fit = Fit(plan.keys, *self.call)

    def start(self) -> None:
        """The function goes on."""
        self._start_s = self.plan.clock.monotonic()

    def stop(self) -> None:
        """The consumer goes on."""
        self.elapsed_s += self.plan.clock.monotonic() - self._start_s

    def add(self, chunk: Any) -> Any:
        """Remember `chunk` as it is now: the consumer may change it, or the function yield it again, changed."""
        self.stop()
        self.chunks.append(chunk if type(chunk) in IMMUTABLE else self._copy(chunk))
        return chunk

    def talk(self) -> None:
        """The chunks belong to this talk, and are not kept."""
        self._is_talk = True

    def fail(self, error: BaseException) -> None:
        """Count a stream that raised; one that its consumer closed early is neither an error nor kept."""
        if not isinstance(error, GeneratorExit):
            self.plan.failed(*self.call, error, self.waited_s)

    def finish(self, returned: Any) -> None:
        """Count and keep a stream that ended normally."""
        self.stop()
        self.plan.count_miss(self.call[0], self.waited_s)
        try:
            if not self._is_talk:
                self._keep(returned)
        finally:
            self.plan.ran(*self.call, self.chunks, self.elapsed_s)

    def _keep(self, returned: Any) -> None:
        written, fits = (self.chunks, returned), self.fit.lasts
        _, args, kwargs = self.call
        self.plan.keep(
            self.fit.key, args, kwargs, self.chunks, self.elapsed_s,
            written=written, replaces=self.replaces, fits=fits,
        )  # fmt: skip

    async def finish_async(self) -> None:
        """Count and keep a stream that ended normally, without holding up the event loop."""
        await in_thread(self.plan, self.finish, None)

    def _copy(self, chunk: Any) -> Any:
        try:
            return self.plan.serializer.loads(self.plan.serializer.dumps(chunk))
        except SerializationError:
            return chunk  # keeping the whole fails with the same error and warns of it


class Replaying(Listener):
    """Warns whoever talks to a stream that is replayed."""

    def __init__(self, plan: Plan) -> None:
        """Begin to replay a stream of `plan`."""
        self._plan = plan

    def talk(self) -> None:
        """Nobody hears it."""
        name = self._plan.keys.func_name
        self._plan.store.notices.tell(
            (name, "talk"),
            f"a kept stream of {name} was sent something, which it can't hear, as its chunks are kept; talk to the "
            "function itself by `refresh(…)`, of which nothing is kept then",
            CacheWarning,
        )


def stream(plan: Plan, args: Args, kwargs: Kwargs, *, refresh: bool = False) -> Generator[Any, Any, Any]:
    """Replay the kept chunks of a call, or pass through and keep what its function yields."""
    key = plan.keys.key(args, kwargs)
    hit = None if refresh else plan.read(key, args, kwargs)
    if hit is not None:
        chunks, returned = hit.value
        for chunk in plan.count_hit(hit._replace(value=chunks), key, args, kwargs):
            try:
                is_talk = (yield chunk) is not None
            except Exception:
                Replaying(plan).talk()
                raise
            if is_talk:
                Replaying(plan).talk()
        return returned
    recording = Recording(plan, key, args, kwargs, pace(plan.options.limits, args, kwargs), replaces=refresh)
    try:
        returned = yield from _record(plan.function(*args, **kwargs), recording)
    except BaseException as error:
        recording.fail(error)
        raise
    recording.finish(returned)
    return returned


def _record(source: Generator[Any, Any, Any], recording: Recording) -> Generator[Any, Any, Any]:
    """Pass chunks out, and what the consumer sends or throws in (PEP 342)."""
    step: Callable[[Any], Any] = source.send
    given: Any = None
    while True:
        recording.start()
        try:
            chunk = step(given)
        except StopIteration as stop:
            return stop.value
        recording.add(chunk)
        try:
            given = yield chunk
            step = source.send
            if given is not None:
                recording.talk()
        except GeneratorExit:
            source.close()
            raise
        except BaseException as error:  # noqa: BLE001 - passed into the function, which raises it again or goes on
            recording.talk()
            step, given = cast("Callable[[Any], Any]", source.throw), error


def async_stream_of(plan: Plan, *, refresh: bool = False) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return the async generator function that `stream` is for a generator function."""

    async def begin(args: Args, kwargs: Kwargs) -> tuple[AsyncGenerator[Any, Any], Listener]:
        key = plan.keys.key(args, kwargs)
        hit = None if refresh else await read_async(plan, key)
        if hit is not None:
            return _replay(plan.count_hit(hit._replace(value=hit.value[0]), key, args, kwargs)), Replaying(plan)
        waited_s = await pace_async(plan.options.limits, args, kwargs)
        recording = Recording(plan, key, args, kwargs, waited_s, replaces=refresh)
        return plan.function(*args, **kwargs), recording

    return relaying(begin)


async def _replay(chunks: list[Any]) -> AsyncGenerator[Any, Any]:
    for chunk in chunks:
        yield chunk
