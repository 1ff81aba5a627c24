"""What tells one model from another."""

import threading
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from beautyspot import ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import Canonical
from beautyspot.keys.registry import KeyRegistry
from llama_index.callbacks.beautyspot.identity import (
    HIDDEN_MODELS,
    identity_of,
    is_transport,
    keyable_part,
    model_name,
    registry_of,
    settings_of_options,
)
from llama_index.core import MockEmbedding
from llama_index.core.base.llms.types import CompletionResponse, LLMMetadata
from llama_index.core.bridge.pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr
from llama_index.core.llms import CustomLLM
from llama_index.core.schema import TransformComponent
from llama_index.llms.openai import OpenAI
from openai.types.shared import Reasoning


class OfHost(TransformComponent):
    """Stands for a class of LlamaIndex's."""

    __module__ = "llama_index.transformations"
    client: Any = None
    _client: Any = PrivateAttr(default=None)

    def __call__(self, nodes: Any, **_: Any) -> Any:
        return nodes


class OfUser(TransformComponent):
    """A class that holds a client of some kind."""

    client: Any = None

    def __call__(self, nodes: Any, **_: Any) -> Any:
        return nodes


class Splitter(TransformComponent):
    """A component with settings of each kind."""

    model_config = ConfigDict(extra="allow")
    model: str = "m-1"
    size: int = 3
    key: str = "k"
    verbose: bool = True
    passphrase: SecretStr = SecretStr("secret")
    buffer: list[int] = Field(default_factory=list, exclude=True)
    inner: Any = None
    _style: Any = PrivateAttr(default=None)

    def __call__(self, nodes: Any, **_: Any) -> Any:
        return nodes


@pytest.fixture
def canonical() -> Canonical:
    return Canonical(registry_of(KeyRegistry()))


def test_settings_count_but_credentials_transport_and_what_dumps_leave_out():
    told = {"model": "m-1", "size": 3, "inner": None, "verbose": True, "key": "k", "extra": 1, "secret": "s"}
    assert identity_of(Splitter(extra=1, secret="s")) == told


def test_in_a_model_of_llamaindex_transport_and_credentials_change_no_key():
    plain = {name: value for name, value in identity_of(OpenAI()).items() if name in ("timeout", "api_key")}
    assert (plain, identity_of(OpenAI(timeout=1, api_key="b"))) == ({}, identity_of(OpenAI()))


def test_in_a_model_of_the_users_only_credentials_change_no_key():
    class Mine(MockEmbedding):
        api_key: str = "a"
        key: str = "k"
        verbose: bool = False

    given = ({}, {"api_key": "b"}, {"key": "l"}, {"verbose": True})
    plain, *others = [identity_of(Mine(embed_dim=1, **each)) for each in given]
    assert [each == plain for each in others] == [True, False, False]


def test_private_attributes_of_the_users_count(canonical: Canonical):
    splitters = [Splitter(), Splitter(), Splitter(), Splitter()]
    for splitter, style in zip(splitters[1:], ("polite", "rude", "polite"), strict=True):
        splitter._style = style
    plain, polite, rude, again = map(canonical.form, splitters)
    assert plain != polite == again != rude


def test_one_without_content_makes_no_key(canonical: Canonical):
    splitter = Splitter()
    splitter._style = object()
    with pytest.raises(UnkeyableArgument, match=r"object has no content"):
        canonical.form(splitter)


def test_those_of_llamaindex_and_what_carries_requests_change_no_key(canonical: Canonical):
    used = OfHost(client=object())
    used._client = object()
    assert canonical.form(used) == canonical.form(OfHost())
    busy = Splitter()
    busy._style = threading.Lock()
    assert canonical.form(busy) == canonical.form(Splitter())


def test_a_client_of_the_users_counts_by_its_address_or_content(canonical: Canonical):
    clients = [None, "deepl", "google", *(httpx.Client(base_url=f"http://{host}") for host in "ab")]
    clients += [Reasoning(effort="high"), Reasoning(effort="low")]  # not all of their packages are clients
    forms = [canonical.form(OfUser(client=client)) for client in clients]
    assert [forms.count(each) for each in forms] == [1] * len(clients)
    for client in (object(), httpx.Headers()):
        with pytest.raises(UnkeyableArgument):
            canonical.form(OfUser(client=client))


@pytest.mark.parametrize("name", HIDDEN_MODELS)
def test_a_class_of_llamaindex_that_hides_its_model_is_refused(name: str):
    model = OfHost()
    model.__pydantic_private__ = {**(model.__pydantic_private__ or {}), name: object()}
    with pytest.raises(ConfigurationError, match=f"'{name}' of OfHost holds a object, .*; give model_id="):
        identity_of(model)


