"""What tells one model from another."""

from typing import Any

import pytest
from beautyspot.keys.canonical import Canonical
from beautyspot.keys.registry import KeyRegistry
from llama_index.callbacks.beautyspot.identity import identity_of, is_transport, keyable_part, model_name, registry_of
from llama_index.core.bridge.pydantic import ConfigDict, Field, SecretStr
from llama_index.core.schema import TransformComponent


class Splitter(TransformComponent):
    """A component with settings of each kind."""

    model_config = ConfigDict(extra="allow")
    model: str = "m-1"
    size: int = 3
    api_key: str = "sk-secret"
    hf_token: str = "hf-secret"
    passphrase: SecretStr = SecretStr("secret")
    timeout: float = 1.0
    buffer: list[int] = Field(default_factory=list, exclude=True)
    inner: Any = None

    def __call__(self, nodes: Any, **_: Any) -> Any:
        return nodes


@pytest.fixture
def canonical() -> Canonical:
    return Canonical(registry_of(KeyRegistry()))


def test_settings_count_but_credentials_transport_and_what_dumps_leave_out():
    assert identity_of(Splitter(extra=1, secret_key="sk")) == {"model": "m-1", "size": 3, "inner": None, "extra": 1}


def test_components_inside_count_by_their_settings_too(canonical: Canonical):
    forms = [
        canonical.form(Splitter(inner=Splitter(api_key=key, size=size))) for key, size in (("a", 1), ("b", 1), ("a", 2))
    ]
    assert forms[0] == forms[1] != forms[2]


def test_the_keyable_part_leaves_the_rest_out(canonical: Canonical):
    assert keyable_part(Splitter(inner=object()), canonical) == {"model": "m-1", "size": 3}


@pytest.mark.parametrize(
    "name", ["api_key", "openai_api_key", "token", "auth_token", "aws_secret_access_key", "password"]
)
def test_credentials_are_told_by_their_names(name: str):
    assert is_transport(name)


@pytest.mark.parametrize("name", ["max_tokens", "eos_token", "tokenizer", "keywords", "api_base", "key_words", "top_k"])
def test_settings_of_similar_names_are_none(name: str):
    assert not is_transport(name)


def test_the_model_is_called_as_it_was_asked_for():
    assert model_name(Splitter()) == "m-1"
    assert model_name(Splitter(model="")) == "unknown"
