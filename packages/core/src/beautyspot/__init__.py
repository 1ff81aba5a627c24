"""Keep every result of a slow, paid or limited function, pace the calls, survive a crash."""

from beautyspot.errors import (
    BeautySpotError,
    CacheReadWarning,
    CacheSaveWarning,
    CacheWarning,
    ConfigurationError,
    DamagedEntryError,
    LegacyNameWarning,
    LimitExceeded,
    LostBlobError,
    NewerFileError,
    RateLimitTimeout,
    SerializationError,
    StorageError,
    UnkeyableArgument,
)
from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.arguments import MarkArguments
    from beautyspot.content_types import ContentType
    from beautyspot.hooks import Hook, HookEvent
    from beautyspot.keys import FROM_CODE, KeyGen, KeyPolicy
    from beautyspot.limiters import TokenBucket
    from beautyspot.serializers import MsgpackSerializer
    from beautyspot.spot import Spot
    from beautyspot.storage import LocalStorage
    from beautyspot.tallies import CacheInfo
    from beautyspot.walk import Marked

    __version__: str
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "CacheInfo": "beautyspot.tallies",
            "ContentType": "beautyspot.content_types",
            "FROM_CODE": "beautyspot.keys",
            "Hook": "beautyspot.hooks",
            "HookEvent": "beautyspot.hooks",
            "KeyGen": "beautyspot.keys",
            "KeyPolicy": "beautyspot.keys",
            "LocalStorage": "beautyspot.storage",
            "MarkArguments": "beautyspot.arguments",
            "Marked": "beautyspot.walk",
            "MsgpackSerializer": "beautyspot.serializers",
            "Spot": "beautyspot.spot",
            "TokenBucket": "beautyspot.limiters",
            "__version__": "beautyspot.renamed",
        },
        others="beautyspot.renamed",
    )

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
    "LostBlobError",
    "MarkArguments",
    "Marked",
    "MsgpackSerializer",
    "NewerFileError",
    "RateLimitTimeout",
    "SerializationError",
    "Spot",
    "StorageError",
    "TokenBucket",
    "UnkeyableArgument",
]
