"""What a row tells of an error: which one it was, and nothing of a prompt or a key that its message may hold."""

from __future__ import annotations

import asyncio
import re
from typing import Any

_CODE = re.compile(r"[\w.-]{1,64}")


def status_of(error: BaseException, /) -> str:
    """Return the status of a run that ended with `error`."""
    if any(each.__name__ == "GraphBubbleUp" for each in type(error).__mro__):
        return "ok"  # how LangGraph leaves a node that waits for a human or hands over to another
    if isinstance(error, GeneratorExit):
        return "abandoned"
    return "cancelled" if isinstance(error, asyncio.CancelledError | KeyboardInterrupt) else "error"


def name_of_error(error: BaseException, /) -> str:
    """Return the error's class, with the status and the code that a provider's error has: `RateLimitError (429)`."""
    said: list[Any] = [getattr(error, "status_code", None), getattr(error, "code", None)]
    told = [str(each) for each in said if isinstance(each, str | int) and _CODE.fullmatch(str(each))]
    return type(error).__name__ + (f" ({', '.join(dict.fromkeys(told))})" if told else "")
