"""Who is told of the calls that LlamaIndex traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from llama_index.callbacks.beautyspot.span import Span


class Listener(Protocol):
    """Is told of spans and events, on the threads and event loops of the calls; counts its own failures."""

    def on_start(self, event: Any, kind: str, span: Span | None, run_id: str, /) -> None:
        """Take an event with which a run begins."""
        ...

    def hears(self, event: type[Any], /) -> Callable[[Any], None] | None:
        """Return what takes events of that class, with which no run begins; None for nothing."""
        ...

    def on_enter(self, span: Span, instance: Any, arguments: Any, tags: dict[str, Any] | None, /) -> None:
        """Take the beginning of a call that is a run itself."""
        ...

    def on_exit(self, span: Span, result: Any, /) -> None:
        """Take its end; that of a stream comes before its first token."""
        ...

    def on_drop(self, span: Span, error: BaseException | None, /) -> None:
        """Take the failure of any call."""
        ...

    def on_close(self) -> None:
        """Take the end of the dispatcher."""
        ...


class Quiet:
    """Listens without a word, so that the spans are known."""

    def on_start(self, event: Any, kind: str, span: Span | None, run_id: str, /) -> None:
        """Leave it."""

    def hears(self, event: type[Any], /) -> Callable[[Any], None] | None:
        """Hear nothing."""
        del event

    def on_enter(self, span: Span, instance: Any, arguments: Any, tags: dict[str, Any] | None, /) -> None:
        """Leave it."""

    def on_exit(self, span: Span, result: Any, /) -> None:
        """Leave it."""

    def on_drop(self, span: Span, error: BaseException | None, /) -> None:
        """Leave it."""

    def on_close(self) -> None:
        """Leave it."""
