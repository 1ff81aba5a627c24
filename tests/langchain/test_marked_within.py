"""Marked Runnables that are parts of others: what tells them tells those, too."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheWarning, Spot
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langchain_core.tools import create_retriever_tool
from langchain_core.vectorstores import InMemoryVectorStore


class Client:
    """Has no content."""

    edition = "1"

    def user(self, _: Any, config: RunnableConfig) -> Any:
        return config.get("configurable", {})["user"]


def store(*texts: str) -> InMemoryVectorStore:
    return InMemoryVectorStore.from_texts([*texts], DeterministicFakeEmbedding(size=8))


def joined(documents: Any) -> str:
    return "|".join(each.page_content for each in documents)


TICKETS, HANDBOOK = store("ticket", "ticket"), store("page")


@pytest.fixture(params=[None, "2026-11"], ids=["no default version", "a default version"])
def spot(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)
        yield Spot("w", db=tmp_path / "w.db", default_version=request.param)


OUTER: dict[str, Callable[[Any, Any], Any]] = {
    "a chain": lambda spot, inner: spot.mark(inner | str.upper),
    "a chain with a version": lambda spot, inner: spot.mark(version="1")(inner | str.upper),
    "retries": lambda spot, inner: spot.mark(inner.with_retry()),
    "settings": lambda spot, inner: spot.mark(inner.with_config(tags=["a"])),
    "a chain of a chain": lambda spot, inner: spot.mark(spot.mark(inner | str.upper) | str.strip),
    "a function that closes over it": lambda spot, inner: spot.mark(RunnableLambda(lambda asked: inner.invoke(asked))),
}


@pytest.mark.parametrize("make", OUTER.values(), ids=OUTER.keys())
def test_a_model_within_that_was_changed_makes_another_of_what_holds_it(spot: Any, make: Callable[..., Any]) -> None:
    model = FakeListChatModel(responses=["first"])
    outer = make(spot, spot.mark(model | (lambda message: message.text)))
    answers = [outer.invoke("q").lower()]
    model.responses = ["second"]
    assert [*answers, outer.invoke("q").lower()] == ["first", "second"]


@pytest.mark.parametrize("version", [None, "1"], ids=["no version", "a version"])
def test_a_marked_retriever_within_counts_by_its_settings_and_its_own_version(spot: Any, version: Any) -> None:
    def answer(known: Any, k: int, its_version: str) -> str:
        retriever = spot.mark(version=its_version)(known.as_retriever(search_kwargs={"k": k}))
        return spot.mark(version=version)(retriever | joined).invoke("q")

    asked = [(TICKETS, 1, "tickets"), (TICKETS, 2, "tickets"), (HANDBOOK, 1, "handbook")]
    assert [answer(*each) for each in asked] == ["ticket", "ticket|ticket", "page"]


def test_what_a_run_may_choose_counts_where_a_part_within_has_no_content(spot: Any) -> None:
    outer = spot.mark(spot.mark(version="1")(RunnableLambda(Client().user)) | str.upper)
    assert [outer.invoke("q", {"configurable": {"user": user}}) for user in "aba"] == [*"ABA"]


def test_tools_that_close_over_marked_retrievers_are_told_apart(spot: Any) -> None:
    retrievers = [spot.mark(version=name)(known.as_retriever()) for name, known in (("1", TICKETS), ("2", HANDBOOK))]
    tools = [spot.mark(create_retriever_tool(each, "find", "Find a page.")) for each in retrievers]
    assert [tool.invoke("q") for tool in tools] == ["ticket\n\nticket", "page"]


def test_functions_are_told_by_the_marked_chains_that_they_are_given(spot: Any) -> None:
    @spot.mark
    def ask(chain: Any) -> str:
        return chain.invoke("q").text

    assert [ask(spot.mark(FakeListChatModel(responses=[each]))) for each in "aba"] == [*"aba"]


@pytest.mark.parametrize("version", [None, "1"], ids=["no version", "a version"])
def test_a_chain_that_calls_itself_is_looked_at_once(spot: Any, version: Any) -> None:
    model, chains = FakeListChatModel(responses=["first"]), list[Any]()

    def begin(asked: str) -> str:
        return asked if asked == "again" else chains[0].invoke("again")

    chains.append(spot.mark(version=version)(RunnableLambda(begin) | model | (lambda message: message.text)))
    model.responses = ["second"]
    assert [chains[0].invoke("q") for _ in range(2)] == ["second"] * 2


def test_a_marked_function_counts_by_its_version_too(spot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(asked: str) -> str:
        return asked + Client.edition

    answers: list[str] = []
    for edition in "12":
        monkeypatch.setattr(Client, "edition", edition)
        answers.append(spot.mark(RunnableLambda(spot.mark(version=edition)(look)) | str.upper).invoke("q"))
    assert answers == ["Q1", "Q2"]
