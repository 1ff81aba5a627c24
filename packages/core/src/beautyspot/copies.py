"""What stays one object when that which holds it is copied."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self


class Uncopied:
    """Its copy is itself: copies of a model share its cache, keep to its limit and tell its recorder."""

    def __copy__(self) -> Self:
        """Return itself."""
        return self

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        """Return itself."""
        return self
