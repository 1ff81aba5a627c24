"""What one marked function needs at every call, worked out once."""

from __future__ import annotations

from contextlib import suppress

from beautyspot.errors import CacheReadWarning
from beautyspot.store import Label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Executor  # 17 ms that only annotations would need
    from typing import Any, NamedTuple

    from beautyspot.clocks import Clock
    from beautyspot.errors import UnkeyableArgument
    from beautyspot.flight import Flight
    from beautyspot.hooks import Hook
    from beautyspot.journal import Journal
    from beautyspot.keys import KeyMaker
    from beautyspot.origins import Origin
    from beautyspot.protocols import Serializer
    from beautyspot.records import Entry, TaskFilter
    from beautyspot.store import Hit, Store
    from beautyspot.tallies import Tally
    from beautyspot.walk.adopt import LegacyRows
    from beautyspot.walk.limit import Limit
else:
    from beautyspot.tuples import NamedTuple


QUICK_S = 0.001
"""A call that was quicker does not ask whether a `refresh` was quicker still."""


class MarkOptions(NamedTuple):
    """What `mark` was told about one function."""

    save_blob: bool | None
    content_type: str | None
    ttl_s: float | None
    tags: tuple[str, ...]
    cache_if: Callable[[Any], bool] | None
    hooks: tuple[Hook, ...]
    limits: tuple[Limit, ...] = ()


