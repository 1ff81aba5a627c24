"""Whatever happens to the cache, `invoke` gives its answer."""

import asyncio
import pickle
import sqlite3
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.errors import CacheReadWarning, CacheSaveWarning
from langchain_beautyspot import BeautySpotCache, CachedEmbeddings
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import Field

LLM = "[('_type', 'fake'), ('stop', None)]"
ANSWER = [ChatGeneration(message=AIMessage("yes"))]


@pytest.fixture
def cache(tmp_path: Path) -> BeautySpotCache:
    # Each read meets the file: what this process holds in memory is as good as ever.
    return BeautySpotCache(bs.Spot("faults", db=tmp_path / "a.db", storage=tmp_path / "blobs", memory_bytes=0))


class Saying(GenericFakeChatModel):
    messages: Any = Field(exclude=True)  # an iterator, which nothing tells from others


def fake(cache: Any) -> FakeListChatModel:
    return FakeListChatModel(responses=["yes"], cache=cache)


def damage_rows(cache: BeautySpotCache, data: bytes) -> None:
    with closing(sqlite3.connect(cache.spot.parts.store.db.path)) as file, file:
        file.execute("UPDATE tasks SET result_data = ?, checksum = NULL", (data,))


def content(*generation: Any, format: Any = 1) -> dict[str, Any]:  # noqa: A002 - the field's name
    return {"format": format, "generations": [list(generation)]}


FIELDS = ANSWER[0].message.model_dump(exclude={"type"})


@pytest.mark.parametrize(
    "value",
    [
        "no answer",
        content("Generation", None, "later", format=2),
        content("system", None, "ls"),
        content("ChatGeneration", None, "Popen", {"args": ["ls"]}),
        content("ChatGeneration", None, "AIMessage", {**FIELDS, "content": 5}),
        content("ChatGeneration", None, "AIMessage", {**FIELDS, "usage_metadata": "many"}),
        content("ChatGeneration", "no dict", "AIMessage", FIELDS),
        content("ChatGeneration", None, "AIMessage", {}),
        {"format": 1, "generations": []},
        {"format": 1, "generations": 7},
    ],
)
def test_a_row_that_is_no_answer_is_a_miss_and_a_warning(cache: BeautySpotCache, value: Any):
    model = fake(cache)
    model.invoke("hello")
    damage_rows(cache, cache.spot.parts.serializer.dumps(value))
    with pytest.warns(CacheReadWarning, match=r"delete it|upgrade langchain-beautyspot"):
        assert model.invoke("hello").text == "yes"
    assert cache.spot.parts.store.damaged > 0
    assert (model.invoke("hello").text, cache.stats().hits) == ("yes", 1)


def test_bytes_that_are_not_those_written_are_a_miss_and_one_warning(cache: BeautySpotCache):
    model = fake(cache)
    for question in ("one", "two"):
        model.invoke(question)
    damage_rows(cache, b"\xc1 no msgpack")
    with pytest.warns(CacheReadWarning) as caught:
        assert [model.invoke(question).text for question in ("one", "two")] == ["yes"] * 2
    assert len(caught) == 1


class OwnMessage(AIMessage):
    """A user's."""


@pytest.mark.parametrize(
    "answer",
    [
        ChatGeneration(message=OwnMessage("yes")),
        ChatGeneration(message=AIMessage("yes"), generation_info={"lock": threading.Lock()}),
        ChatGeneration(message=AIMessage("yes", response_metadata={"file": object()})),
    ],
    ids=["a class of the user's", "a lock", "an object"],
)
def test_an_answer_that_can_not_be_kept_is_given_all_the_same(cache: BeautySpotCache, answer: ChatGeneration):
    with pytest.warns(CacheSaveWarning, match="was returned but could not be saved"):
        cache.update("hello", LLM, [answer])
    assert cache.lookup("hello", LLM) is None
    assert len(cache.spot.parts.flight) == 1  # ours, for the lookup of now


