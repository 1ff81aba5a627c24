"""How long the call of now has waited for a limiter, told to whoever records that call."""

from contextvars import ContextVar

_waits_s: ContextVar[list[float] | None] = ContextVar("beautyspot_waits_s", default=None)


def collect_waits() -> list[float]:
    """Return a list which the waits of this context, and of the tasks it starts, are added to from now on."""
    waits_s: list[float] = []
    _waits_s.set(waits_s)
    return waits_s


def add_wait(seconds: float, /) -> None:
    """Tell of a wait; nobody may listen."""
    waits_s = _waits_s.get()
    if waits_s is not None:
        waits_s.append(seconds)
