"""From a user's function and what `mark` was told to the plan of its calls."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypedDict

from beautyspot.clocks import Clock
from beautyspot.content_types import ContentType
from beautyspot.durations import Duration, seconds
from beautyspot.errors import ConfigurationError
from beautyspot.flight import Flight
from beautyspot.hooks import Hook
from beautyspot.journal import Journal
from beautyspot.keys import FromCode, KeyMaker, KeyRegistry
from beautyspot.protocols import Serializer, SupportsLegacy, SupportsTypes
from beautyspot.store import Store
from beautyspot.walk import LegacyRows, MarkOptions, Plan, mark_function, unlimited

if TYPE_CHECKING:
    from concurrent.futures import Executor  # 17 ms that only annotations would need


class Default:
    """Stands for the Spot's own default where None means something else."""

    def __repr__(self) -> str:
        """Show what it stands for."""
        return "<the Spot's default>"


DEFAULT: Final = Default()


class MarkArguments(TypedDict, total=False):
    """The keywords of `mark`, `cached_run` and, with an underscore in front, `run`."""

    version: str | FromCode | None
    """Part of the key: change it when the function's results change. `FROM_CODE` takes a digest of its code."""
    save_blob: bool | None
    """True keeps the value in the blob storage, False in its row, None by its size."""
    content_type: ContentType | str | None
    """What the value is, for those who show it; a media type."""
    ttl: Duration | None
    """How long a result is a hit: seconds, a timedelta or text like "7d"; None for ever."""
    input_key_fn: Callable[..., Any] | None
    """Takes the call's arguments and returns what stands for them in the key."""
    ignore: Sequence[str]
    """Parameters that have no part in the key."""
    tags: Sequence[str]
    """Words to invalidate and list by."""
    cache_if: Callable[[Any], bool] | None
    """Takes a result and says whether to keep it."""
    hooks: Sequence[Hook]
    """Called after the Spot's own."""


class Parts(NamedTuple):
    """What the functions of one Spot share."""

    store: Store
    journal: Journal
    flight: Flight
    serializer: Serializer
    registry: KeyRegistry
    clock: Clock
    executor: "Executor | None"
    legacy_folders: Sequence[str]
    hooks: tuple[Hook, ...]
    defaults: MarkArguments


def mark(function: Any, parts: Parts, arguments: Mapping[str, Any]) -> Any:
    """Return `function`, marked; a static or class method stays one."""
    if isinstance(function, staticmethod):
        return staticmethod(mark(function.__func__, parts, arguments))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if isinstance(function, classmethod):
        return mark(function.__func__, parts, arguments).for_class()  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if not callable(function):
        raise ConfigurationError(f"mark got {function!r}, which can't be called; put it above a function")
    if hasattr(function, "__beautyspot_plan__"):
        raise ConfigurationError(f"{function.__qualname__} is marked already; take one of the two marks away")
    return mark_function(_plan(function, parts, _checked(arguments, parts.defaults)))


def _plan(function: Any, parts: Parts, arguments: MarkArguments) -> Plan:
    inner, limits = unlimited(function)
    keys = KeyMaker(
        inner,
        version=arguments.get("version"),
        ignore=_words("ignore", arguments.get("ignore", ())),
        input_key_fn=arguments.get("input_key_fn"),
        registry=parts.registry,
    )
    ttl = arguments.get("ttl")
    content_type = arguments.get("content_type")
    options = MarkOptions(
        save_blob=arguments.get("save_blob"),
        content_type=None if content_type is None else str(content_type),
        ttl_s=None if ttl is None else seconds(ttl),
        tags=_words("tags", arguments.get("tags", ())),
        cache_if=arguments.get("cache_if"),
        hooks=(*parts.hooks, *arguments.get("hooks", ())),
        limits=limits,
    )
    serializer = parts.serializer
    if isinstance(serializer, SupportsTypes):
        serializer = serializer.for_function(inner)
    return Plan(
        function=inner,
        keys=keys,
        options=options,
        store=parts.store,
        serializer=serializer,
        journal=parts.journal,
        tally=parts.journal.tally(keys.func_name),
        flight=parts.flight,
        clock=parts.clock,
        executor=parts.executor,
        legacy=_legacy(inner, keys, serializer, parts, arguments),
    )


def _legacy(
    function: Any, keys: KeyMaker, serializer: Serializer, parts: Parts, arguments: MarkArguments
) -> LegacyRows | None:
    db = parts.store.db
    if not (isinstance(db, SupportsLegacy) and hasattr(function, "__name__")):
        return None
    version = arguments.get("version")
    known = [version] if version is None or isinstance(version, str) else []
    # Releases 1.3 to 2.1 left a version that came from `default_version` out of the key.
    unsaid = [None] if known and version == parts.defaults.get("version") and version is not None else []
    return LegacyRows(
        parts.store,
        db,
        serializer,
        name=function.__name__,
        func_name=keys.func_name,
        versions=[*known, *unsaid],
        input_key_fn=arguments.get("input_key_fn"),
        folders=parts.legacy_folders,
    )


def _checked(arguments: Mapping[str, Any], defaults: MarkArguments) -> MarkArguments:
    """Return the arguments with the Spot's defaults under them."""
    known = MarkArguments.__annotations__
    for name in arguments:
        if name not in known:
            raise TypeError(f"mark() got an unexpected keyword argument {name!r}; known: {', '.join(sorted(known))}")
    return MarkArguments({**defaults, **arguments})  # type: ignore[typeddict-item]


def _words(name: str, words: Iterable[str], /) -> tuple[str, ...]:
    """Return `words` as a tuple; one word alone is a common slip that would fall into letters."""
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{name} got {words!r}; give a sequence of strings, such as ({words!r},)")
    return tuple(words)
