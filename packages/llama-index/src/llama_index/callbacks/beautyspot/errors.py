"""The errors of this package, beside those of `beautyspot.errors`."""

from beautyspot.errors import BeautySpotError


class ReplayMiss(BeautySpotError, LookupError):  # noqa: N818 - it says what happened
    """A cache in the mode `replay_only` was asked for something that it doesn't have."""


class UnknownContext(BeautySpotError, LookupError):  # noqa: N818 - it says what happened
    """No context of a workflow is kept under the key that was asked for."""
