"""What type checkers are told of methods that give back as many functions as they take."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, ParamSpec, Protocol, TypeVar, Unpack, overload

from beautyspot.arguments import MarkArguments
from beautyspot.walk import Marked

P1 = ParamSpec("P1")
P2 = ParamSpec("P2")
P3 = ParamSpec("P3")
P4 = ParamSpec("P4")
P5 = ParamSpec("P5")
R1 = TypeVar("R1")
R2 = TypeVar("R2")
R3 = TypeVar("R3")
R4 = TypeVar("R4")
R5 = TypeVar("R5")


class CachedRun(Protocol):
    """`Spot.cached_run`."""

    @overload
    def __call__(
        self, function: Callable[P1, R1], /, **arguments: Unpack[MarkArguments]
    ) -> AbstractContextManager[Marked[P1, R1]]: ...
    @overload
    def __call__(
        self, first: Callable[P1, R1], second: Callable[P2, R2], /, **arguments: Unpack[MarkArguments]
    ) -> AbstractContextManager[tuple[Marked[P1, R1], Marked[P2, R2]]]: ...
    @overload
    def __call__(
        self,
        first: Callable[P1, R1],
        second: Callable[P2, R2],
        third: Callable[P3, R3],
        /,
        **arguments: Unpack[MarkArguments],
    ) -> AbstractContextManager[tuple[Marked[P1, R1], Marked[P2, R2], Marked[P3, R3]]]: ...
    @overload
    def __call__(
        self,
        first: Callable[P1, R1],
        second: Callable[P2, R2],
        third: Callable[P3, R3],
        fourth: Callable[P4, R4],
        /,
        **arguments: Unpack[MarkArguments],
    ) -> AbstractContextManager[tuple[Marked[P1, R1], Marked[P2, R2], Marked[P3, R3], Marked[P4, R4]]]: ...
    @overload
    def __call__(
        self,
        first: Callable[P1, R1],
        second: Callable[P2, R2],
        third: Callable[P3, R3],
        fourth: Callable[P4, R4],
        fifth: Callable[P5, R5],
        /,
        **arguments: Unpack[MarkArguments],
    ) -> AbstractContextManager[
        tuple[Marked[P1, R1], Marked[P2, R2], Marked[P3, R3], Marked[P4, R4], Marked[P5, R5]]
    ]: ...
    @overload
    def __call__(
        self, *functions: Callable[..., Any], **arguments: Unpack[MarkArguments]
    ) -> AbstractContextManager[tuple[Marked[..., Any], ...]]: ...
    def __call__(self, *functions: Callable[..., Any], **arguments: Unpack[MarkArguments]) -> Any:
        """Mark one or several functions for the length of a block, and flush at its end.

        Gives the marked function, or a tuple of them.

        Raises:
            ConfigurationError: no function is given, or a keyword's value is wrong.
        """
        ...
