"""Retrievers under `spot.mark`."""

import copy
import pickle
from pathlib import Path
from typing import Any

import pytest
from beautyspot import ConfigurationError, Spot
from langchain_beautyspot import record_runs
from langchain_classic.chains import create_retrieval_chain
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import create_retriever_tool

ASKED: list[str] = []


class Retriever(BaseRetriever):
    k: int = 1

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        ASKED.append(query)
        return [Document(page_content=query)] * self.k


@pytest.fixture
def marked(tmp_path: Path) -> Any:
    ASKED.clear()
    spot: Any = Spot("r", db=tmp_path / "r.db")
    return spot.mark(Retriever())


def test_a_chain_takes_a_marked_retriever_for_one_and_asks_it_once(marked: Any) -> None:
    chain = create_retrieval_chain(marked, RunnableLambda(lambda known: known["context"][0].page_content))
    assert [chain.invoke({"input": "q"})["answer"] for _ in range(2)] == ["q", "q"]
    assert (ASKED, isinstance(marked, BaseRetriever)) == (["q"], True)


async def test_every_way_of_asking_finds_what_was_kept(marked: Any) -> None:
    found = [marked.invoke("q"), await marked.ainvoke("q"), marked.batch(["q"])[0]]
    found.append(marked._get_relevant_documents("q", run_manager=_manager()))
    assert found == [[Document(page_content="q")]] * 4
    assert ASKED == ["q"]
    streamed = [list(marked.stream("q")), [each async for each in marked.astream("q")]]
    assert (streamed, len(ASKED)) == ([[[Document(page_content="q")]]] * 2, 2)


def test_a_miss_is_a_run_of_the_retriever_and_a_hit_is_none(marked: Any, tmp_path: Path) -> None:
    with record_runs(tmp_path / "runs.db") as recorder:
        marked.invoke("q")
        marked.invoke("q")
    assert sorted(run.kind for run in recorder.rows()) == ["chain", "chain", "retriever"]


def test_a_marked_retriever_is_copied_not_pickled_nor_marked_again(marked: Any, tmp_path: Path) -> None:
    marked.invoke("q")
    assert copy.copy(marked).invoke("q") == copy.deepcopy(marked).invoke("q") == marked.invoke("q")
    assert (ASKED, marked.get_name()) == (["q"], "Retriever")
    with pytest.raises(TypeError, match="Retriever"):
        pickle.dumps(marked)
    spot: Any = Spot("r", db=tmp_path / "r.db")
    with pytest.raises(ConfigurationError, match="marked already"):
        spot.mark(marked)


async def test_tools_of_two_retrievers_that_the_key_leaves_out_are_told_by_their_names(tmp_path: Path) -> None:
    spot: Any = Spot("r", db=tmp_path / "r.db")
    made = [create_retriever_tool(Retriever(k=k), f"find{k}", "Find a page.") for k in (1, 2, 1)]
    tools = [spot.mark(ignore=("retriever",))(tool) for tool in made]
    ASKED.clear()
    assert [tool.invoke("q") for tool in tools] == ["q", "q\n\nq", "q"]
    assert [await tool.ainvoke("q") for tool in tools] == ["q", "q\n\nq", "q"]
    assert len(ASKED) == 4


def test_a_tool_whose_code_tells_it_keeps_its_results_under_another_name(tmp_path: Path) -> None:
    spot: Any = Spot("r", db=tmp_path / "r.db")
    ASKED.clear()
    for name in ("find", "look"):
        assert spot.mark(create_retriever_tool(Retriever(k=1), name, "Find a page.")).invoke("q") == "q"
    assert len(ASKED) == 1


def _manager() -> Any:
    from langchain_core.callbacks import CallbackManagerForRetrieverRun

    return CallbackManagerForRetrieverRun.get_noop_manager()
