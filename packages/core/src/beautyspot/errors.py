"""Every error and warning of beautyspot.

BeautySpotError
├── ConfigurationError (ValueError)      an argument of ours is wrong; raised where it is given
│   └── NewerFileError                   the database was written by a later release
├── UnkeyableArgument (TypeError)        an argument has no content to make a key of
├── LimitExceeded (ValueError)           a cost that no wait is long enough for
├── RateLimitTimeout (TimeoutError)      a wait above the longest that was allowed
├── SerializationError (TypeError)       a value can't be kept
├── DamagedEntryError (ValueError)       what is kept can't be read
└── StorageError (OSError)               a database or blob storage failed
    └── LostBlobError (FileNotFoundError)  what a row names is not in a storage

CacheWarning (UserWarning)
├── CacheSaveWarning                     a result was returned but not kept
├── CacheReadWarning                     a kept result could not be read, so it counts as a miss
└── LegacyNameWarning                    rows of an earlier release belong to another function of that name
"""

UPGRADE = "upgrade beautyspot"
"""How the next step of a `NewerFileError` begins, and of the `StorageError` that it is while a program runs."""


class BeautySpotError(Exception):
    """The root of every error that beautyspot raises."""


class ConfigurationError(BeautySpotError, ValueError):
    """An argument given to beautyspot is wrong."""


class NewerFileError(ConfigurationError):
    """The database file was written by a later release; it is left untouched."""


class UnkeyableArgument(BeautySpotError, TypeError):  # noqa: N818 - the name is public and says it
    """An argument has no content that a key could be made of."""


class LimitExceeded(BeautySpotError, ValueError):  # noqa: N818 - as above
    """A cost is larger than its limiter can ever grant."""


class RateLimitTimeout(BeautySpotError, TimeoutError):  # noqa: N818 - as above
    """A call would have had to wait longer than its limiter's `timeout`: it was not made, and spent nothing."""


class SerializationError(BeautySpotError, TypeError):
    """A value can't be turned into bytes; the message says how it could."""


class DamagedEntryError(BeautySpotError, ValueError):
    """Bytes that are kept can't be turned back into a value."""


class StorageError(BeautySpotError, OSError):
    """A database or blob storage could not do what it was asked."""


class LostBlobError(StorageError, FileNotFoundError):
    """A blob is not there, or can't be, as its location lies outside: a storage that fails may well have it."""


class CacheWarning(UserWarning):
    """The root of every warning that beautyspot gives."""


class CacheSaveWarning(CacheWarning):
    """A result was returned to its caller, but could not be kept."""


class CacheReadWarning(CacheWarning):
    """A kept result could not be read, so it counts as a miss."""


class LegacyNameWarning(CacheWarning):
    """Rows of an earlier release were claimed by another function of the same name."""
