"""Pydantic's root models: what they are made of lies elsewhere than in other models."""

from typing import Any

import pytest
from beautyspot.serializers import MsgpackSerializer
from pydantic import ConfigDict, PrivateAttr, RootModel


class Names(RootModel[list[str]]):
    pass


class Frozen(RootModel[tuple[str, ...]]):
    model_config = ConfigDict(frozen=True)


class Secretive(RootModel[list[str]]):
    _source: str = PrivateAttr("nobody")


@pytest.mark.parametrize("value", [Names(["a"]), Frozen(("a",)), Secretive(["a"])], ids=repr)
def test_a_root_model_comes_back_with_the_attributes_that_it_had(value: RootModel[Any]) -> None:
    def function() -> None: ...

    function.__annotations__["return"] = type(value)
    serializer = MsgpackSerializer().for_function(function)
    again = serializer.loads(serializer.dumps(value))
    assert (again, vars(again), again.model_fields_set) == (value, vars(value), value.model_fields_set)
