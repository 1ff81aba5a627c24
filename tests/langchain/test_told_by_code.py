"""Marked Runnables under `version=FROM_CODE`: what their functions and classes run is part of their keys."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from beautyspot import FROM_CODE, Spot
from langchain_core.runnables import RunnableLambda


@pytest.fixture
def spot(tmp_path: Path) -> Any:
    return Spot("v", db=tmp_path / "v.db")


EDITION = """
from functools import partial
from typing import Any

from langchain_core.language_models import SimpleChatModel
from langchain_core.messages import HumanMessage, trim_messages
from langchain_core.output_parsers import BaseOutputParser, PydanticOutputParser
from langchain_core.prompts import PromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableGenerator, RunnableLambda, RunnableParallel, RunnableSerializable, chain
from langchain_core.tools import BaseTool, tool
from pydantic import BaseModel, field_validator

calls = []


def times(asked):
    calls.append(asked)
    return f"{asked} {EDITION}"


@chain
def ask(asked):
    return times(asked)


def pieces(asked):
    yield from map(times, asked)


class Parser(BaseOutputParser):
    def parse(self, text):
        return times(text)


class Upper(Parser):
    pass


class Retriever(BaseRetriever):
    def _get_relevant_documents(self, query, *, run_manager):
        return [times(query)]


class Model(SimpleChatModel):
    _llm_type = "m"

    def _call(self, messages, *_, **__):
        return times(messages[-1].text)


@tool
def search(word: str) -> str:
    "Search."
    return times(word)


class Cleaning(BaseTool):
    def clean(self, word):
        return times(word)


class Search(Cleaning):
    name: str = "search"
    description: str = "Search."

    def _run(self, word: str) -> str:
        return self.clean(word)


class Holding(BaseTool):
    name: str = "hold"
    description: str = "Ask what it holds."
    held: Any = None

    def _run(self, word: str) -> str:
        return self.held(word) if callable(self.held) else self.held.invoke(word)


class Inner(RunnableSerializable):
    def invoke(self, asked, config=None, **_):
        return self.said(asked)

    def said(self, asked):
        return times(asked)


def searching(inner):
    @tool
    def find(word: str) -> str:
        "Find."
        return inner.invoke(word)

    return find


class Given(BaseOutputParser):
    after: Any

    def parse(self, text):
        return self.after(text)


class GivenModel(SimpleChatModel):
    after: Any
    _llm_type = "g"

    def _call(self, messages, *_, **__):
        return self.after(messages[-1].text)


class Learned(BaseOutputParser):
    @property
    def learned(self):
        return times("q")

    def parse(self, text):
        return self.learned


class Word(BaseModel):
    said: str

    @field_validator("said")
    def say(cls, said):
        return times(said)


def wrap(asked):
    return times(asked)


def closed(function):
    return lambda asked: function(asked)


def joined(function, asked):
    return function(asked)


def count(messages):
    return 1 if "old" in times("q") else 9


ways = {
    "chain": ask,
    "function": RunnableLambda(lambda asked: times(asked)),
    "generator": RunnableGenerator(pieces),
    "parser": Parser(),
    "derived parser": Upper(),
    "retriever": Retriever(),
    "model": Model(),
    "tool": search | str,
    "class of a tool": Search(),
    "function of a tool": Holding(held=wrap),
    "part of a tool": Holding(held=Inner()),
    "tool of a tool": Holding(held=Search()),
    "closed over by a tool": searching(Inner()),
    "within a chain": str.strip | RunnableParallel(said=ask),
    "below settings": ask.with_retry().with_config(tags=["a"]),
    "prompt": PromptTemplate.from_template("{x} {said}").partial(said=lambda: times("q")) | (lambda p: p.to_string()),
    "counter": (lambda _: [HumanMessage("old")]) | trim_messages(max_tokens=2, strategy="last", token_counter=count),
    "field": Given(after=wrap),
    "field of a model": GivenModel(after=wrap),
    "given to a partial": Given(after=partial(joined, wrap)),
    "closed over": Given(after=closed(wrap)),
    "property": Learned(),
    "class": (lambda _: '{"said": "q"}') | PydanticOutputParser(pydantic_object=Word) | (lambda word: word.said),
}
"""
EDITED = (
    "chain", "function", "generator", "parser", "derived parser", "retriever", "model", "tool", "class of a tool",
    "function of a tool", "part of a tool", "tool of a tool", "closed over by a tool",
    "within a chain", "below settings", "prompt", "counter", "field", "field of a model", "given to a partial",
    "closed over", "property", "class",
)  # fmt: skip


def edition_of(text: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a module of the program's, as a run finds it after its source was edited."""
    module = ModuleType("priced")
    module.__file__ = str(folder / "priced.py")
    monkeypatch.setitem(sys.modules, "priced", module)
    exec(compile(EDITION.replace("{EDITION}", text), module.__file__, "exec"), vars(module))
    return module


@pytest.mark.parametrize("default", [None, FROM_CODE], ids=["version", "default version"])
@pytest.mark.parametrize("way", EDITED)
def test_from_code_asks_anew_where_a_helper_was_edited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str, default: Any
) -> None:
    spot: Any = Spot("v", db=tmp_path / "v.db", default_version=default)
    mark = spot.mark if default else spot.mark(version=FROM_CODE)
    editions = [edition_of(each, tmp_path, monkeypatch) for each in ("old", "new", "old")]
    said: list[str] = []
    for module in editions:
        monkeypatch.setitem(sys.modules, "priced", module)
        said.append(str(mark(module.ways[way]).invoke("q")))
    assert ["old" in each for each in said] == [True, False, True]
    assert [bool(module.calls) for module in editions] == [True, True, False]


def test_from_code_counts_in_what_holds_a_marked_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spot: Any = Spot("v", db=tmp_path / "v.db")
    marked = [spot.mark(version=FROM_CODE)(edition_of(each, tmp_path, monkeypatch).ask) for each in ("old", "new")]
    assert [spot.mark(each | str.upper).invoke("q") for each in marked] == ["Q OLD", "Q NEW"]


def test_a_function_that_is_not_written_in_python_counts_by_its_name(spot: Any) -> None:
    marked = [spot.mark(version=FROM_CODE)(RunnableLambda(each)) for each in (str.upper, len)]
    assert [each.invoke("q") for each in marked] == ["Q", 1]
