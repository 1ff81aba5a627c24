"""A result is kept under what its function closed over when it ran, or not at all."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, cast

import beautyspot as bs
import pytest
from beautyspot.walk.misses import miss


def test_a_variable_given_another_value_while_a_call_waits_keeps_the_result_under_that(spot: bs.Spot):
    model = "small"

    @spot.mark
    def ask(question: str) -> str:
        return f"{model} says {question}"

    small, marked = ask.key("why?"), cast("Any", ask)
    model = "big"
    # As a call does that made its key before it waited for others, or for a limiter.
    assert miss(marked.__beautyspot_plan__, small, ("why?",), {}) == "big says why?"
    assert ask.is_cached("why?")
    model = "small"
    assert ask("why?") == "small says why?"


def test_a_variable_given_another_value_while_a_call_runs_keeps_its_result_nowhere(spot: bs.Spot):
    model = "small"

    @spot.mark(ignore=("meanwhile",))
    def ask(question: str, meanwhile: Callable[[], object] = int) -> str:
        meanwhile()
        return f"{model} says {question}"

    def change() -> None:
        nonlocal model
        model = "big"

    with pytest.warns(bs.CacheSaveWarning, match="given another value while it ran.*pass what changes as an argument"):
        ask("why?", change)
    assert not ask.is_cached("why?")
    model = "small"
    assert ask("why?") == "small says why?"


def test_tasks_that_are_started_in_a_loop_over_a_closed_over_variable_keep_what_fits(spot: bs.Spot):
    async def main() -> list[str]:
        model = ""

        @spot.mark
        async def ask(question: str) -> str:
            seen = model
            await asyncio.sleep(0)
            return f"{seen} says {question}"

        async def over_all() -> list[str]:
            nonlocal model
            tasks: list[asyncio.Task[str]] = []
            for name in ("small", "big"):
                model = name
                tasks.append(asyncio.create_task(ask("why?")))
            return await asyncio.gather(*tasks)

        assert await over_all() == ["big says why?"] * 2
        model = "small"
        assert await ask("why?") == "small says why?"
        return [await ask("why?")]

    assert asyncio.run(main()) == ["small says why?"]


def test_a_stream_whose_variable_changes_between_chunks_is_not_kept(spot: bs.Spot):
    model = "small"

    @spot.mark
    def ask(question: str) -> Iterator[str]:
        for word in question.split():
            yield f"{model}: {word}"

    def consume(chunks: Iterator[str]) -> None:
        nonlocal model
        for _ in chunks:
            model = "big"

    with pytest.warns(bs.CacheSaveWarning, match="given another value"):
        consume(ask("who is it"))
    model = "small"
    assert list(ask("who is it")) == ["small: who", "small: is", "small: it"]


def test_a_call_counter_of_the_function_itself_costs_no_result(spot: bs.Spot):
    calls = 0

    @spot.mark
    def ask(question: str) -> str:
        nonlocal calls
        calls += 1
        return question

    ask("why?")
    ask("why?")
    assert calls == 1


def test_what_cache_if_refuses_is_not_warned_of(spot: bs.Spot):
    model = "small"

    @spot.mark(cache_if=lambda _: False, ignore=("meanwhile",))
    def ask(question: str, meanwhile: Callable[[], None]) -> str:
        meanwhile()
        return f"{model} says {question}"

    def change() -> None:
        nonlocal model
        model = "big"

    assert ask("why?", change) == "big says why?"
