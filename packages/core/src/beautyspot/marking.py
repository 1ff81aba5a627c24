"""From a user's function and what `mark` was told to the plan of its calls."""

from __future__ import annotations

import sys

from beautyspot.checks import every, expect, expect_function, expect_no_class, has_methods, is_flag, words
from beautyspot.errors import CacheWarning, ConfigurationError
from beautyspot.keys import KeyMaker
from beautyspot.keys.layers import named_by
from beautyspot.names import qualified_name
from beautyspot.powers import may_hold_legacy, takes_types
from beautyspot.walk import LegacyRows, MarkOptions, Plan, mark_function, unlimited
from beautyspot.walk.kinds import is_stream, kind_of
from beautyspot.walk.plan import plan_of
from beautyspot.wrapped import unwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, NamedTuple

    from beautyspot.hooks import Hook
    from beautyspot.keys import FromCode
    from beautyspot.parts import Parts
    from beautyspot.protocols import Serializer
    from beautyspot.records import TaskFilter
else:
    from beautyspot.tuples import NamedTuple


KNOWN = (
    "version", "save_blob", "content_type", "ttl", "input_key_fn", "ignore", "tags", "cache_if", "hooks",
)  # fmt: skip
"""The keywords of `mark`. `arguments.MarkArguments` says what each may be; importing it costs `typing`."""
PLAIN = ("builtins", "functools", "beautyspot.walk.wrapper")
"""Where the classes of functions, partial ones and marked ones are defined."""
FRAMEWORK = "langchain_core"
"""What must be loaded for parameters to be injected."""


class Settings(NamedTuple):
    """What `mark` was told about one function, checked."""

    version: str | FromCode | None
    legacy_versions: tuple[str | None, ...]
    """The versions under which an earlier release may have kept the function's results."""
    input_key_fn: Callable[..., Any] | None
    ignore: tuple[str, ...]
    options: MarkOptions
    injected: tuple[str, ...] = ()
    """Parameters that a framework fills in, besides those that are told by their annotations."""


def settings(arguments: Mapping[str, Any], /, *, default_version: str | FromCode | None, prefix: str = "") -> Settings:
    """Return the checked settings for the arguments of `mark`, in which None stands for no choice.

    Args:
        prefix: What stands before the arguments' names where they were given, for errors.

    Raises:
        TypeError: an argument that `mark` does not know.
        ConfigurationError: the value of one is wrong.
    """
    for name in arguments:
        if name not in KNOWN:
            raise TypeError(f"mark() got an unexpected keyword argument {name!r}; known: {', '.join(sorted(KNOWN))}")
    _check(arguments, prefix)
    version, ttl, content_type = (arguments.get(name) for name in ("version", "ttl", "content_type"))
    return Settings(
        version=version,
        legacy_versions=_legacy_versions(version, default_version),
        input_key_fn=arguments.get("input_key_fn"),
        ignore=words("ignore", arguments.get("ignore")),
        options=MarkOptions(
            save_blob=arguments.get("save_blob"),
            content_type=None if content_type is None else str(content_type),
            ttl_s=_seconds(ttl, f"{prefix}ttl"),
            tags=words("tags", arguments.get("tags")),
            cache_if=arguments.get("cache_if"),
            hooks=hooks_of(arguments.get("hooks")),
        ),
    )


def name_of(function: Any, /) -> str:
    """Return the name under which the results of `function`, marked or not, are kept; a name is returned as it is.

    Raises:
        ConfigurationError: it is neither a function nor a name.
    """
    if isinstance(function, str):
        return function
    plan = plan_of(function)
    if plan is not None:
        return plan.keys.func_name
    inner = named_by(_unbound(function))
    is_named = callable(inner) and hasattr(inner, "__qualname__")
    expect(is_named, "function", function, "a function, or its name with or without its module")
    return qualified_name(inner)


def _unbound(function: Any) -> Any:
    """Return the function of a bound method, or of a static or class method."""
    # Asked of the class, as an object may answer to every name.
    is_bound = hasattr(type(function), "__func__")  # pyright: ignore[reportUnknownArgumentType]
    return function.__func__ if is_bound else function


def forget(function: Any, where: TaskFilter, parts: Parts) -> int:
    """Delete every result that meets `where` and return how many there were.

    Args:
        function: The one that `where` names: its old rows, which lie under its bare name, go as well. None or a name
            for no more than what `where` says.

    Raises:
        ConfigurationError: several marked functions have the name of `function`.
    """
    if where.function is None or isinstance(function, str):
        return parts.store.delete_where(where)
    from beautyspot.walk.sharing import refuse_shared  # no hit deletes

    refuse_shared(parts.store, where.function)
    db, inner = parts.store.db, _unbound(function)
    count = parts.store.delete_where(where)
    if not (hasattr(inner, "__name__") and may_hold_legacy(db) and db.holds_legacy()):
        return count
    from beautyspot.walk.adopt import delete_old  # few files hold old rows

    return count + delete_old(parts.store, db, inner, where)


