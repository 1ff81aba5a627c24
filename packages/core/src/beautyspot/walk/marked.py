"""What a marked function looks like to type checkers."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Literal, ParamSpec, Protocol, TypeVar, overload

from beautyspot.tallies import CacheInfo
from beautyspot.walk.batch import OnError

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R", covariant=True)  # so that `map` knows a coroutine function by what it returns
T = TypeVar("T")
U = TypeVar("U", contravariant=True)


class _Method(Protocol[U, Q, R]):
    """A function by its first parameter, which `mypy` does not look for within `Concatenate`."""

    def __call__(self, first: U, /, *args: Q.args, **kwargs: Q.kwargs) -> R: ...


class Marked(Protocol[P, R]):  # pyright: ignore[reportInvalidTypeVarUse] - binding in `__get__` is all that looks invariant
    """A marked function. Called, it returns the kept result or runs and keeps."""

    __name__: str
    __qualname__: str

    @property
    def __wrapped__(self) -> Callable[P, R]:
        """The function itself, which runs whatever is kept; of a bound method, bound as well."""
        ...

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the kept result of these arguments, or run the function and keep what it returns."""
        ...

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Return the key of a call: 32 hex digits."""
        ...

    def is_cached(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Say whether a call would be a hit, without counting one."""
        ...

    def invalidate(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Delete the kept result of a call and say whether there was one."""
        ...

    def refresh(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the call whatever is kept; its result replaces the old one, an exception leaves it."""
        ...

    def cache_info(self) -> CacheInfo:
        """Return what the function did in this process."""
        ...

    def cache_clear(self) -> int:
        """Delete every kept result of the function, of any version, and return how many there were.

        Those of a namesake in another file on the same store go as well, as the two share their results.
        """
        ...

    @overload
    def map(
        self: "Marked[..., Coroutine[Any, Any, T]]",
        items: Iterable[Any],
        *,
        workers: int = 8,
        progress: bool = True,
        on_error: Literal["raise"] = "raise",
    ) -> Coroutine[Any, Any, list[T]]: ...
    @overload
    def map(
        self: "Marked[..., Coroutine[Any, Any, T]]",
        items: Iterable[Any],
        *,
        workers: int = 8,
        progress: bool = True,
        on_error: OnError,
    ) -> Coroutine[Any, Any, list[T | Exception]]: ...
    @overload
    def map(
        self, items: Iterable[Any], *, workers: int = 8, progress: bool = True, on_error: Literal["raise"] = "raise"
    ) -> list[R]: ...
    @overload
    def map(
        self, items: Iterable[Any], *, workers: int = 8, progress: bool = True, on_error: OnError
    ) -> list[R | Exception]: ...
    def map(self, items: Iterable[Any], *, workers: int = 8, progress: bool = True, on_error: OnError = "raise") -> Any:
        """Call the function with each item, and return the results in the items' order.

        Hits are taken at once, misses run `workers` at a time under the limiter. Stopped and started
        again, only what is missing runs. Ctrl-C, or a cancellation, stops it as an exception does;
        a second cancellation also stops what runs.

        Args:
            items: One argument each.
            workers: Threads, or tasks for a coroutine function; 1 or more.
            progress: Show a bar on standard error where that is a terminal or a notebook.
            on_error: `raise` stops at the first exception: what runs is finished and kept, and no further call is
                made. `collect` puts exceptions in the place of results.
        """
        ...

    # A checker sees what is marked, not whether it is a class or static method: the first parameter has to tell.
    @overload
    def __get__(self: "_Method[T, Q, R]", instance: object, owner: T) -> "Marked[Q, R]": ...
    @overload
    def __get__(self, instance: None, owner: type) -> "Marked[P, R]": ...
    @overload
    def __get__(self: "_Method[T, Q, R]", instance: T, owner: type | None = None) -> "Marked[Q, R]": ...
    @overload
    def __get__(self, instance: object, owner: type | None = None) -> "Marked[P, R]": ...
    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """Bind a marked method, to its class where that is its first parameter.

        A checker takes a static method whose first parameter is `Any` or `object` for a method: give that a narrower
        type, or make it a function of the module. When it runs, it is bound as Python binds it.
        """
        ...
