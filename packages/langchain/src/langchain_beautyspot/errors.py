"""The errors of this package, beside those of `beautyspot.errors`."""

from beautyspot.errors import BeautySpotError


class ReplayMiss(BeautySpotError, LookupError):  # noqa: N818 - it says what happened
    """A cache in the mode `replay_only` was asked for an answer that it doesn't have."""
