"""Where blobs lie: the results that are too big for a row."""

from beautyspot.protocols import BlobStorage
from beautyspot.records import BlobInfo
from beautyspot.storage.local import LocalStorage
from beautyspot.storage.memory import MemoryStorage
from beautyspot.storage.registry import SCHEMES, create_storage

__all__ = ["SCHEMES", "BlobInfo", "BlobStorage", "LocalStorage", "MemoryStorage", "create_storage"]
