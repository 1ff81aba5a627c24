"""What a user's own code can watch: one object with five methods, called at the turns of a call."""

from collections.abc import Iterable
from typing import Any, NamedTuple


class HookEvent(NamedTuple):
    """One turn of one call of a marked function."""

    function: str
    """`module.qualname`."""
    key: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    value: Any = None
    """The result, of a stream the list of its chunks; None before there is one."""
    elapsed_s: float = 0.0
    """Seconds the function took; on a hit, those it took when the result was made."""
    error: BaseException | None = None


class Hook:
    """Override what you want to see, with plain methods: nobody would await one that is `async def`.

    A method that raises is logged and otherwise ignored.
    """

    def pre_execute(self, event: HookEvent, /) -> None:
        """Called on a miss, before the function runs and after the limiter's wait."""

    def on_hit(self, event: HookEvent, /) -> None:
        """Called when a kept result is returned."""

    def on_miss(self, event: HookEvent, /) -> None:
        """Called when the function has run and returned, after its result was kept."""

    def on_error(self, event: HookEvent, /) -> None:
        """Called when the function has raised; the exception goes on to the caller."""

    def on_save_error(self, event: HookEvent, /) -> None:
        """Called when a result could not be kept; it is returned all the same."""


def fire(hooks: Iterable[Hook], turn: str, event: HookEvent, /) -> None:
    """Call the method named `turn` of every hook."""
    for hook in hooks:
        try:
            getattr(hook, turn)(event)
        except Exception:
            try:
                import logging  # 15 ms that only a broken hook needs
            except OSError:  # out of file descriptors: what the call returned is worth more than what a hook raised
                continue
            logging.getLogger("beautyspot").exception("hook %r failed in %s; the call goes on", hook, turn)
