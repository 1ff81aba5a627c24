"""From a user's function and what `mark` was told to the plan of its calls."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from beautyspot.content_types import ContentType
from beautyspot.durations import Duration, seconds
from beautyspot.errors import ConfigurationError
from beautyspot.hooks import Hook
from beautyspot.keys import FromCode, KeyMaker
from beautyspot.parts import Parts
from beautyspot.protocols import Serializer, SupportsLegacy, SupportsTypes
from beautyspot.walk import LegacyRows, MarkOptions, Plan, mark_function, unlimited

if TYPE_CHECKING:
    pass  # 17 ms that only annotations would need


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


class Settings(NamedTuple):
    """What `mark` was told about one function, checked."""

    version: str | FromCode | None
    legacy_versions: tuple[str | None, ...]
    """The versions under which an earlier release may have kept the function's results."""
    input_key_fn: Callable[..., Any] | None
    ignore: tuple[str, ...]
    options: MarkOptions


def settings(arguments: Mapping[str, Any], /, *, default_version: str | FromCode | None) -> Settings:
    """Return the checked settings for the arguments of `mark`, in which None stands for no choice.

    Raises:
        TypeError: an argument that `mark` does not know.
        ConfigurationError: the value of one is wrong.
    """
    known = MarkArguments.__annotations__
    for name in arguments:
        if name not in known:
            raise TypeError(f"mark() got an unexpected keyword argument {name!r}; known: {', '.join(sorted(known))}")
    version, ttl, content_type = (arguments.get(name) for name in ("version", "ttl", "content_type"))
    if not isinstance(version, str | FromCode | None):
        raise ConfigurationError(f"version got {version!r}; give text, such as {str(version)!r}, or FROM_CODE")
    return Settings(
        version=version,
        legacy_versions=_legacy_versions(version, default_version),
        input_key_fn=arguments.get("input_key_fn"),
        ignore=_words("ignore", arguments.get("ignore", ())),
        options=MarkOptions(
            save_blob=arguments.get("save_blob"),
            content_type=None if content_type is None else str(content_type),
            ttl_s=None if ttl is None else seconds(ttl),
            tags=_words("tags", arguments.get("tags", ())),
            cache_if=arguments.get("cache_if"),
            hooks=tuple(arguments.get("hooks", ())),
        ),
    )


def mark(function: Any, parts: Parts, settings: Settings, *, of_class: bool = False) -> Any:
    """Return `function`, marked; a static or class method stays one."""
    if isinstance(function, staticmethod):
        return staticmethod(mark(function.__func__, parts, settings))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if isinstance(function, classmethod):
        return mark(function.__func__, parts, settings, of_class=True)  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    if not callable(function):
        raise ConfigurationError(f"mark got {function!r}, which can't be called; put it above a function")
    if hasattr(function, "__beautyspot_plan__"):
        raise ConfigurationError(f"{function.__qualname__} is marked already; take one of the two marks away")
    return mark_function(_plan(function, parts, settings), of_class=of_class)


def _plan(function: Any, parts: Parts, settings: Settings) -> Plan:
    inner, limits = unlimited(function)
    keys = KeyMaker(
        inner,
        version=settings.version,
        ignore=settings.ignore,
        input_key_fn=settings.input_key_fn,
        registry=parts.registry,
    )
    serializer = parts.serializer
    if isinstance(serializer, SupportsTypes):
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
    )


def _legacy(
    function: Any, keys: KeyMaker, serializer: Serializer, parts: Parts, settings: Settings
) -> LegacyRows | None:
    db = parts.store.db
    if not (isinstance(db, SupportsLegacy) and hasattr(function, "__name__")):
        return None
    return LegacyRows(
        parts.store,
        db,
        serializer,
        name=function.__name__,
        func_name=keys.func_name,
        versions=settings.legacy_versions,
        input_key_fn=settings.input_key_fn,
        folders=parts.legacy_folders,
    )


def _legacy_versions(version: Any, default_version: Any) -> tuple[str | None, ...]:
    if not isinstance(version, str | None):
        return ()
    # Releases 1.3 to 2.1 left a version that came from `default_version` out of the key.
    return (version, None) if version is not None and version == default_version else (version,)


def _words(name: str, words: Iterable[str], /) -> tuple[str, ...]:
    """Return `words` as a tuple; one word alone is a common slip that would fall into letters."""
    if isinstance(words, str) or not all(isinstance(word, str) for word in words):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{name} got {words!r}; give a sequence of strings, such as ({words!r},)")
    return tuple(words)