def test_a_cache_if_that_raises_keeps_nothing_and_stops_nobody(tmp_path: Path):
    cache = BeautySpotCache(tmp_path / "a.db", cache_if=lambda generations: generations[9].text)
    with pytest.warns(CacheSaveWarning, match="IndexError"):
        assert fake(cache).invoke("hello").text == "yes"


async def test_a_closed_database_opens_again(cache: BeautySpotCache):
    model = fake(cache)
    model.invoke("hello")
    for _ in range(2):
        cache.spot.shutdown()
        assert model.invoke("hello").text == (await model.ainvoke("hello")).text == "yes"
    assert cache.stats().hits == 4


@pytest.mark.parametrize("on_save_error", ["warn", "raise"])
async def test_a_database_that_can_not_be_made_stops_nobody(tmp_path: Path, on_save_error: Any):
    (tmp_path / "file").write_text("in the way")
    spot = bs.Spot("faults", db=tmp_path / "file" / "a.db", storage=tmp_path / "b", on_save_error=on_save_error)
    model = fake(BeautySpotCache(spot))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert [model.invoke("hello").text, (await model.ainvoke("more")).text] == ["yes"] * 2
    assert 1 <= len(caught) <= 2
    assert {each.category for each in caught} <= {CacheReadWarning, CacheSaveWarning}
    spot.parts.store.unsaved.forget()


def test_a_database_that_another_program_holds_stops_nobody(tmp_path: Path):
    spot = bs.Spot("faults", db=SQLiteTaskDB(tmp_path / "a.db", busy_timeout_s=0.05), storage=tmp_path / "blobs")
    model = fake(BeautySpotCache(spot))
    model.invoke("before")
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.warns(CacheSaveWarning, match="held in memory and tried again"):
            assert model.invoke("hello").text == "yes"
    spot.flush()
    assert len(list(spot.parts.store.db.find(bs.records.TaskFilter()))) == 2


def test_threads_that_keep_the_same_answer_do_not_meet(cache: BeautySpotCache):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: cache.update("hello", LLM, ANSWER), range(120)))
    assert cache.lookup("hello", LLM) == ANSWER
    assert cache.stats().errors == 0


def test_one_cache_serves_several_event_loops_at_once(cache: BeautySpotCache):
    class Slow(FakeListChatModel):
        async def _acall(self, *args: Any, **kwargs: Any) -> str:
            while len(followers := next(iter(cache.spot.parts.flight._table.calls.values())).followers) < 3:
                await asyncio.sleep(0)
            calls.append(len(followers))
            return "yes"

        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            from langchain_core.outputs import ChatResult

            return ChatResult(generations=[ChatGeneration(message=AIMessage(await self._acall()))])

    calls: list[int] = []
    model = Slow(responses=["no"], cache=cache)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: asyncio.run(model.ainvoke("hello")).text, range(4)))
    assert (answers, calls) == (["yes"] * 4, [3])


FORKS = """
import os, sys, warnings
from langchain_beautyspot import BeautySpotCache, CachedEmbeddings
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.outputs import Generation
warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
cache = BeautySpotCache(sys.argv[1], flight_timeout_s=0.2)  # the child would wait for its parent
def ask(question):
    found = cache.lookup(question, "llm")
    if found is None:
        found = [Generation(text=str(os.getpid()))]
        cache.update(question, "llm", found)
    return found[0].text
parent = ask("before")
cache.lookup("in flight", "llm")
child = os.fork()
if not child:
    right = ask("before") == parent and cache.lookup("in flight", "llm") is None and ask("child") == str(os.getpid())
    os._exit(0 if right else 1)
status = os.waitpid(child, 0)[1]
print(status, ask("before") == parent, ask("child") == str(child), cache.stats().errors)
"""


