"""Values into bytes and back, in value and in type."""

from beautyspot.serializers.msgpack import MsgpackSerializer

__all__ = ["MsgpackSerializer"]
