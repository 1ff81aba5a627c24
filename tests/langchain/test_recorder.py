"""What a recorder makes of the runs of models without a server."""

import asyncio
import contextvars
import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import beautyspot as bs
import msgpack
import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import SQLiteTaskDB
from beautyspot.records import Run
from beautyspot.testing import FrozenClock
from langchain_beautyspot import (
    BeautySpotCache,
    BeautySpotCallbackHandler,
    BeautySpotRateLimiter,
    Price,
    RateLimitTimeout,
    record_runs,
)
from langchain_beautyspot.recorder.open_run import Labels
from langchain_core.caches import InMemoryCache
from langchain_core.documents import Document
from langchain_core.language_models import FakeListLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, LLMResult
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from pydantic import Field

USAGE = {
    "input_tokens": 100, "output_tokens": 10, "total_tokens": 110,
    "input_token_details": {"cache_read": 60}, "output_token_details": {"reasoning": 4},
}  # fmt: skip
RUN = uuid4()


class Saying(GenericFakeChatModel):
    messages: Any = Field(exclude=True)  # an iterator, which nothing tells from others


def model(*answers: str | AIMessage, **options: Any) -> Saying:
    said = [AIMessage(each, usage_metadata=USAGE) if isinstance(each, str) else each for each in answers]
    return Saying(messages=iter(said), **options)


class Searcher(BaseRetriever):
    def _get_relevant_documents(self, query: str, **_: Any) -> list[Document]:
        if query == "nothing":
            raise LookupError("the query was secret")
        return [Document(f"about {query}")]


@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number


@pytest.fixture
def recorder(tmp_path: Path) -> BeautySpotCallbackHandler:
    return BeautySpotCallbackHandler(tmp_path / "runs.db", prices={"gpt-*": Price(2.0, 8.0, cached=0.5)})


def kept(path: Path) -> list[Run]:
    with closing(SQLiteTaskDB(path)) as db:
        return list(db.read_runs())


def by_kind(recorder: BeautySpotCallbackHandler) -> dict[str, Run]:
    return {row.kind: row for row in recorder.rows()}


def test_a_call_becomes_a_row_with_its_tokens(recorder: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    model("hi").invoke("q", {"callbacks": [recorder], "tags": ["mine"], "metadata": {"thread_id": "7"}})
    [row] = recorder.rows()
    assert (row.kind, row.name, row.status, row.cache_hit) == ("llm", "Saying", "ok", False)
    assert (row.input_tokens, row.output_tokens, row.cached_tokens) == (100, 10, 60)
    assert (row.parent_id, row.trace_id, row.error, row.details) == (None, row.run_id, None, None)
    assert {"mine", "thread:7"} < set(row.tags)
    assert recorder.flush()
    assert kept(tmp_path / "runs.db") == [row]


def test_chains_tools_and_retrievers_become_rows_under_their_parents(recorder: BeautySpotCallbackHandler) -> None:
    chain = RunnableLambda(lambda n: double.invoke({"number": n})) | RunnableLambda(lambda n: Searcher().invoke(str(n)))
    chain.invoke(2, {"callbacks": [recorder]})
    rows = {row.name: row for row in recorder.rows()}
    root = rows["RunnableSequence"]
    assert {row.trace_id for row in rows.values()} == {root.run_id}
    assert (rows["double"].kind, rows["Searcher"].kind) == ("tool", "retriever")
    lambdas = [row for row in recorder.rows() if row.name == "RunnableLambda"]
    assert [row.parent_id for row in lambdas] == [root.run_id] * 2
    assert [rows["double"].parent_id, rows["Searcher"].parent_id] == [row.run_id for row in lambdas]
    assert not any(tag.startswith("seq:") for row in rows.values() for tag in row.tags)


def test_the_cost_follows_from_the_table_and_what_the_provider_had_cached(recorder: BeautySpotCallbackHandler) -> None:
    said = AIMessage("hi", usage_metadata=USAGE, response_metadata={"model_name": "gpt-9-2026-01-01"})
    model(said).invoke("q", {"callbacks": [recorder]})
    [row] = recorder.rows()
    assert row.model == "gpt-9-2026-01-01"
    assert row.cost == pytest.approx((40 * 2.0 + 60 * 0.5 + 10 * 8.0) / 1e6)
    assert recorder.totals().cost == row.cost


def test_a_model_without_a_price_has_no_cost(recorder: BeautySpotCallbackHandler) -> None:
    model("hi").invoke("q", {"callbacks": [recorder]})
    assert recorder.rows()[0].cost is None


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ((1, 2), r"the price of 'm' got \(1, 2\); give Price\(input, output\)"),
        ({"input": 1}, r"the price of 'm' got .*; give Price\(input, output\)"),
        (Price(-1, 2), "input in the price of 'm' got -1; give a number from 0"),
        (Price(1, float("nan")), "output in the price of 'm' got nan; give a number from 0"),
        (Price(1, 2, written=-0.5), "written in the price of 'm' got -0.5; give a number from 0"),
        (Price(None, 2), "input in the price of 'm' got None; give a number from 0"),  # type: ignore[arg-type]
    ],
)
def test_a_price_that_is_none_is_refused(tmp_path: Path, price: Any, message: str) -> None:
    with pytest.raises(bs.ConfigurationError, match=message):
        BeautySpotCallbackHandler(tmp_path / "a.db", prices={"m": price})


