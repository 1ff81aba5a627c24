"""What a `version=` stands for in a marked Runnable: its parts without content, and no others."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from beautyspot import FROM_CODE, CacheWarning, ConfigurationError, Spot, UnkeyableArgument
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import LLM
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda, RunnableParallel
from langchain_core.vectorstores import InMemoryVectorStore


class Client:
    """Has no content."""

    def __init__(self, name: str = "") -> None:
        self.name, self.asked = name, list[Any]()

    def get(self, asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        return {"x": f"{self.name}{asked}"}

    def user(self, _: Any, config: RunnableConfig) -> Any:
        return config.get("configurable", {})["user"]


class Untold(LLM):
    """A model that nothing tells from others, beside a setting."""

    network: Any
    style: str = ""

    @property
    def _llm_type(self) -> str:
        return "untold"

    def _call(self, *_: Any, **__: Any) -> str:
        return self.style


def vectors(*texts: str) -> InMemoryVectorStore:
    return InMemoryVectorStore.from_texts([*texts], DeterministicFakeEmbedding(size=8))


def text(prompt: Any) -> str:
    return prompt.messages[0].content


CLIENT, TICKETS, NETWORK = Client(), vectors("ticket 17", "ticket 18"), iter("a")


PAIRS: dict[str, Callable[[int], Runnable[Any, Any]]] = {
    "k": lambda k: TICKETS.as_retriever(search_kwargs={"k": k}) | len,
    "prompt": lambda k: RunnableLambda(CLIENT.get) | ChatPromptTemplate.from_template(f"{k} {{x}}") | text,
    "model": lambda k: RunnableLambda(CLIENT.get) | text_of_x | Untold(network=NETWORK, style=str(k)),
    "shape": lambda k: RunnableParallel({f"step{k}": CLIENT.get}),
}


def text_of_x(asked: dict[str, Any]) -> Any:
    return asked["x"]


@pytest.fixture
def spot(tmp_path: Path) -> Any:
    return Spot("v", db=tmp_path / "v.db")


@pytest.mark.parametrize("make", PAIRS.values(), ids=PAIRS.keys())
def test_what_has_content_counts_beside_the_version(spot: Any, make: Callable[[int], Runnable[Any, Any]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers = [spot.mark(version="1")(make(k)).invoke("q") for k in (1, 2, 1, 2)]
    assert answers[:2] == answers[2:] == [make(k).invoke("q") for k in (1, 2)]


def test_another_version_is_another_runnable(spot: Any) -> None:
    client = Client()
    marked = [spot.mark(version=version)(RunnableLambda(client.get)) for version in ("1", "2", "1")]
    assert [each.invoke("q") for each in marked] == [{"x": "q"}] * 3
    assert client.asked == ["q"] * 2


@pytest.mark.parametrize("default", [None, "2026-11"])
def test_two_that_differ_in_parts_without_content_alone_are_told_of_once(tmp_path: Path, default: Any) -> None:
    spot: Any = Spot("v", db=tmp_path / "v.db", default_version=default)
    mark = spot.mark if default else spot.mark(version="2026-11")
    handbook = vectors("handbook")
    with pytest.warns(
        CacheWarning, match=r"'VectorStoreRetriever' share .*InMemoryVectorStore.*version=.*unless"
    ) as told:
        _ = [mark(store.as_retriever()) for store in (handbook, TICKETS, handbook)]
    assert len(told) == 1


def test_each_with_a_version_of_its_own_answers_for_itself_without_a_warning(spot: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        marked = [spot.mark(version=name)(RunnableLambda(Client(name).get)) for name in "ab"]
        assert [each.invoke("q")["x"] for each in marked] == ["aq", "bq"]


@pytest.mark.parametrize("version", [None, FROM_CODE], ids=["no version", "from code"])
def test_the_refusal_asks_for_a_version_of_its_own(spot: Any, version: Any) -> None:
    with pytest.raises(UnkeyableArgument, match=r"InMemoryVectorStore.*version= of its own, a text"):
        spot.mark(version=version)(TICKETS.as_retriever())


def test_what_a_run_may_choose_counts_where_a_part_has_no_content(spot: Any) -> None:
    marked = spot.mark(version="1")(RunnableLambda(CLIENT.user))
    assert [marked.invoke("q", {"configurable": {"user": user}}) for user in "aba"] == [*"aba"]


def test_a_chain_that_holds_itself_is_refused_as_that(spot: Any) -> None:
    branch: Any = RunnableParallel(a=str.upper)
    branch.steps__["b"] = branch
    with pytest.raises(UnkeyableArgument, match=r"it holds itself or is nested too deep; give mark a version="):
        spot.mark(branch)


def test_ignore_is_refused_as_there_is_one_input(spot: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"ignore=\('x',\).*one input.*input_key_fn="):
        spot.mark(RunnableLambda(len), ignore=("x",))
