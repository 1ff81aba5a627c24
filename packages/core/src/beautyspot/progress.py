"""A progress bar for whoever looks, at a terminal or at the cell of a notebook. Its trouble is nobody else's."""

import sys
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from rich.progress import ProgressColumn

EVERY_S = 0.25
"""How often a notebook's bar is drawn."""
CELL_COLUMNS = 80


class Bar:
    """Shows how much is done, on standard error while that is a terminal, or in a notebook."""

    def __init__(self, what: str, total: int | None, /, *, transient: bool = False) -> None:
        """Show nothing yet.

        Args:
            what: What is being done, in a word.
            total: How many there are; None if nobody knows.
            transient: Whether a terminal is left without it.
        """
        # What Rich put in its place for another bar would lead past ours, to the stream itself.
        stream: Any = _Harmless(getattr(sys.stderr, "rich_proxied_file", sys.stderr))
        console = Console(file=stream)
        self._in_cell = console.is_jupyter
        if self._in_cell:
            # As text: what Rich shows there asks for ipywidgets, and warns where they are missing.
            console = Console(file=stream, force_jupyter=False, force_terminal=False, width=CELL_COLUMNS)
        self._progress = Progress(
            *_columns(total),
            console=console,
            transient=transient,
            # Rich takes a file for a terminal where FORCE_COLOR is set, which asks for colours, not for a bar.
            disable=not (self._in_cell or (console.is_terminal and stream.isatty())),
            # Else Rich takes the functions' output for its markup: it drops words in brackets, or fails at them.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._progress.add_task(what, total=total)
        self._handle: Any = None
        self._lock, self._drawn_s = Lock(), 0.0

    def __enter__(self) -> Self:
        """Show it."""
        if self._in_cell:
            self._draw()
        else:
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Show the end."""
        if self._in_cell:
            self._draw()
        else:
            self._progress.stop()

    def advance(self) -> None:
        """Count one more that is done."""
        self._progress.advance(self._task)
        self._draw_at_times()

    def reach(self, done: int, /) -> None:
        """Say how many are done."""
        self._progress.update(self._task, completed=done)
        self._draw_at_times()

    def _draw_at_times(self) -> None:
        if self._in_cell and monotonic() - self._drawn_s >= EVERY_S and self._lock.acquire(blocking=False):
            try:
                self._draw()
            finally:
                self._lock.release()

    def _draw(self) -> None:
        """Put the bar into the cell, in the place of the one before."""
        self._drawn_s = monotonic()
        console = self._progress.console
        with suppress(Exception):  # of a kernel that nobody listens to
            # A notebook has it loaded.
            from IPython.display import display  # pyright: ignore[reportUnknownVariableType] - IPython's has no types

            with console.capture() as text:
                console.print(self._progress.get_renderable())
            shown: dict[str, str] = {"text/plain": text.get().rstrip()}
            if self._handle is None:
                self._handle = display(shown, raw=True, display_id=True)
            else:
                self._handle.update(shown, raw=True)


class _Harmless:
    """A stream that may be gone, as a terminal that was closed: what nobody can see is not written."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(Exception):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(Exception):
            self._stream.flush()

    def isatty(self) -> bool:
        return _is_terminal(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _columns(total: int | None) -> "tuple[ProgressColumn, ...]":
    done = (TextColumn("{task.completed}"),) if total is None else (MofNCompleteColumn(), TimeRemainingColumn())
    return (TextColumn("{task.description}"), BarColumn(), *done)


def _is_terminal(stream: Any) -> bool:
    with suppress(Exception):  # of one that is closed, or is none
        return stream.isatty()
    return False