@pytest.mark.parametrize(
    "first",
    [
        AIMessageChunk("hi"),
        AIMessageChunk([{"type": "text", "text": "hi", "index": 0}]),
        AIMessageChunk("", tool_call_chunks=[{"name": "look", "args": "", "id": "1", "index": 0}]),
        AIMessageChunk("", additional_kwargs={"reasoning_content": "hm"}),
    ],
    ids=["text", "blocks", "tool", "reasoning"],
)
def test_a_chunk_that_only_opens_a_stream_is_no_first_token(tmp_path: Path, first: AIMessageChunk) -> None:
    clock = FrozenClock()

    class Opening(GenericFakeChatModel):
        def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
            yield ChatGenerationChunk(message=AIMessageChunk(""))
            clock.advance(3)
            yield ChatGenerationChunk(message=first)

    recorder = BeautySpotCallbackHandler(bs.Spot(db=str(tmp_path / "a.db"), clock=clock))
    list(Opening(messages=iter(())).stream("q", {"callbacks": [recorder]}))
    assert [row.first_token_s for row in recorder.rows()] == [3.0]


def test_a_stream_tells_when_its_first_token_came(tmp_path: Path) -> None:
    clock = FrozenClock()
    recorder = BeautySpotCallbackHandler(bs.Spot(db=str(tmp_path / "a.db"), clock=clock))
    for chunk in model("a b c").stream("q", {"callbacks": [recorder]}):
        clock.advance(1)
        del chunk
    [row] = recorder.rows()
    assert (row.first_token_s, row.elapsed_s, row.status) == (0.0, 5.0, "ok")


def test_a_stream_that_nobody_reads_to_its_end_is_abandoned(recorder: BeautySpotCallbackHandler) -> None:
    stream = model("a b c").stream("q", {"callbacks": [recorder]})
    next(stream)
    stream.close()
    assert [row.status for row in recorder.rows()] == ["abandoned"]


async def test_an_async_stream_that_nobody_reads_to_its_end_is_abandoned(recorder: BeautySpotCallbackHandler) -> None:
    stream: Any = model("a b c").astream("q", {"callbacks": [recorder]})
    await anext(stream)
    await stream.aclose()
    assert [row.status for row in recorder.rows()] == ["abandoned"]


class Hanging(GenericFakeChatModel):
    async def _agenerate(self, *_: Any, **__: Any) -> Any:
        await asyncio.Event().wait()


async def test_a_cancelled_call_is_a_row_although_langchain_says_nothing(recorder: BeautySpotCallbackHandler) -> None:
    task = asyncio.create_task(Hanging(messages=iter(())).ainvoke("q", {"callbacks": [recorder]}))
    while not recorder.recorder.is_open():
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert [row.status for row in recorder.rows()] == ["cancelled"]


async def test_what_was_cancelled_inside_a_chain_is_cancelled_as_well(recorder: BeautySpotCallbackHandler) -> None:
    chain = RunnableLambda(lambda x: x) | Hanging(messages=iter(()))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(chain.ainvoke("q", {"callbacks": [recorder]}), 0.1)
    statuses = {row.kind: row.status for row in recorder.rows() if row.name != "RunnableLambda"}
    assert statuses == {"llm": "cancelled", "chain": "cancelled"}
    assert not recorder.recorder.is_open()


