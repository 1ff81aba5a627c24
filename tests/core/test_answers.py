"""Kept answers of models."""

from typing import Any

import pytest
from beautyspot.answers import answer_of
from beautyspot.errors import DamagedEntryError


def text_of(kept: dict[str, Any]) -> str:
    return kept["text"].strip()


def read(content: object) -> str:
    return answer_of(content, text_of, layout=1, package="a-package")


def test_an_answer_is_what_is_made_of_its_parts() -> None:
    assert read({"format": 1, "text": " yes "}) == "yes"


@pytest.mark.parametrize("content", [None, b"yes", ["yes"]])
def test_what_is_no_answer_is_damage(content: object) -> None:
    with pytest.raises(DamagedEntryError, match=f"{type(content).__name__!r}, not an answer; delete it"):
        read(content)


@pytest.mark.parametrize("content", [{"format": 2, "text": "yes"}, {"text": "yes"}])
def test_an_answer_of_another_format_names_what_to_upgrade(content: object) -> None:
    with pytest.raises(DamagedEntryError, match="not 1; upgrade a-package"):
        read(content)


@pytest.mark.parametrize("content", [{"format": 1}, {"format": 1, "text": 3}])
def test_parts_that_fit_nothing_are_damage(content: object) -> None:
    with pytest.raises(DamagedEntryError, match="not those of one"):
        read(content)


def test_a_message_about_damage_quotes_nothing_of_the_answer() -> None:
    def refuse(kept: dict[str, Any]) -> None:
        raise ValueError(kept["text"])

    with pytest.raises(DamagedEntryError) as told:
        answer_of({"format": 1, "text": "a secret"}, refuse, layout=1, package="a-package")
    assert "secret" not in str(told.value)
