"""The functions that are cached, and their arguments. Standard library alone: the worker of 2.4.1 has no more."""

import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

PASSAGE = "The stage hand in black moves the scenery, and nobody sees who did it. "


class Workload(NamedTuple):
    """A function, and the arguments of its calls by number."""

    function: Callable[..., Any]
    arguments: Callable[[int], tuple[Any, ...]]


def short(text: str) -> str:
    """Return 100 bytes."""
    return (text + PASSAGE + PASSAGE)[:100]


def answer(model: str, options: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return 2 kB in a dict, as a chat model does."""
    return {
        "id": f"{model}-{seed}",
        "options": len(options),
        "choices": [{"index": index, "text": PASSAGE * 4, "score": index / 3} for index in range(6)],
        "usage": {"prompt_tokens": 21, "completion_tokens": 400, "total_tokens": 421},
        "finished": True,
    }


def summary(prompt: str) -> dict[str, Any]:
    """Return 2 kB in a dict for 10 kB of text."""
    return answer("summary", {}, len(prompt))


def short_arguments(number: int) -> tuple[str]:
    """Return a short text."""
    return (f"item-{number}",)


def answer_arguments(number: int) -> tuple[str, dict[str, Any], int]:
    """Return three arguments, one a dict; all new, as in a program that builds its options for each call."""
    return "small-model", {"temperature": 0.2, "top_p": 0.9, "stop": ["\n", "END"], "user": f"u{number}"}, number


def summary_arguments(number: int) -> tuple[str]:
    """Return a prompt of 10 kB, a new string each time."""
    return (f"{number}: ".ljust(12) + PASSAGE * 141,)


WORKLOADS = {
    "short": Workload(short, short_arguments),
    "answer": Workload(answer, answer_arguments),
    "summary": Workload(summary, summary_arguments),
}


def random_calls(workload: Workload, rows: int, count: int) -> list[tuple[Any, ...]]:
    """Return the arguments of `count` calls that are all among the first `rows`."""
    return [workload.arguments(random.randrange(rows)) for _ in range(count)]


def call_times(function: Callable[..., Any], calls: list[tuple[Any, ...]]) -> list[float]:
    """Return the seconds that each call takes."""
    times: list[float] = []
    for args in calls:
        start_s = time.perf_counter()
        function(*args)
        times.append(time.perf_counter() - start_s)
    return times
