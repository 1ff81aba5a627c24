"""What `limiter` returns: the user's function, paced."""

from collections.abc import AsyncGenerator, Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any

from beautyspot.checks import expect, expect_function, expect_no_class
from beautyspot.clocks import Clock
from beautyspot.errors import ConfigurationError
from beautyspot.walk.calls import Args, Kwargs
from beautyspot.walk.kinds import ASYNC_GENERATOR, COROUTINE, GENERATOR, kind_of
from beautyspot.walk.limit import Limit, pace, pace_async
from beautyspot.walk.plan import plan_of, unlimited, with_limits
from beautyspot.walk.relay import Listener, relaying
from beautyspot.walk.wrapper import BoundMarked, MarkedMethod, mark_function
from beautyspot.wrapped import show_as

if TYPE_CHECKING:
    from beautyspot.limiters import GCRA, SharedGCRA


def limiter(function: Any, cost: float | Callable[..., float], held_by: "GCRA | SharedGCRA", clock: Clock, /) -> Any:
    """Return `function` paced, or, if that is None or a number and so the cost, what paces a function."""
    if function is not None and not _is_function(function):
        function, cost = None, function
    # Nobody puts a decorator above a lambda; paced, it would stand in for the function below and never be called.
    if getattr(function, "__name__", None) == "<lambda>":
        raise ConfigurationError(
            f"limiter got {function!r} by position, which would be paced; "
            "give the cost of a call as limiter(cost=…), and pace a lambda with limiter()(…)"
        )
    # Called before each call, it would give a coroutine or generator, which is no number.
    expect(not kind_of(cost), "cost", cost, "a number, or a plain function, neither async nor a generator")
    limit = Limit(held_by, cost if callable(cost) else held_by.rate.checked(cost), clock)
    return partial(limit_function, limit=limit) if function is None else limit_function(function, limit)


def _is_function(given: Any) -> bool:
    return callable(given) or isinstance(given, classmethod)


def limit_function(function: Any, limit: Limit) -> Any:
    """Return `function` paced by `limit`; for a marked one, a hit stays free."""
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(limit_function(function.__func__, limit))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType, reportUnknownVariableType]
    plan = plan_of(function)
    limit.expect_calls_of(function if plan is None else plan.function)
    if plan is not None:
        plan = with_limits(plan, [limit])
        if isinstance(function, BoundMarked):
            return function.with_plan(plan)
        return mark_function(plan, of_class=isinstance(function, MarkedMethod) and function.of_class)
    expect_function("limiter", function)
    expect_no_class("limiter", function)
    inner, limits = unlimited(function)
    limits = (limit, *limits)
    wrapper = _WRAPPERS[kind_of(inner)](inner, limits)
    show_as(wrapper, inner)
    wrapper.__beautyspot_limits__ = (inner, limits)
    return wrapper


def _plain(function: Callable[..., Any], limits: tuple[Limit, ...]) -> Any:
    def limited(*args: Any, **kwargs: Any) -> Any:
        pace(limits, args, kwargs)
        return function(*args, **kwargs)

    return limited


def _coroutine(function: Callable[..., Any], limits: tuple[Limit, ...]) -> Any:
    async def limited(*args: Any, **kwargs: Any) -> Any:
        await pace_async(limits, args, kwargs)
        return await function(*args, **kwargs)

    return limited


def _generator(function: Callable[..., Any], limits: tuple[Limit, ...]) -> Any:
    def limited(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        pace(limits, args, kwargs)
        return (yield from function(*args, **kwargs))  # pyright: ignore[reportUnknownVariableType] - whatever it returns

    return limited


def _async_generator(function: Callable[..., Any], limits: tuple[Limit, ...]) -> Any:
    async def begin(args: Args, kwargs: Kwargs) -> tuple[AsyncGenerator[Any, Any], Listener]:
        await pace_async(limits, args, kwargs)
        return function(*args, **kwargs), Listener()

    return relaying(begin)


_WRAPPERS: dict[int, Callable[..., Any]] = {
    0: _plain,
    COROUTINE: _coroutine,
    GENERATOR: _generator,
    ASYNC_GENERATOR: _async_generator,
}