@pytest.mark.skipif(not hasattr(sys, "getdlopenflags"), reason="Windows has no fork")
def test_a_child_of_a_fork_reads_and_keeps_in_the_same_store(tmp_path: Path):
    command = [sys.executable, "-c", FORKS, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["0", "True", "True", "0"]


OTHER_PROCESS = """
import pickle, sys
model = pickle.load(open(sys.argv[1], "rb"))
print(model.invoke("hello").text, model.cache.stats().hits, model.cache.namespace)
"""


@pytest.mark.parametrize("place", [str, Path, lambda path: bs.Spot("x", db=path, storage=f"{path}-blobs")])
def test_a_pickled_model_finds_its_answers_in_another_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: Callable[[Any], Any]
):
    monkeypatch.chdir(tmp_path)
    model = fake(BeautySpotCache(place("a.db"), namespace="tenant", ttl="7d"))
    model.invoke("hello")
    (tmp_path / "model").write_bytes(pickle.dumps(model))
    command = [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "model")]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["yes", "1", "tenant"]


def test_a_cache_in_memory_can_not_be_pickled_and_says_what_to_do():
    with pytest.raises(TypeError, match="can't be pickled; give a path or a URL instead"):
        pickle.dumps(BeautySpotCache(bs.Spot("x", db="memory://")))


async def test_an_answer_is_kept_although_its_caller_was_cancelled(tmp_path: Path):
    release = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(release.wait, 20)  # so that the keeping is still in the queue
        spot = bs.Spot("faults", db=tmp_path / "a.db", storage=tmp_path / "blobs", executor=pool)
        cache = BeautySpotCache(spot)
        caller = asyncio.create_task(cache.aupdate("hello", LLM, ANSWER))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        release.set()
    assert cache.lookup("hello", LLM) == ANSWER


async def test_an_answer_is_kept_although_the_executor_is_shut_down(tmp_path: Path):
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    cache = BeautySpotCache(bs.Spot("faults", db=tmp_path / "a.db", storage=tmp_path / "blobs", executor=pool))
    await cache.aupdate("hello", LLM, ANSWER)
    assert await cache.alookup("hello", LLM) == ANSWER


def test_text_that_is_no_unicode_is_a_question_like_any_other(cache: BeautySpotCache):
    cache.update("half of a pair: \ud83d", LLM, [Generation(text="yes")])
    assert cache.lookup("half of a pair: \ud83d", LLM) == [Generation(text="yes")]


class Odd:
    """What can't be kept."""


@pytest.fixture
def away(tmp_path: Path) -> Iterator[bs.Spot]:
    """Give a Spot whose folder is missing, and is there in the end: else the loss of its results would be told."""
    (tmp_path / "file").touch()
    spot = bs.Spot("away", db=tmp_path / "file" / "c.db", storage=tmp_path / "blobs")
    yield spot
    (tmp_path / "file").unlink()
    spot.flush()


def test_where_warnings_are_errors_every_answer_is_returned(cache: BeautySpotCache, away: bs.Spot):
    embeddings = CachedEmbeddings(DeterministicFakeEmbedding(size=2), away)
    odds = [AIMessage("yes", response_metadata={"odd": Odd()}) for _ in range(2)]
    odd = Saying(messages=iter(odds), cache=BeautySpotCache(away))
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("error")
        fake(cache).invoke("hi")
        damage_rows(cache, b"\xc1")
        assert [fake(cache).invoke("hi").text for _ in range(2)] == ["yes", "yes"]
        assert [odd.invoke("hi").text for _ in range(2)] == ["yes", "yes"]
        assert len(embeddings.embed_documents(["a", "b"])) == 2
    assert {each.category for each in shown} == {CacheReadWarning, CacheSaveWarning}


@pytest.mark.filterwarnings("ignore::beautyspot.CacheWarning")
def test_every_trouble_is_counted(cache: BeautySpotCache, away: bs.Spot):
    odd = Saying(messages=iter([AIMessage("yes", response_metadata={"odd": Odd()})]), cache=cache)
    odd.invoke("hi")
    assert cache.stats().errors == 1
    fake(cache).invoke("hello")
    damage_rows(cache, b"\xc1")
    fake(cache).invoke("hello")
    assert cache.stats().errors == 2
    gone = BeautySpotCache(away)
    fake(gone).invoke("hi")
    assert gone.stats().errors == 2  # it could neither be read nor written
