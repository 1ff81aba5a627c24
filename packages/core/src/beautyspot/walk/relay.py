"""The `yield from` that Python has for plain generators alone: async ones, passed through in both directions."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any

from beautyspot.walk.calls import Args, Kwargs


class Listener:
    """Hears what passes through; this one makes nothing of it."""

    def talk(self) -> None:
        """The consumer has sent or thrown something in."""

    def start(self) -> None:
        """The function goes on."""

    def add(self, chunk: Any) -> Any:
        """Return `chunk`, which the consumer is given."""
        return chunk

    def fail(self, error: BaseException) -> None:
        """The function raised, or the consumer closed the stream."""

    async def finish_async(self) -> None:
        """The function ended normally."""


Begin = Callable[[Args, Kwargs], Awaitable[tuple[AsyncGenerator[Any, Any], Listener]]]


def relaying(begin: Begin) -> Callable[..., AsyncGenerator[Any, Any]]:
    """Return an async generator function that passes through what `begin` opens for a call (PEP 342, 525)."""

    async def relayed(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        source, listener = await begin(args, kwargs)
        step: Callable[[Any], Any] = source.asend
        given: Any = None
        try:
            while (chunk := await _next_chunk(step, given, listener)) is not _END:
                try:
                    given = yield chunk
                    step = source.asend
                    if given is not None:
                        listener.talk()
                except GeneratorExit:
                    await source.aclose()
                    raise
                except BaseException as error:  # noqa: BLE001 - passed into the function, which raises it or goes on
                    listener.talk()
                    step, given = source.athrow, error
        except BaseException as error:
            listener.fail(error)
            raise
        await listener.finish_async()

    return relayed


_END = object()


async def _next_chunk(step: Callable[[Any], Any], given: Any, listener: Listener) -> Any:
    listener.start()
    try:
        return listener.add(await step(given))
    except StopAsyncIteration:
        return _END