def test_of_the_options_of_a_call_count_those_that_may_change_the_answer():
    options = {"key": "C minor", "token": "###", "temperature": 0.0, "api_key": "sk", "extra_headers": {"X-Id": "1"}}
    assert settings_of_options({**options, "timeout": 3, "verbose": True, "secret": "s"}) == {
        "key": "C minor",
        "token": "###",
        "temperature": 0,
        "verbose": True,
        "secret": "s",
    }


def test_components_inside_count_by_their_settings_too(canonical: Canonical):
    forms = [
        canonical.form(Splitter(inner=Splitter(passphrase=SecretStr(secret), size=size)))
        for secret, size in (("a", 1), ("b", 1), ("a", 2))
    ]
    assert forms[0] == forms[1] != forms[2]


def test_the_keyable_part_leaves_the_rest_out(canonical: Canonical):
    assert keyable_part({"model": "m-1", "inner": object()}, canonical) == {"model": "m-1"}


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


class Busy(CustomLLM):
    calls: int = 0
    asked: list[str] = []  # noqa: RUF012 - pydantic gives each model its own
    style: str = "plain"
    _spent: dict[str, float] = PrivateAttr(default_factory=dict)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        self.calls += 1
        self.asked.append(prompt)
        self._spent[prompt] = 0.1
        return CompletionResponse(text=self.style)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        raise NotImplementedError


def test_what_a_model_of_the_users_counts_of_its_calls_makes_no_key():
    model = Busy()
    before = identity_of(model)
    for question in ("a", "b"):
        model.complete(question)
    assert identity_of(model) == before == identity_of(Busy())
    assert identity_of(Busy(style="rude")) == {**before, "style": "rude"}


class Shots(Busy):
    def __init__(self, shots: Any = (), **settings: Any) -> None:
        super().__init__(**settings)
        self._spent = dict(shots)


@pytest.mark.parametrize("given", [{"calls": 7}, {"asked": ["be rude"]}, {"shots": {"be": 0.5}}])
def test_what_a_model_was_given_makes_its_keys_though_its_code_adds_to_it(given: Any):
    model = Shots(**given)
    before = str(identity_of(model))
    assert before != str(identity_of(Shots()))
    model.complete("a")
    assert before != str(identity_of(model))


def test_what_was_assigned_later_makes_keys_as_well():
    model = Busy()
    before = identity_of(model)
    model.asked, model._spent = ["be rude"], {"be": 0.5}
    assert identity_of(model) == {**before, "asked": ["be rude"], "_spent": {"be": 0.5}}


def test_an_object_that_a_model_asks_is_told_by_what_it_was_given(canonical: Canonical):
    forms = [canonical.form(Front(service=Service(meter=Meter(calls=calls), asked=asked))) for calls, asked in GIVEN]
    assert len({str(form) for form in forms}) == len(GIVEN)


GIVEN: list[tuple[int, list[str]]] = [(0, []), (1, []), (2, []), (0, ["be rude"]), (0, ["be kind"])]


@dataclass
class Meter:
    """Asks a service, and counts how often."""

    style: str = "plain"
    calls: int = 0
    lock: Any = None

    def ask(self, prompt: str) -> str:
        self.calls += 1
        return f"{self.style} {prompt}"


class Service(BaseModel):
    """Does the same through another object."""

    meter: Meter = Field(default_factory=Meter)
    asked: list[str] = Field(default_factory=list)

    def ask(self, prompt: str) -> str:
        self.asked.append(prompt)
        return self.meter.ask(prompt)


class Front(Busy):
    service: Any = None
    _services: list[Any] = PrivateAttr(default_factory=list)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        if self._services:
            self._services[0].ask(prompt)
        return CompletionResponse(text=self.service.ask(prompt))


@pytest.mark.parametrize("make", [Meter, Service])
def test_what_an_object_that_a_model_asks_counts_of_its_calls_makes_no_key(make: Any, canonical: Canonical):
    model = Front(service=make())
    model._services = [make()]
    before = canonical.form(model)
    model.complete("a")
    model.service.ask("b")
    assert canonical.form(model) == before


def test_the_other_fields_of_an_object_that_a_model_asks_count(canonical: Canonical):
    forms = [canonical.form(Front(service=Service(meter=Meter(style)))) for style in ("plain", "rude", "plain")]
    assert forms[0] == forms[2] != forms[1]


def test_what_the_user_says_of_a_class_goes_before_what_it_counts():
    known = KeyRegistry()
    known.register(Meter, lambda meter: meter.style)
    forms = [
        Canonical(registry_of(known)).form(Front(service=Meter(style, lock=threading.Lock()))) for style in ("a", "b")
    ]
    assert forms[0] != forms[1]
