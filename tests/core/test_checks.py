"""What messages say of arguments that don't fit."""

from datetime import timedelta
from typing import Any

import pytest
from beautyspot import ConfigurationError, Spot
from beautyspot.checks import shown
from beautyspot.limiters.rate import Rate


class Model:
    """One whose `repr` tells everything, as those of LlamaIndex do."""

    def __repr__(self) -> str:
        return "Model(api_key='sk-secret')"

    def call(self) -> None:
        """Do nothing."""


@pytest.mark.parametrize("value", [-1, "soon", None, ("a", 2.5), timedelta(seconds=3), {"a": [True]}])
def test_what_is_plain_is_told(value: object) -> None:
    assert shown(value) == repr(value)


@pytest.mark.parametrize("value", [Model(), [Model()], {"llm": (Model(),)}, Model().call])
def test_no_secret_of_an_object_is_told(value: object) -> None:
    assert "secret" not in shown(value)
    assert "object>" in shown(value)


def test_a_long_text_is_cut() -> None:
    assert len(shown("x" * 10_000)) == 300


@pytest.mark.parametrize("option", ["db", "storage", "default_ttl", "compress", "max_size"])
def test_an_object_where_something_else_belongs_is_named_by_its_class(option: str) -> None:
    options: dict[str, Any] = {"db": ":memory:", option: Model()}
    with pytest.raises(ConfigurationError, match="<Model object>") as raised:
        Spot("spot", **options)
    assert "secret" not in str(raised.value)


def test_a_number_that_python_does_not_write_out_is_told_by_its_size() -> None:
    assert (shown([10**299]), shown([-(10**5000)])) == (repr([10**299]), "[<int of 16610 bits>]")


@pytest.mark.parametrize("numbers", [(Model(), 1), (60, Model())])
def test_a_rate_that_is_no_number_is_named_by_its_class(numbers: tuple[Any, Any]) -> None:
    with pytest.raises(ConfigurationError, match="<Model object>"):
        Rate(*numbers)
