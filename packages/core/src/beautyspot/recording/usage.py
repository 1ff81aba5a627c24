"""The tokens of one call."""

from __future__ import annotations

from typing import NamedTuple


class Usage(NamedTuple):
    """Tokens of one call; None where the provider doesn't say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None
    """Input tokens that the provider read from its own cache."""
    written_tokens: int | None = None
    """Input tokens that the provider wrote to its own cache."""
    reasoning_tokens: int | None = None
    """Output tokens that nobody sees."""
    said_total: int | None = None
    """The provider's own sum."""

    @property
    def total_tokens(self) -> int | None:
        """All tokens, or None if nothing is known."""
        if self.said_total is not None or self.input_tokens is self.output_tokens is None:
            return self.said_total
        return (self.input_tokens or 0) + (self.output_tokens or 0)


NOTHING_KNOWN = Usage()
