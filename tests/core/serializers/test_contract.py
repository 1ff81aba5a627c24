import pytest
from beautyspot.protocols import Serializer, SupportsStreams, SupportsTypes
from beautyspot.serializers import MsgpackSerializer
from beautyspot.testing.serializer import SerializerContract


class TestMsgpackSerializer(SerializerContract):
    @pytest.fixture
    def serializer(self) -> Serializer:
        return MsgpackSerializer()


class TestViewForAFunction(SerializerContract):
    @pytest.fixture
    def serializer(self) -> Serializer:
        return MsgpackSerializer().for_function(len)


def test_it_takes_types_and_streams() -> None:
    assert isinstance(MsgpackSerializer(), SupportsTypes)
    assert isinstance(MsgpackSerializer(), SupportsStreams)
