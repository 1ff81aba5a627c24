"""Keep every result of a slow, paid or limited function, pace the calls, survive a crash."""

from beautyspot.content_types import ContentType
from beautyspot.errors import (
    BeautySpotError,
    CacheReadWarning,
    CacheSaveWarning,
    CacheWarning,
    ConfigurationError,
    DamagedEntryError,
    LegacyNameWarning,
    LimitExceeded,
    NewerFileError,
    SerializationError,
    StorageError,
    UnkeyableArgument,
)
from beautyspot.hooks import Hook, HookEvent
from beautyspot.journal import CacheInfo
from beautyspot.keys import FROM_CODE, KeyGen, KeyPolicy
from beautyspot.limiters import TokenBucket
from beautyspot.marking import MarkArguments
from beautyspot.renamed import __getattr__ as __getattr__
from beautyspot.serializers import MsgpackSerializer
from beautyspot.spot import Spot
from beautyspot.storage import LocalStorage
from beautyspot.walk import Marked

__all__ = [
    "BeautySpotError",
    "CacheInfo",
    "CacheReadWarning",
    "CacheSaveWarning",
    "CacheWarning",
    "ConfigurationError",
    "ContentType",
    "DamagedEntryError",
    "FROM_CODE",
    "Hook",
    "HookEvent",
    "KeyGen",
    "KeyPolicy",
    "LegacyNameWarning",
    "LimitExceeded",
    "LocalStorage",
    "MarkArguments",
    "Marked",
    "MsgpackSerializer",
    "NewerFileError",
    "SerializationError",
    "Spot",
    "StorageError",
    "TokenBucket",
    "UnkeyableArgument",
]