def test_a_failed_run_tells_which_error_it_was_and_not_what_it_said(recorder: BeautySpotCallbackHandler) -> None:
    with pytest.raises(LookupError):
        Searcher().invoke("nothing", {"callbacks": [recorder]})
    [row] = recorder.rows()
    assert (row.status, row.error) == ("error", "LookupError")
    assert "secret" not in repr(recorder.rows())


def test_a_node_that_waits_for_a_human_has_not_failed(recorder: BeautySpotCallbackHandler) -> None:
    graph = StateGraph(dict)
    graph.add_node("ask", lambda _: {"said": interrupt("may I?")})
    graph.add_edge(START, "ask")
    asking = graph.compile(checkpointer=InMemorySaver())
    asking.invoke({}, {"callbacks": [recorder], "configurable": {"thread_id": "1"}})
    assert {(row.name, row.status, row.error) for row in recorder.rows()} == {
        ("ask", "ok", None),
        ("LangGraph", "ok", None),
    }


def test_a_run_forgets_its_children_once_they_ended(recorder: BeautySpotCallbackHandler) -> None:
    run = recorder.recorder.begin(RUN, None, Labels("chain", None, "root", None, None))
    for number in range(3):
        recorder.recorder.begin(UUID(int=number), RUN, Labels("tool", None, "child", None, None))
        recorder.recorder.end(UUID(int=number))
    assert run.children == set()


def test_a_call_that_its_limiter_refuses_is_told_as_an_error(
    recorder: BeautySpotCallbackHandler,
) -> None:
    limiter = BeautySpotRateLimiter(requests_per_minute=1, timeout=1)
    limiter.acquire()
    with pytest.raises(RateLimitTimeout):
        model("a", rate_limiter=limiter).invoke("q", {"callbacks": [recorder]})
    assert [(row.status, row.error) for row in recorder.rows()] == [("error", "RateLimitTimeout")]


@pytest.mark.external_service
def test_odd_names_and_tags_reach_a_server(postgres_url: str) -> None:
    recorder = BeautySpotCallbackHandler(postgres_url)
    model("a").invoke("q", {"callbacks": [recorder], "run_name": "a\0b\ud800", "tags": ["c\0d\udfff"]})
    assert recorder.flush()
    with Catalog.open(postgres_url) as catalog:
        [row] = catalog.runs().rows
    assert (row.name, row.tags[0]) == ("ab?", "cd?")


async def test_runs_of_async_calls_and_batches_are_rows(recorder: BeautySpotCallbackHandler) -> None:
    await model("a").ainvoke("q", {"callbacks": [recorder]})
    model("b", "c", "d").batch(["1", "2", "3"], {"callbacks": [recorder]})
    assert [row.status for row in recorder.rows()] == ["ok"] * 4
    assert recorder.totals().spent_tokens == 440


def test_the_wait_for_a_limiter_is_told_apart(tmp_path: Path) -> None:
    spot = bs.Spot(db=str(tmp_path / "a.db"), clock=FrozenClock())
    recorder, limiter = BeautySpotCallbackHandler(spot), BeautySpotRateLimiter(spot, requests_per_minute=60)
    paced = model("a", "b", rate_limiter=limiter, callbacks=[recorder])
    paced.invoke("q"), paced.invoke("q")
    assert [row.waited_s for row in recorder.rows()] == [0, 1]
    assert recorder.totals().waited_s == 1


async def test_the_wait_of_an_async_call_is_told_apart(tmp_path: Path) -> None:
    spot = bs.Spot(db=str(tmp_path / "a.db"), clock=FrozenClock())
    recorder, limiter = BeautySpotCallbackHandler(spot), BeautySpotRateLimiter(spot, requests_per_minute=60)
    paced = model("a", "b", rate_limiter=limiter, callbacks=[recorder])
    await paced.ainvoke("q")
    await paced.ainvoke("q")
    assert [row.waited_s for row in recorder.rows()] == [0, 1]


