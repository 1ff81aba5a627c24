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


def test_a_view_of_a_subclass_is_of_the_subclass() -> None:
    class Reversed(MsgpackSerializer):
        def __init__(self, note: str) -> None:
            super().__init__()
            self.note = note

        def dumps(self, value: object, /) -> bytes:
            return super().dumps(value)[::-1]

    view = Reversed("kept").for_function(len)
    assert view.note == "kept"
    assert view.dumps([1, 2]) == MsgpackSerializer().dumps([1, 2])[::-1]
