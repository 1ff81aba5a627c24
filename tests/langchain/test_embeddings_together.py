"""One text that several ask for at once: one of them asks the model, the others wait for the vector."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from beautyspot import Spot
from beautyspot.flight import Flight
from langchain_beautyspot import CachedEmbeddings
from langchain_core.embeddings import Embeddings

CROWD = 8
Wait = Callable[[Flight, int], None]


class Slow(Embeddings):
    """Embeds a text as its length once it may, and notes what it was asked."""

    def __init__(self, *, fails: int = 0) -> None:
        self.fails = fails
        self.gate = threading.Event()
        self.asked: list[list[str]] = []

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(texts)
        assert self.gate.wait(30)
        if len(self.asked) <= self.fails:
            raise OSError("the provider's own words")
        return [[float(len(text))] for text in texts]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        self.asked.append(texts)
        while not self.gate.is_set():
            await asyncio.sleep(0)
        return [[float(len(text))] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Spot]:
    with Spot("together", db=tmp_path / "a.db") as spot:
        yield spot


def test_threads_that_ask_for_one_text_pay_once(spot: Spot, until_waited_for: Wait) -> None:
    embeddings = CachedEmbeddings(model := Slow(), spot, model="slow")
    with ThreadPoolExecutor(CROWD) as pool:
        asking = [pool.submit(embeddings.embed_documents, ["one", "three"]) for _ in range(CROWD)]
        until_waited_for(spot.parts.flight, CROWD - 1)
        model.gate.set()
        assert [each.result(60) for each in asking] == [[[3.0], [5.0]]] * CROWD
    assert model.asked == [["one", "three"]]
    info = spot.parts.journal.tally("langchain.embeddings.slow").info()
    assert (info.hits, info.misses) == (2 * (CROWD - 1), 2)


async def test_tasks_that_ask_for_one_text_pay_once(spot: Spot, until_waited_for: Wait) -> None:
    embeddings = CachedEmbeddings(model := Slow(), spot, model="slow", batch_size=1)
    asking = [asyncio.create_task(embeddings.aembed_documents(["one", "three"])) for _ in range(CROWD)]
    await asyncio.to_thread(until_waited_for, spot.parts.flight, CROWD - 1)
    model.gate.set()
    assert await asyncio.gather(*asking) == [[[3.0], [5.0]]] * CROWD
    assert model.asked == [["one"], ["three"]]


def test_those_who_waited_for_a_call_that_failed_ask_for_themselves(spot: Spot, until_waited_for: Wait) -> None:
    embeddings = CachedEmbeddings(model := Slow(fails=1), spot, model="slow")
    with ThreadPoolExecutor(CROWD) as pool:
        asking = [pool.submit(embeddings.embed_query, "one") for _ in range(CROWD)]
        until_waited_for(spot.parts.flight, CROWD - 1)
        model.gate.set()
        failed = [each.exception(60) for each in asking]
    assert sorted(type(each).__name__ for each in failed) == ["NoneType"] * (CROWD - 1) + ["OSError"]
