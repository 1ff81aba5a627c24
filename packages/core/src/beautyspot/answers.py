"""Kept answers of models: plain data under the number of a format, of which an integration makes its host's objects."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from beautyspot.errors import DamagedEntryError

T = TypeVar("T")


def answer_of(content: object, make: Callable[[dict[str, Any]], T], /, *, layout: int, package: str) -> T:
    """Return what `make` makes of a kept answer.

    Args:
        content: What a row holds.
        make: Raises whatever data that is no answer makes it raise.
        layout: What `content` has under "format", if this release of `package` reads it.
        package: What to upgrade for another.

    Raises:
        DamagedEntryError: `content` is no answer, or one that a later release wrote.
    """
    if not isinstance(content, dict):
        raise DamagedEntryError(f"the row holds {type(content).__name__!r}, not an answer; delete it")
    kept = cast("dict[str, Any]", content)
    if kept.get("format") != layout:
        raise DamagedEntryError(f"the answer has the format {kept.get('format')!r}, not {layout}; upgrade {package}")
    try:
        return make(kept)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # Not its words: pydantic quotes the answer, which has no place in a log.
        raise DamagedEntryError(
            f"the answer's parts are not those of one ({type(error).__name__}); delete it"
        ) from error