def test_a_hit_is_marked_and_its_tokens_are_saved_ones(recorder: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    cached = model("a", cache=BeautySpotCache(tmp_path / "answers.db"), callbacks=[recorder])
    cached.invoke("q"), cached.invoke("q")
    miss, hit = recorder.rows()
    assert (miss.cache_hit, hit.cache_hit) == (False, True)
    assert miss.cache_key == hit.cache_key
    assert miss.cache_key is not None
    totals = recorder.totals()
    assert (totals.calls, totals.hits, totals.spent_tokens, totals.saved_tokens) == (2, 1, 110, 110)


def test_a_call_whose_answer_is_not_kept_names_no_row(recorder: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "answers.db", cache_if=lambda _: False)
    model("a", cache=cache, callbacks=[recorder]).invoke("q")
    assert [(row.cache_hit, row.cache_key) for row in recorder.rows()] == [(False, None)]


def test_a_hit_tells_the_model_that_answered_once(recorder: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    said = AIMessage("hi", usage_metadata=USAGE, response_metadata={"model_name": "gpt-9-2026-01-01"})
    cached = model(said, cache=BeautySpotCache(tmp_path / "answers.db"), callbacks=[recorder])
    cached.invoke("q"), cached.invoke("q")
    assert [row.model for row in recorder.rows()] == ["gpt-9-2026-01-01"] * 2


def test_a_hit_costs_nothing_and_saves_what_the_call_did(tmp_path: Path) -> None:
    recorder = BeautySpotCallbackHandler(tmp_path / "a.db", prices={"*": Price(10, 0)})
    cached = model("a", cache=BeautySpotCache(tmp_path / "answers.db"), callbacks=[recorder])
    cached.invoke("q"), cached.invoke("q")
    assert [row.cost for row in recorder.rows()] == [0.001, 0.0]
    assert (recorder.totals().cost, recorder.totals().saved_cost) == (0.001, 0.001)


@pytest.mark.parametrize("attached", ["model", "call", "context", "chain"])
def test_a_hit_of_a_text_model_is_a_row_although_langchain_says_nothing(attached: str, tmp_path: Path) -> None:
    recorder = BeautySpotCallbackHandler(tmp_path / "a.db")
    llm: Any = FakeListLLM(responses=["a", "b"], cache=BeautySpotCache(tmp_path / "answers.db"))
    llm.invoke("q")
    if attached == "model":
        llm = FakeListLLM(responses=["a", "b"], cache=llm.cache, callbacks=[recorder])
    if attached == "chain":
        llm = RunnableLambda(lambda x: x) | llm
    if attached == "context":
        with record_runs(tmp_path / "a.db") as recorder:
            llm.invoke("q")
    else:
        llm.invoke("q", {"callbacks": [recorder]} if attached != "model" else None)
    row = by_kind(recorder)["llm"]
    assert (row.cache_hit, row.name, row.status) == (True, "FakeListLLM", "ok")
    assert (row.parent_id is not None) == (attached == "chain")


async def test_a_hit_of_an_async_text_model_is_a_row(recorder: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    llm = FakeListLLM(responses=["a"], cache=BeautySpotCache(tmp_path / "answers.db"), callbacks=[recorder])
    await llm.agenerate(["p", "q"])
    await llm.agenerate(["q", "r"])
    assert [row.cache_hit for row in recorder.rows()] == [False, False, True, False]


def test_only_what_is_asked_for_is_captured(recorder: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    model("the answer").invoke("the question", {"callbacks": [recorder]})
    recorder.flush()
    recorder.spot.shutdown()
    assert not any(word in (tmp_path / "runs.db").read_bytes() for word in (b"the question", b"the answer"))


def test_a_full_capture_holds_inputs_and_outputs_redacted(tmp_path: Path) -> None:
    recorder = BeautySpotCallbackHandler(
        tmp_path / "a.db", capture="full", redact=lambda text: text.replace("Alice", "A.")
    )
    model("hello Alice").invoke("I am Alice", {"callbacks": [recorder], "metadata": {"api_key": "k", "who": "Alice"}})
    details = msgpack.unpackb(recorder.rows()[0].details or b"")
    assert details["inputs"] == [[{"type": "human", "content": "I am A."}]]
    assert details["outputs"][0][0]["content"] == "hello A."
    assert (details["metadata"]["who"], details["metadata"]["api_key"]) == ("A.", "…")


def test_a_redaction_that_fails_keeps_nothing_and_is_counted(tmp_path: Path) -> None:
    def fail(text: str) -> str:
        raise ValueError(text)

    recorder = BeautySpotCallbackHandler(tmp_path / "a.db", capture="full", redact=fail)
    assert model("a").invoke("q", {"callbacks": [recorder]}).content == "a"
    assert recorder.rows()[0].details is None
    assert recorder.totals().failures == 2


@pytest.mark.parametrize(
    "secret",
    ["Bearer abcdefghijkl", "sk-abcdefghijklmnopqrst", "https://user:hunter2@host/x", "https://h/?api_key=hunter2&x=1"],
)
def test_secrets_in_texts_are_left_out_of_a_full_capture(tmp_path: Path, secret: str) -> None:
    recorder = BeautySpotCallbackHandler(tmp_path / "a.db", capture="full")
    model("a").invoke(f"use {secret} now", {"callbacks": [recorder]})
    details = recorder.rows()[0].details or b""
    assert b"use " in details
    assert not any(word in details for word in (b"abcdefghijkl", b"hunter2"))


def test_a_result_that_cannot_be_read_is_counted_and_a_row_all_the_same(recorder: BeautySpotCallbackHandler) -> None:
    recorder.on_chat_model_start({}, [], run_id=RUN)
    recorder.on_llm_end(LLMResult.model_construct(generations=[[7]]), run_id=RUN)
    assert [row.status for row in recorder.rows()] == ["ok"]
    assert recorder.totals().failures == 1


def test_an_event_that_cannot_be_read_is_counted_and_reaches_nobody(recorder: BeautySpotCallbackHandler) -> None:
    recorder.on_chain_start({}, {}, run_id=RUN, metadata=7)
    recorder.on_chain_end({}, run_id=RUN)
    assert recorder.totals().failures == 1


def test_an_end_without_a_beginning_is_no_row(recorder: BeautySpotCallbackHandler) -> None:
    recorder.on_llm_end(LLMResult(generations=[]), run_id=RUN)
    assert (recorder.rows(), recorder.totals().failures) == ([], 0)


def test_a_context_records_what_begins_in_it(tmp_path: Path) -> None:
    fake = model("a", "b", "c")
    with record_runs(tmp_path / "runs.db") as recorder:
        fake.invoke("q"), fake.invoke("q")
    fake.invoke("q")
    assert len(recorder.rows()) == len(kept(tmp_path / "runs.db")) == 2


def test_a_block_records_what_a_block_within_it_does(tmp_path: Path) -> None:
    with record_runs(tmp_path / "outer.db") as outer:
        with record_runs(tmp_path / "inner.db") as inner:
            FakeListLLM(responses=["hi"]).batch(["a", "b"])
        FakeListLLM(responses=["hi"]).invoke("c")
    FakeListLLM(responses=["hi"]).invoke("d")
    assert (len(outer.rows()), len(inner.rows())) == (3, 2)


@pytest.mark.parametrize("place", ["foo://x", "text.db"])
def test_an_environment_variable_that_names_no_database_costs_a_warning_and_no_call(tmp_path: Path, place: str) -> None:
    (tmp_path / "text.db").write_text("no database " * 100)
    code = (
        "from langchain_core.language_models import FakeListChatModel\nimport langchain_beautyspot.recorder.context\n"
        "print([FakeListChatModel(responses=['y']).invoke('a').text for _ in range(2)])"
    )
    environment = {**os.environ, "BEAUTYSPOT_RUNS": place}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert told.stdout == "['y', 'y']\n"
    assert told.stderr.count("no run is recorded, as BEAUTYSPOT_RUNS can't be used") == 1


def test_a_hit_of_another_cache_is_a_hit(recorder: BeautySpotCallbackHandler) -> None:
    said = AIMessage("hi", usage_metadata=USAGE)
    kept = model(said, said, cache=InMemoryCache())
    for _ in range(2):
        kept.invoke("q", {"callbacks": [recorder]})
    assert [(row.cache_hit, row.cost) for row in recorder.rows()] == [(False, None), (True, 0.0)]
    assert (recorder.totals().spent_tokens, recorder.totals().saved_tokens) == (110, 110)


def test_an_environment_variable_records_every_run_and_exit_writes_it(tmp_path: Path) -> None:
    script = (
        "import langchain_beautyspot.recorder.context\n"
        "from langchain_core.language_models import FakeListChatModel as F\n"
        "F(responses=['a']).invoke('q'), F(responses=['a']).invoke('q')\n"
        "stream = F(responses=['abc']).stream('q'); next(stream)\n"
    )
    environment = {**os.environ, "BEAUTYSPOT_RUNS": str(tmp_path / "runs.db")}
    subprocess.run([sys.executable, "-c", script], env=environment, check=True, timeout=60)
    assert sorted(row.status for row in kept(tmp_path / "runs.db")) == ["abandoned", "ok", "ok"]


def test_copies_of_a_model_tell_one_recorder(recorder: BeautySpotCallbackHandler) -> None:
    assert copy.deepcopy(recorder) is copy.copy(recorder) is recorder


def test_a_pickled_recorder_writes_to_the_same_database(recorder: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    other = pickle.loads(pickle.dumps(recorder))
    model("a").invoke("q", {"callbacks": [other]})
    assert other.flush()
    assert len(kept(tmp_path / "runs.db")) == 1


def call_in_child(recorder: BeautySpotCallbackHandler) -> None:
    model("a").invoke("q", {"callbacks": [recorder], "tags": ["child"]})
    recorder.recorder.end_all()  # as an interpreter does that ends


def test_a_worker_that_ends_without_a_word_leaves_its_runs_in_the_database(
    recorder: BeautySpotCallbackHandler, tmp_path: Path
) -> None:
    child = multiprocessing.get_context("fork").Process(target=model("a").invoke, args=("q", {"callbacks": [recorder]}))
    child.start()
    child.join(60)
    assert len(kept(tmp_path / "runs.db")) == 1


def test_a_forked_child_records_its_own_runs_and_leaves_the_parents(
    recorder: BeautySpotCallbackHandler, tmp_path: Path
) -> None:
    model("a").invoke("q", {"callbacks": [recorder]})
    stream = model("a b").stream("q", {"callbacks": [recorder]})
    next(stream)
    child = multiprocessing.get_context("fork").Process(target=call_in_child, args=(recorder,))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert [(row.status, row.tags[0]) for row in kept(tmp_path / "runs.db")] == [("ok", "child")]
    assert len(list(stream)) == 2


def test_many_threads_lose_no_run(recorder: BeautySpotCallbackHandler) -> None:
    model(*("a" * 400)).batch(["q"] * 400, {"callbacks": [recorder], "max_concurrency": 16})
    assert recorder.totals().runs == 400


def test_a_database_that_can_not_be_written_costs_no_call(unwritable: bs.Spot) -> None:
    recorder = BeautySpotCallbackHandler(unwritable)
    assert model("a").invoke("q", {"callbacks": [recorder]}).content == "a"
    assert not recorder.flush()
    assert len(recorder.rows()) == 1


@pytest.mark.parametrize(("name", "value"), [("capture", "all"), ("redact", str)])
def test_wrong_settings_are_refused(tmp_path: Path, name: str, value: Any) -> None:
    with pytest.raises(bs.ConfigurationError, match=f"{name} got "):
        BeautySpotCallbackHandler(tmp_path / "a.db", **{name: value})


def test_a_block_that_a_stream_leaves_in_another_context_is_written(tmp_path: Path) -> None:
    def answers() -> Generator[str, None, None]:
        with record_runs(tmp_path / "runs.db"):
            yield FakeListLLM(responses=["a"]).invoke("q")

    stream = answers()
    # As a web server does, which asks for each part of a stream in a context of its own.
    parts = [contextvars.copy_context().run(next, stream, "end") for _ in range(2)]
    assert parts == ["a", "end"]
    with closing(SQLiteTaskDB(str(tmp_path / "runs.db"))) as db:
        assert len([*db.read_runs()]) == 1


LOCKED = """
import sqlite3, time
from beautyspot.db import SQLiteTaskDB
from langchain_beautyspot import record_runs
from langchain_core.language_models import FakeListLLM
from pydantic import Field

db = SQLiteTaskDB("runs.db", busy_timeout_s=0.5)
other = sqlite3.connect("runs.db", isolation_level=None)
with record_runs(db):
    FakeListLLM(responses=["a"]).invoke("q")
    other.execute("BEGIN EXCLUSIVE")
    start_s = time.monotonic()
print(time.monotonic() - start_s)
other.execute("ROLLBACK")
"""


@pytest.mark.slow
def test_a_locked_database_holds_the_end_of_a_block_once_and_has_its_rows_at_exit(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOCKED]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert 0.4 < float(said) < 0.9
    with closing(SQLiteTaskDB(str(tmp_path / "runs.db"))) as db:
        assert len([*db.read_runs()]) == 1


@pytest.mark.slow
def test_rows_that_are_lost_are_told_of_where_warnings_are_errors(tmp_path: Path) -> None:
    lost = LOCKED.replace("0.5", "0.05").replace(
        'other.execute("ROLLBACK")', "import warnings; warnings.simplefilter('error')"
    )
    told = subprocess.run([sys.executable, "-c", lost], cwd=tmp_path, capture_output=True, text=True, check=True).stderr
    assert "observed runs are lost (1)" in told
    assert "Traceback" not in told
