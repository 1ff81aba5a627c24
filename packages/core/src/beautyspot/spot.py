"""The facade: one object that keeps, paces and shows the calls of a user's functions."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

from beautyspot.checks import words
from beautyspot.errors import ConfigurationError
from beautyspot.lifecycle import flush
from beautyspot.marking import KNOWN, decorate, forget, hooks_of, mark, name_of, settings
from beautyspot.parts import open_limiter, open_parts, translated
from beautyspot.powers import takes_types
from beautyspot.records import TaskFilter

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Mapping, Sequence
    from concurrent.futures import Executor  # 17 ms that only annotations would need
    from typing import Any, Literal, ParamSpec, Self, TypeVar, Unpack, overload

    from beautyspot.arguments import MarkArguments
    from beautyspot.clocks import Clock
    from beautyspot.compression import Compression
    from beautyspot.content_types import ContentType
    from beautyspot.durations import Duration
    from beautyspot.hooks import Hook
    from beautyspot.keys import FromCode
    from beautyspot.marking import Settings
    from beautyspot.protocols import BlobStorage, Serializer, TaskDB
    from beautyspot.renamed import RenamedOptions
    from beautyspot.signatures import CachedRun
    from beautyspot.sizes import Size
    from beautyspot.store import OnSaveError
    from beautyspot.walk import Marked

    P = ParamSpec("P")
    R = TypeVar("R")
    F = TypeVar("F", bound=Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any])


class Spot:
    """Keeps every result of the functions it marks, and paces those it limits.

    Safe to use from any thread, event loop and, after a fork, process. Integrations stand on its `parts`.
    """

    def __init__(
        self,
        name: str = "default",
        *,
        db: str | os.PathLike[str] | TaskDB | None = None,
        storage: str | os.PathLike[str] | BlobStorage | None = None,
        tpm: float | None = None,
        burst: float = 1,
        shared_limit: bool = False,
        serializer: Serializer | None = None,
        hooks: Sequence[Hook] = (),
        inline_limit_bytes: int | None = None,
        memory_bytes: int = 33_554_432,
        default_save_blob: bool | None = None,
        default_version: str | FromCode | None = None,
        default_content_type: ContentType | str | None = None,
        default_ttl: Duration | None = None,
        compress: Compression | None = None,
        max_size: Size | None = None,
        prune_every: Duration | None = None,
        on_save_error: OnSaveError = "warn",
        durability: Literal["normal", "full"] = "normal",
        executor: Executor | None = None,
        clock: Clock | None = None,
        **renamed: Unpack[RenamedOptions],
    ) -> None:
        """Open a store; a file of an earlier release is upgraded in place.

        Args:
            name: Names the database `.beautyspot/<name>.db`, and a shared limit.
            db: A path, a SQLAlchemy URL, or a `TaskDB`; None for the default above.
            storage: A path, a URL, or a `BlobStorage` for big values; None for `blobs/<name of the file>` beside
                the database's file, without its `.db`, or for a folder in `.beautyspot/blobs` where it is no file.
            tpm: Cells per minute that `limiter` grants; None for no limit.
            burst: Cells that may go at once after a pause; 1 paces strictly.
            shared_limit: Keep the limit in the database, for every process that uses it under this name.
            serializer: Turns values into bytes; None for `MsgpackSerializer`.
            hooks: Called at the turns of every call.
            inline_limit_bytes: Larger values go to the storage, unless `save_blob` says where. None for 64 KiB, or for
                64 MiB where rows lie in no file of this machine, which others can't read, and `storage` is None.
            memory_bytes: Most that this process holds of the results it read last from a local file; 0 for nothing.
            default_save_blob: The `save_blob` of a mark that gives none.
            default_version: The `version` of a mark that gives none.
            default_content_type: The `content_type` of a mark that gives none.
            default_ttl: The `ttl` of a mark that gives none.
            compress: "zstd" keeps values that shrink in fewer bytes; those that are kept stay readable either way.
            max_size: Most bytes of values to keep, such as "5GB"; misses delete what was least recently used.
            prune_every: How often to look for what is too much or has expired; None for 10 minutes with a `max_size`.
            on_save_error: `warn`, `raise` or `ignore` a result that can't be kept; it is lost only with `raise`.
            durability: `normal` survives a killed process, `full` also power loss.
            executor: Of threads, runs what an event loop should not wait for; None for the loop's own.
            clock: Reads the time and sleeps; None for the machine's.

        Raises:
            ConfigurationError: an argument is wrong, or a later release wrote the file.
        """
        self.name = name
        options: dict[str, Any] = {"storage": storage, "inline_limit_bytes": inline_limit_bytes, "executor": executor}
        options |= translated(renamed, options)
        self.parts = open_parts(
            name, db, on_save_error=on_save_error, durability=durability, serializer=serializer, clock=clock,
            memory_bytes=memory_bytes, compress=compress, max_size=max_size, prune_every=prune_every, **options,
        )  # fmt: skip
        self._limiter = open_limiter(self.parts, tpm, burst=burst, shared=shared_limit, name=name)
        self._hooks = hooks_of(hooks)
        self._defaults: MarkArguments = {
            "version": default_version, "save_blob": default_save_blob,
            "content_type": default_content_type, "ttl": default_ttl,
        }  # fmt: skip
        settings(self._defaults, default_version=default_version, prefix="default_")  # refused here, not at a mark

    if TYPE_CHECKING:

        @overload
        def mark(self, function: Callable[P, R], /) -> Marked[P, R]: ...
        @overload
        def mark(self, /, **arguments: Unpack[MarkArguments]) -> Callable[[Callable[P, R]], Marked[P, R]]: ...

    def mark(self, function: Any = None, /, **arguments: Any) -> Any:
        """Keep the results of a function: sync, async, generator or async generator, or a method.

        The keywords are those of `beautyspot.MarkArguments`, where each is explained; what is not given is the Spot's
        default.

        Raises:
            ConfigurationError: a keyword's value is wrong.
        """
        settings = self._settings(arguments)
        if function is None:
            return partial(decorate, parts=self.parts, settings=settings)
        return decorate(function, self.parts, settings)

    if TYPE_CHECKING:

        @overload
        def limiter(self, function: F, /) -> F: ...
        @overload
        def limiter(self, cost: float = 1, /) -> Callable[[F], F]: ...
        @overload
        def limiter(self, /, *, cost: float | Callable[..., float]) -> Callable[[F], F]: ...

    def limiter(self, function: Any = None, /, *, cost: float | Callable[..., float] = 1) -> Any:
        """Pace a function by the Spot's `tpm`. Above or below `mark`, a hit takes nothing from the limit.

        Args:
            function: What to pace, if it is put above a function without parentheses; or a number, the `cost`.
            cost: Cells that a call takes, 0 for a free one, or a function of the call's arguments that says how many;
                a function is given by keyword, `cost=len`, as one by position is what to pace.

        Raises:
            ConfigurationError: the Spot has no `tpm`, `cost` is neither a function nor a number from 0, or a lambda
                is given by position.
            LimitExceeded: `cost` is more than a whole minute's budget.
        """
        if self._limiter is None:
            raise ConfigurationError(f"Spot({self.name!r}) has no limit to pace by; give it one, as Spot(…, tpm=60)")
        from beautyspot.walk import limiter  # most Spots have no limit

        return limiter(function, cost, self._limiter, self.parts.clock)

    def run(self, func: Callable[..., R], /, *args: Any, **kwargs: Any) -> R:
        """Call `func` as if it were marked, once.

        Keywords of `mark` are given with an underscore in front (`_version="2"`); all others go to `func`.
        """
        names = {f"_{name}": name for name in KNOWN}
        arguments = {names[name]: kwargs.pop(name) for name in list(kwargs) if name in names}
        marked: Callable[..., R] = mark(func, self.parts, self._settings(arguments))
        return marked(*args, **kwargs)

    if TYPE_CHECKING:
        cached_run: CachedRun
    else:

        @contextmanager
        def cached_run(self, *functions: Any, **arguments: Any) -> Generator[Any]:
            """Mark one or several functions for the length of a block, and flush at its end.

            Gives the marked function, or a tuple of them.
            """
            if not functions:
                raise ConfigurationError("cached_run got no function; give one or several")
            settings = self._settings(arguments)
            marked = tuple(mark(function, self.parts, settings) for function in functions)
            try:
                yield marked[0] if len(marked) == 1 else marked
            finally:
                self.flush()

    def register_type(
        self,
        type_: type,
        code: int | None = None,
        encoder: Callable[[Any], Any] | None = None,
        decoder: Callable[[Any], Any] | None = None,
        *,
        former_names: Sequence[str] = (),
    ) -> None:
        """Keep instances of `type_`: of a dataclass, enum, named tuple, pydantic model or attrs class by its fields.

        Args:
            type_: The class itself; subclasses are registered on their own.
            code: MessagePack extension type, 0 to 126, the same in every run; None for a class with fields.
            encoder: Takes an instance and returns bytes, or anything else that can be kept.
            decoder: Takes what `encoder` returned and returns the instance.
            former_names: Of a class that is kept by its fields and was moved, such as "app.models.Answer".

        Raises:
            ConfigurationError: the code is taken, or something is missing.
        """
        serializer = self.parts.serializer
        if not takes_types(serializer):
            raise ConfigurationError(
                f"{type(serializer).__name__} takes no further types; teach that serializer itself"
            )
        serializer.register(type_, code, encoder, decoder, words("former_names", former_names))

    def register_key(self, type_: type, function: Callable[[Any], Any]) -> None:
        """Make keys of `type_`, and of its subclasses, from what `function` returns for an instance."""
        self.parts.registry.register(type_, function)

    def invalidate(
        self,
        *,
        tags: Sequence[str] | None = None,
        function: str | Callable[..., Any] | None = None,
        older_than: Duration | None = None,
    ) -> int:
        """Delete the results that meet every condition given, and return how many there were.

        Args:
            tags: Results that carry any of them.
            function: A function, marked or not, or its name, with or without its module. Rows of an earlier release
                have only the bare name: they go with the function itself, or with that name.
            older_than: Seconds, a timedelta or text like "7d".

        Raises:
            ConfigurationError: no condition at all, or one is wrong; `function` has its name in common with others.
        """
        if tags is None and function is None and older_than is None:
            raise ConfigurationError("invalidate got no condition; give tags=, function= or older_than=")
        from beautyspot.durations import seconds  # no hit deletes

        now = datetime.fromtimestamp(self.parts.clock.time(), UTC)
        where = TaskFilter(
            function=None if function is None else name_of(function),
            tags=None if tags is None else words("tags", tags),
            updated_before=None if older_than is None else now - timedelta(seconds=seconds(older_than, "older_than")),
        )
        return forget(function, where, self.parts)

    def flush(self) -> None:
        """Write what waits: counts, and results that an earlier trouble held back; warns if the trouble goes on."""
        flush(self.parts.store, self.parts.journal)

    def shutdown(self, wait: bool = True) -> None:
        """Flush and close the database. A marked function that is called later opens it again.

        Args:
            wait: Accepted for the code of release 2; there is never anything left to wait for.
        """
        del wait
        self.flush()
        self.parts.store.db.close()

    def __repr__(self) -> str:
        """Show the name, and where results lie."""
        return f"Spot({self.name!r}, db={self.parts.store.db!r}, storage={self.parts.store.storage!r})"

    def __enter__(self) -> Self:
        """Return the Spot itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Flush."""
        self.flush()

    if not TYPE_CHECKING:  # for whom every name would be right

        def __getattr__(self, name: str) -> Any:
            """Say what a name of release 1 is called now."""
            from beautyspot.renamed import removed  # for the code of release 1

            raise removed("'Spot' object", name)

    def _settings(self, arguments: Mapping[str, Any]) -> Settings:
        """Return what `mark` works by: the arguments, and the Spot's defaults where there is none."""
        hooks = (*self._hooks, *hooks_of(arguments.get("hooks")))
        given = {**self._defaults, **arguments, "hooks": hooks}
        return settings(given, default_version=self._defaults.get("version"))
