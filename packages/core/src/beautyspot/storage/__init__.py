"""Where blobs lie: the results that are too big for a row."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.protocols import BlobStorage
    from beautyspot.records import BlobInfo
    from beautyspot.storage.gcs import GCSStorage
    from beautyspot.storage.local import LocalStorage
    from beautyspot.storage.memory import MemoryStorage
    from beautyspot.storage.registry import SCHEMES, create_storage
    from beautyspot.storage.s3 import S3Storage
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "BlobInfo": "beautyspot.records",
            "BlobStorage": "beautyspot.protocols",
            "create_storage": "beautyspot.storage.registry",
            "GCSStorage": "beautyspot.storage.gcs",
            "LocalStorage": "beautyspot.storage.local",
            "MemoryStorage": "beautyspot.storage.memory",
            "S3Storage": "beautyspot.storage.s3",
            "SCHEMES": "beautyspot.storage.registry",
        },
    )

__all__ = [
    "SCHEMES",
    "BlobInfo",
    "BlobStorage",
    "GCSStorage",
    "LocalStorage",
    "MemoryStorage",
    "S3Storage",
    "create_storage",
]
