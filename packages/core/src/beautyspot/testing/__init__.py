"""Public contracts for backends, and a clock for tests."""

from beautyspot.testing.blob_storage import BlobStorageContract
from beautyspot.testing.clock import FrozenClock
from beautyspot.testing.serializer import SerializerContract
from beautyspot.testing.task_db import TaskDBContract

__all__ = ["BlobStorageContract", "FrozenClock", "SerializerContract", "TaskDBContract"]