def hooks_of(hooks: Any, /) -> tuple[Hook, ...]:
    """Return `hooks` as a tuple.

    Raises:
        ConfigurationError: it is no sequence of hooks.
    """
    if hooks is None or hooks == ():
        return ()
    from beautyspot.hooks import Hook  # most Spots have none

    turns = [name for name in vars(Hook) if not name.startswith("_")]

    def fits(hook: Any) -> bool:
        return has_methods(hook, *turns) and not any(kind_of(getattr(hook, turn)) for turn in turns)

    return every("hooks", hooks, fits, "a sequence of Hook objects with plain methods, such as (MyHook(),)")


def _check(arguments: Mapping[str, Any], prefix: str) -> None:
    version, save_blob, content_type = (arguments.get(name) for name in ("version", "save_blob", "content_type"))
    wanted = f"text, such as {str(version)!r}, or FROM_CODE"
    expect(isinstance(version, str | None) or _is_from_code(version), f"{prefix}version", version, wanted)
    wanted = "True (in the storage), False (in its row) or None (by its size)"
    expect(is_flag(save_blob), f"{prefix}save_blob", save_blob, wanted)
    wanted = "a ContentType, or a media type such as 'image/png'"
    is_media_type = content_type is None or (isinstance(content_type, str) and "/" in content_type)
    expect(is_media_type, f"{prefix}content_type", content_type, wanted)
    for name in ("input_key_fn", "cache_if"):
        function = arguments.get(name)
        expect(function is None or callable(function), name, function, "a function")
        # What it returned would be a coroutine or generator, of which every one is true and none is a key.
        expect(not kind_of(function), name, function, "a plain function, neither async nor a generator")


def _is_from_code(version: Any) -> bool:
    from beautyspot.keys import FromCode  # most versions are text

    return isinstance(version, FromCode)


def _seconds(ttl: Any, name: str) -> float | None:
    if ttl is None:
        return None
    from beautyspot.durations import seconds  # most results are kept for ever

    return seconds(ttl, name)


def decorate(function: Any, parts: Parts, settings: Settings) -> Any:
    """Return `function`, marked, to stand in its place.

    Raises:
        ConfigurationError: it is a class, which nothing but the class can stand for.
    """
    expect_no_class("mark", function)
    return mark(function, parts, settings)


def mark(function: Any, parts: Parts, settings: Settings, *, of_class: bool = False) -> Any:
    """Return `function`, marked; a static or class method stays one."""
    if isinstance(function, staticmethod):
        return staticmethod(mark(function.__func__, parts, settings))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if isinstance(function, classmethod):
        return mark(function.__func__, parts, settings, of_class=True)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if type(function).__module__ not in PLAIN:
        from beautyspot.adapters import adapter_for  # functions are adapted by nobody

        adapter = adapter_for(function)
        adapted = None if adapter is None else adapter(function, parts, settings)
        if adapted is not None:
            return adapted
    expect_function("mark", function)
    if plan_of(function) is not None:
        raise ConfigurationError(f"{function.__qualname__} is marked already; take one of the two marks away")
    return mark_function(_plan(function, parts, settings), of_class=of_class)


def _plan(function: Any, parts: Parts, settings: Settings) -> Plan:
    inner, limits = unlimited(function)
    keys = KeyMaker(
        inner,
        version=settings.version,
        ignore=settings.ignore,
        injected=(*settings.injected, *_injected(inner)),
        input_key_fn=settings.input_key_fn,
        streams=is_stream(inner),
        registry=parts.registry,
    )
    namesake = keys.namesake()
    if namesake is not None:
        parts.store.notices.warn((keys.func_name, "namesake"), namesake, CacheWarning)
    serializer = parts.serializer
    if takes_types(serializer):
        serializer = serializer.for_function(inner)
    return Plan(
        function=inner,
        keys=keys,
        options=settings.options._replace(limits=limits),
        store=parts.store,
        serializer=serializer,
        journal=parts.journal,
        tally=parts.journal.tally(keys.func_name),
        flight=parts.flight,
        clock=parts.clock,
        executor=parts.executor,
        legacy=_legacy(inner, keys, serializer, parts, settings),
        origin=parts.origins.of(keys),
    )


def _injected(function: Any) -> tuple[str, ...]:
    if FRAMEWORK not in sys.modules:
        return ()
    from beautyspot.keys.injected import injected_names  # only for who has a framework that does this

    return injected_names(named_by(function))


def _legacy(
    function: Any, keys: KeyMaker, serializer: Serializer, parts: Parts, settings: Settings
) -> LegacyRows | None:
    db = parts.store.db
    # A decorator above a partial has no name but its own wrapper's.
    is_named = all(isinstance(getattr(each, "__name__", None), str) for each in (function, unwrap(function)))
    if not (may_hold_legacy(db) and is_named) or is_stream(function):
        return None  # earlier releases kept no streams, so such rows are of a function that returned
    return LegacyRows(
        parts.store,
        db,
        serializer,
        function=function,
        func_name=keys.func_name,
        versions=settings.legacy_versions,
        input_key_fn=settings.input_key_fn,
        ignore=settings.ignore,
        folders=parts.legacy_folders,
    )


def _legacy_versions(version: Any, default_version: Any) -> tuple[str | None, ...]:
    if not isinstance(version, str | None):
        return ()
    # Releases 1.3 to 2.1 left a version that came from `default_version` out of the key.
    return (version, None) if version is not None and version == default_version else (version,)
