"""Where blobs lie: the results that are too big for a row."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.protocols import BlobStorage
    from beautyspot.records import BlobInfo
    from beautyspot.storage.local import LocalStorage
    from beautyspot.storage.memory import MemoryStorage
    from beautyspot.storage.registry import SCHEMES, create_storage
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "BlobInfo": "beautyspot.records",
            "BlobStorage": "beautyspot.protocols",
            "create_storage": "beautyspot.storage.registry",
            "LocalStorage": "beautyspot.storage.local",
            "MemoryStorage": "beautyspot.storage.memory",
            "SCHEMES": "beautyspot.storage.registry",
        },
    )

__all__ = ["SCHEMES", "BlobInfo", "BlobStorage", "LocalStorage", "MemoryStorage", "create_storage"]
