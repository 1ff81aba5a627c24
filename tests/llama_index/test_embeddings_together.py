"""One text that several ask for at once: one of them asks the model, the others wait for the vector."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.flight import Flight
from llama_index.callbacks.beautyspot import cache_embedding
from llama_index.core.embeddings.mock_embed_model import MockEmbedding

ASKED: list[list[str]] = []
Wait = Callable[[Flight, int], None]
CROWD = 8


class Slow(MockEmbedding):
    """Embeds a text as its length once it may, and notes what it was asked."""

    gate: Any = None
    fails: Any = None
    """How many calls fail."""

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        ASKED.append(list(texts))
        assert self.gate.wait(30)
        if len(ASKED) <= (self.fails or 0):
            raise OSError("the provider's own words")
        return [[float(len(text))] * self.embed_dim for text in texts]

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        ASKED.append(list(texts))
        while not self.gate.is_set():
            await asyncio.sleep(0)
        return [[float(len(text))] * self.embed_dim for text in texts]


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Spot]:
    ASKED.clear()
    with Spot("together", db=tmp_path / "a.db") as spot:
        yield spot


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def slow(spot: Spot, gate: threading.Event, **options: Any) -> Any:
    return cache_embedding(Slow(embed_dim=2, gate=gate, **options), spot, model_id="slow")


def test_threads_that_ask_for_one_text_pay_once(spot: Spot, gate: threading.Event, until_waited_for: Wait) -> None:
    model = slow(spot, gate)
    with ThreadPoolExecutor(CROWD) as pool:
        asking = [pool.submit(model.get_text_embedding_batch, ["one", "three"]) for _ in range(CROWD)]
        until_waited_for(spot.parts.flight, CROWD - 1)
        gate.set()
        assert [each.result(60) for each in asking] == [[[3.0, 3.0], [5.0, 5.0]]] * CROWD
    assert ASKED == [["one", "three"]]
    info = spot.parts.journal.tally("llama_index.Slow.slow").info()
    assert (info.hits, info.misses) == (2 * (CROWD - 1), 2)


def test_batches_that_overlap_in_other_orders_pay_for_each_text_once(spot: Spot, gate: threading.Event) -> None:
    model = slow(spot, gate)
    with ThreadPoolExecutor(CROWD) as pool:
        batches = [["a", "bb", "ccc"], ["ccc", "bb", "dddd"]]
        asking = [pool.submit(model.get_text_embedding_batch, batch) for batch in batches]
        gate.set()
        assert [each.result(60)[1] for each in asking] == [[2.0, 2.0]] * 2
    assert sorted(text for texts in ASKED for text in texts) == ["a", "bb", "ccc", "dddd"]


async def test_tasks_that_ask_for_one_text_pay_once(spot: Spot, gate: threading.Event, until_waited_for: Wait) -> None:
    model = slow(spot, gate)
    asking = [asyncio.create_task(model.aget_text_embedding_batch(["one", "three"])) for _ in range(CROWD)]
    await asyncio.to_thread(until_waited_for, spot.parts.flight, CROWD - 1)
    gate.set()
    assert await asyncio.gather(*asking) == [[[3.0, 3.0], [5.0, 5.0]]] * CROWD
    assert ASKED == [["one", "three"]]


def test_those_who_waited_for_a_call_that_failed_ask_for_themselves(
    spot: Spot, gate: threading.Event, until_waited_for: Wait
) -> None:
    model = slow(spot, gate, fails=1)
    with ThreadPoolExecutor(CROWD) as pool:
        asking = [pool.submit(model.get_text_embedding_batch, ["one"]) for _ in range(CROWD)]
        until_waited_for(spot.parts.flight, CROWD - 1)
        gate.set()
        failed = [each.exception(60) for each in asking]
    assert sorted(type(each).__name__ for each in failed) == ["NoneType"] * (CROWD - 1) + ["OSError"]
    assert len(ASKED) > 1
