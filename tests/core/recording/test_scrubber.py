"""What a row may hold of a user's values."""

from typing import Any

import pytest
from beautyspot.recording import Scrubber, clean, name_of_error


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("use Bearer abcdefghijkl now", "use Bearer … now"),
        ("key sk-abcdefghijklmnopqrst", "key sk…"),
        ("https://user:hunter2@host/x", "https://…@host/x"),
        ("https://h/?api_key=hunter2&x=1", "https://h/?api_key=…&x=1"),
        ("a\ud800b", "a?b"),
        ("nothing of that", "nothing of that"),
    ],
)
def test_secrets_are_left_out_of_texts(text: str, kept: str) -> None:
    assert Scrubber(None).plain(text) == kept


def test_values_whose_names_are_secret_are_left_out() -> None:
    told = {"api_key": "k", "Authorization": "x", "next_token": "y", "max_tokens": 5, "nested": [{"password": "p"}]}
    assert Scrubber(None).plain(told) == {
        "api_key": "…",
        "Authorization": "…",
        "next_token": "y",
        "max_tokens": 5,
        "nested": [{"password": "…"}],
    }


def test_a_redaction_comes_after_the_secrets() -> None:
    assert Scrubber(str.upper).plain(["sk-abcdefghijklmnopqrst", {"a": "b"}]) == ["SK…", {"a": "B"}]


def test_what_is_too_deep_or_too_long_is_cut() -> None:
    deep: Any = "x"
    for _ in range(20):
        deep = [deep]
    assert "…" in repr(Scrubber(None).plain(deep))
    assert len(Scrubber(None).plain(list(range(1000)))) == 256
    assert Scrubber(None).plain(2**70) == str(2**70)


def test_an_object_of_no_plain_form_is_its_class() -> None:
    assert Scrubber(None).plain(object()) == "<builtins.object>"


def test_words_fit_every_database() -> None:
    assert (clean("a\0b\ud800"), len(clean("x" * 500))) == ("ab?", 120)


def test_an_error_is_told_by_its_class_and_status() -> None:
    class RefusedError(Exception):
        status_code = 429
        code = "a secret sentence"

    assert name_of_error(RefusedError("secret")) == "RefusedError (429)"
    assert name_of_error(ValueError("secret")) == "ValueError"