class Plan(NamedTuple):
    """One marked function: how its calls are keyed, read, paced, run and kept."""

    function: Callable[..., Any]
    keys: KeyMaker
    options: MarkOptions
    store: Store
    serializer: Serializer
    journal: Journal
    tally: Tally
    flight: Flight
    clock: Clock
    executor: Executor | None
    legacy: LegacyRows | None
    origin: Origin | None

    def read(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], again: bool = False, /) -> Hit | None:
        """Return the kept result of a call, one of an earlier release if need be; `again` is that of the store."""
        hit = self.store.read(key, self.serializer, again)
        if hit is None and self.legacy is not None and self.legacy.any():
            return self.legacy.adopt(self.label(key, args, kwargs, 0.0), args, kwargs)
        return hit

    def look(self, key: str, again: bool = False, /) -> Hit | None:
        """Return the kept result of a call in a thread, which may wait for what an event loop must not."""
        hit = self.store.read(key, self.serializer, again)
        if hit is not None and self.origin is not None and self.origin.is_unread:
            self.origin.read()
        return hit

    def hit_without_key(self, error: UnkeyableArgument, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Hit:
        """Return what an earlier release, which made keys of more than we do, kept for a call, or raise `error`."""
        hit = None if self.legacy is None else self.legacy.peek(args, kwargs, self.options.ttl_s)
        if hit is None:
            raise error
        return hit

    def count_hit(self, hit: Hit, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Any:
        """Count a hit and return its value."""
        if self.origin is not None and self.origin.is_unread:
            self.origin.read()
        self.tally.hit(hit.elapsed_s, key)
        if self.options.hooks:
            self._tell("on_hit", key, args, kwargs, hit.value, hit.elapsed_s)
        return hit.value

    def before(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> None:
        """Tell the hooks that the function is about to run."""
        if self.options.hooks:
            self._tell("pre_execute", key, args, kwargs)

    def failed(
        self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], error: BaseException, waited_s: float, /
    ) -> None:
        """Count a call whose function raised, and tell the hooks."""
        self.tally.miss(waited_s, failed=True, unreadable=self.store.damage.take(key))
        if self.options.hooks:
            self._tell("on_error", key, args, kwargs, error=error)

    def count_miss(self, key: str, waited_s: float, /) -> None:
        """Count a call that returned."""
        self.tally.miss(waited_s, failed=False, unreadable=self.store.damage.take(key))

    def ran(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], value: Any, elapsed_s: float, /) -> None:
        """Tell the hooks of a call that returned, once its result is kept: they may take long, or change the value."""
        if self.options.hooks:
            self._tell("on_miss", key, args, kwargs, value, elapsed_s)

    def keep(
        self,
        key: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: Any,
        elapsed_s: float,
        /,
        *,
        written: Any = None,
        replaces: bool = False,
        fits: bool = True,
    ) -> bool:
        """Keep a result where wanted, and say whether one is kept.

        Args:
            written: What is written, where that is more than the value that hooks and `cache_if` are given.
            replaces: Whether it takes the place of what is kept; else what was kept while its call ran stays, as by a
                `refresh`, since it began later.
            fits: Whether the result is of what its key says; else it is refused as one that can't be saved.
        """
        # The look takes 4 µs, which a quick call would notice; a stream's time is without its consumer's.
        if fits and not replaces and (elapsed_s >= QUICK_S or written is not None) and self._is_kept_now(key):
            self.journal.tick(elapsed_s)
            return True

        def tell(error: Exception) -> None:
            if self.options.hooks:
                self._tell("on_save_error", key, args, kwargs, value, elapsed_s, error=error)

        kept = self.store.keep(
            self.label(key, args, kwargs, elapsed_s),
            value if written is None else written,
            self.serializer,
            keep_if=None if fits and self.options.cache_if is None else lambda _: self._wants(value, fits),
            on_error=tell,
        )
        if kept and self.origin is not None and self.origin.is_unwritten:
            self.origin.write()
        self.journal.tick(elapsed_s)
        return kept

    def replace(
        self,
        key: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: Any,
        elapsed_s: float,
        /,
        *,
        fits: bool = True,
    ) -> None:
        """Keep a result in the place of an older one, whose blob and legacy row go then."""
        old = self._kept_entry(key)
        if old is not None:
            self.store.blobs.note_old(key, old.result_value)
        if self.keep(key, args, kwargs, value, elapsed_s, replaces=True, fits=fits) and self.legacy is not None:
            with suppress(Exception):  # as in `adopt`
                self.legacy.forget(args, kwargs)

    def label(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], elapsed_s: float, /) -> Label:
        """Return what is written beside the call's result."""
        return Label(
            cache_key=key,
            func_name=self.keys.func_name,
            input_id=self._input_id(key, args, kwargs),
            version=self.keys.version,
            elapsed_s=elapsed_s,
            content_type=self.options.content_type,
            ttl_s=self.options.ttl_s,
            save_blob=self.options.save_blob,
            tags=self.options.tags,
        )

    def is_kept(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> bool:
        """Say whether a call would be a hit."""
        if self.store.lookup(key) is not None:
            return True
        return self.legacy is not None and self.legacy.peek(args, kwargs, self.options.ttl_s) is not None

    def forget(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> bool:
        """Delete the kept result of a call, old rows of it too, and say whether there was one."""
        old = 0 if self.legacy is None else self.legacy.forget(args, kwargs)
        return bool(self.store.delete([key]) + old)

    def forget_all(self, where: TaskFilter, /) -> int:
        """Delete every kept result of the function that meets `where`, old rows too, and return how many there were."""
        old = 0 if self.legacy is None else self.legacy.forget_all(where)
        return self.store.delete_where(where) + old

    def __reduce__(self) -> str:
        """Refuse to be pickled, as cloudpickle tries where no module has the function: in a script and a notebook."""
        raise TypeError(
            f"the marked function {self.keys.func_name!r} can't be copied to another process, as it holds a database "
            "of this one; expected one that the other can import: put it into a module, or use threads, as its "
            "map() does and joblib's prefer='threads'"
        )

    def _input_id(self, key: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
        try:
            return self.keys.input_id(args, kwargs)
        except Exception:  # noqa: BLE001 - the call changed or deleted what it was given; its result is paid for
            return key[:16]

    # Below, a warning that was made an error stops who is about to pay, and no one who has paid.
    def _kept_entry(self, key: str) -> Entry | None:
        try:
            return self.store.lookup(key)
        except CacheReadWarning:
            return None

    def _is_kept_now(self, key: str) -> bool:
        try:
            return self.store.read(key, self.serializer, True) is not None
        except CacheReadWarning:
            return False

    def _wants(self, value: Any, fits: bool) -> bool:
        cache_if = self.options.cache_if
        try:
            wants = cache_if is None or cache_if(value)
        except Exception as error:
            with suppress(Exception):  # it may take no notes, as a frozen dataclass
                error.add_note("its cache_if raised that, which should return True or False")
            raise
        if wants and not fits:
            from beautyspot.walk.fit import no_key  # few functions close over what changes

            raise no_key()
        return wants

    def _tell(self, turn: str, *event: Any, error: BaseException | None = None) -> None:
        from beautyspot.hooks import HookEvent, fire  # most functions have no hooks

        fire(self.options.hooks, turn, HookEvent(self.keys.func_name, *event, error=error))


def with_limits(plan: Plan, limits: Sequence[Limit]) -> Plan:
    """Return `plan` with `limits` in front of its own."""
    return plan._replace(options=plan.options._replace(limits=(*limits, *plan.options.limits)))


def unlimited(function: Any) -> tuple[Any, tuple[Limit, ...]]:
    """Return what is inside a limited function and its limits; any other function itself and none."""
    limited: Any = getattr(function, "__beautyspot_limits__", None)
    # A client may answer to every name; asked for its items, some would do so for ever.
    return limited if type(limited) is tuple else (function, ())  # pyright: ignore[reportUnknownVariableType]


def plan_of(function: Any) -> Plan | None:
    """Return the plan of a marked function; None for any other, even one that answers to every name."""
    plan = getattr(function, "__beautyspot_plan__", None)
    return plan if isinstance(plan, Plan) else None
