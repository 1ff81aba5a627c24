"""How a run ended that ended with an error."""

from __future__ import annotations

import asyncio


def status_of(error: BaseException, /) -> str:
    """Return the status of a run that ended with `error`."""
    if any(each.__name__ == "GraphBubbleUp" for each in type(error).__mro__):
        return "ok"  # how LangGraph leaves a node that waits for a human or hands over to another
    if isinstance(error, GeneratorExit):
        return "abandoned"
    return "cancelled" if isinstance(error, asyncio.CancelledError | KeyboardInterrupt) else "error"
