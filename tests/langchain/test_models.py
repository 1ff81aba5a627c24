"""What a model's description tells."""

import time

import pytest
from langchain_beautyspot.models import address_in, model_of, read_model, tells_type_alone, with_sets_in_order
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.load import dumpd
from langchain_openai import AzureChatOpenAI, ChatOpenAI

TAIL = "---[('stop', None)]"
ODD = """it's "b\\c\""""


@pytest.mark.parametrize(
    ("llm_string", "func_name"),
    [
        (ChatOpenAI(model="gpt-4.1", api_key="x")._get_llm_string(), "langchain.openai.gpt-4.1"),
        (ChatOpenAI(model="a", api_key="x")._get_llm_string(model="b"), "langchain.openai.b"),
        (
            AzureChatOpenAI(azure_deployment="mine", azure_endpoint="http://x", api_key="x", api_version="1")
            ._get_llm_string(),
            "langchain.azure_openai.mine",
        ),
        ('{"id": ["langchain_ollama", "chat_models", "ChatOllama"], "kwargs": {"model": "qwen3:4b"}}' + TAIL,
         "langchain.ollama.qwen3:4b"),
        ('{"id": ["my.lab", "Lab"], "kwargs": {"model": {"type": "secret"}}}' + TAIL, "langchain.Lab.unknown"),
        ("[('_type', 'openai'), ('model_name', 'davinci')]", "langchain.openai.davinci"),
        ("""[('_type', 'a'), ('model', "it's")]""", "langchain.a.it's"),
        (f"[('_type', {ODD!r}), ('model', {ODD!r})]", f"langchain.{ODD}.{ODD}"),
        (FakeListChatModel(responses=["a"])._get_llm_string(), "langchain.fake-list-chat-model.unknown"),
        ("Sample LLM string", "langchain.unknown.unknown"),
        ("", "langchain.unknown.unknown"),
        ('{"broken', "langchain.unknown.unknown"),
        ('{"id": [], "kwargs": {}}', "langchain.unknown.unknown"),
        ("[]", "langchain.unknown.unknown"),
    ],
)  # fmt: skip
def test_provider_and_name_are_read_from_every_form(llm_string: str, func_name: str):
    assert read_model(llm_string).func_name == func_name


def test_a_description_that_tells_of_no_setting_is_known():
    assert tells_type_alone("[('_type', 'mine'), ('stop', None), ('tools', [{'name': 'a'}])]")
    assert not tells_type_alone("[('_type', 'mine'), ('model', 'a'), ('stop', None)]")
    assert not tells_type_alone(FakeListChatModel(responses=["a"])._get_llm_string())


def test_a_models_name_is_read_back_whole_from_its_rows():
    assert model_of("langchain.openai.gpt-4.1") == "gpt-4.1"
    assert [model_of("my.module.function"), model_of("langchain.openai")] == [None, None]


def test_an_address_is_found_with_its_class_and_no_setting():
    model = ChatOpenAI(model="gpt-4.1", api_key="x", default_headers={"a": "b"})
    assert address_in(model._get_llm_string(tools=[dumpd(model)])) is None
    assert address_in("[('auth', 'Bearer x'), ('client', <m.Client object at 0xbeef>)]") == "m.Client object at 0xbeef"
    assert address_in("[('f', <function f at 0xbeef>)]") == "function f at 0xbeef"


def test_sets_are_told_in_one_order_and_texts_as_they_are():
    settings = {"x": [{"b", "a"}], "y": "{'c', 'a'}", "z": frozenset([2, 1])}
    told = with_sets_in_order(f"---{sorted(settings.items())}", settings)
    assert "('x', [{'a', 'b'}])" in told
    assert "('z', {1, 2})" in told
    assert "{'c', 'a'}" in told


@pytest.mark.parametrize("letters", ["x" * 100_000, "x." * 50_000 + " at 0x", "x " * 50_000 + "at 0x"])
def test_long_settings_are_looked_through_once(letters: str):
    begun_s = time.perf_counter()
    assert address_in(letters) is None
    assert address_in(f"{letters} <m.Client object at 0xbeef>") == "m.Client object at 0xbeef"
    assert time.perf_counter() - begun_s < 2
