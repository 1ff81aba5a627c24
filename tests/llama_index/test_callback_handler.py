"""What the handler for LlamaIndex's older system makes of its events."""

import asyncio
import copy
import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.records import Run
from beautyspot.testing import FrozenClock
from llama_index.callbacks.beautyspot import BeautySpotCallbackHandler, BeautySpotRateLimiter, cache_llm, install
from llama_index.core import Settings
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.callbacks import CallbackManager, CBEventType
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.indices import VectorStoreIndex
from llama_index.core.llms import MockLLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document

pytestmark = pytest.mark.filterwarnings("ignore:.*langchain-community:DeprecationWarning")
HELLO = [ChatMessage("hello")]
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


class Told(MockLLM):
    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        return ChatResponse(message=ChatMessage("yes", role="assistant"), raw={"usage": USAGE})


class Broken(MockLLM):
    @llm_chat_callback()
    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        raise LookupError("the prompt was secret")


@pytest.fixture
def handler(tmp_path: Path) -> Iterator[BeautySpotCallbackHandler]:
    handler = BeautySpotCallbackHandler(tmp_path / "runs.db")
    before = Settings.callback_manager
    Settings.callback_manager = CallbackManager([handler])
    yield handler
    Settings.callback_manager = before


def told_by(handler: BeautySpotCallbackHandler, model: type[MockLLM] = MockLLM) -> Any:
    return model(callback_manager=CallbackManager([handler]), max_tokens=None)


def kept(path: Path) -> list[Run]:
    with closing(SQLiteTaskDB(path)) as db:
        return list(db.read_runs())


def test_the_handler_is_one_of_llama_index_s_own() -> None:
    assert BaseCallbackHandler.__name__ in [base.__name__ for base in BeautySpotCallbackHandler.__mro__]


def test_a_call_becomes_a_row_with_its_tokens(handler: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    told_by(handler, Told).chat(HELLO)
    [row] = handler.rows()
    assert (row.kind, row.name, row.status, row.tags) == ("llm", "llm", "ok", ("source:callbacks",))
    assert (row.input_tokens, row.output_tokens, row.parent_id) == (100, 10, None)
    assert handler.flush()
    assert kept(tmp_path / "runs.db") == [row]


def test_a_query_becomes_rows_under_their_parents(handler: BeautySpotCallbackHandler) -> None:
    splitter = SentenceSplitter(callback_manager=CallbackManager([handler]))
    documents = [Document(text="a b c")]
    index = VectorStoreIndex.from_documents(documents, embed_model=MockEmbedding(4), transformations=[splitter])
    index.as_query_engine(llm=told_by(handler)).query("q")
    rows = {row.name: row for row in handler.rows()}
    query, retrieve, parse = rows["query"], rows["retrieve"], rows["node_parsing"]
    assert (query.kind, retrieve.kind, parse.kind) == ("query", "retriever", "chain")
    assert (retrieve.parent_id, retrieve.trace_id, rows["synthesize"].trace_id) == (query.run_id,) * 3
    assert parse.trace_id != query.trace_id


async def test_calls_that_a_model_makes_of_its_own_are_nested(handler: BeautySpotCallbackHandler) -> None:
    await told_by(handler, Told).achat(HELLO)
    told_by(handler, Told).chat(HELLO)
    assert [row.nested for row in handler.rows()] == [True, False, False]
    assert handler.totals().spent_tokens == 220


def test_a_failed_call_tells_which_error_it_was(handler: BeautySpotCallbackHandler) -> None:
    with pytest.raises(LookupError):
        told_by(handler, Broken).chat(HELLO)
    assert [(row.status, row.error) for row in handler.rows()] == [("error", "LookupError")]
    assert "secret" not in repr(handler.rows())


def test_a_stream_that_is_closed_early_is_cancelled(handler: BeautySpotCallbackHandler) -> None:
    stream = told_by(handler).stream_complete("abc")
    next(stream)
    stream.close()
    assert [row.status for row in handler.rows()] == ["cancelled"]


def test_a_hit_is_one_row_and_marked(handler: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    model = cache_llm(told_by(handler), tmp_path / "answers.db", model_id="mock")
    model.complete("q"), model.complete("q")
    assert [(row.status, row.cache_hit) for row in handler.rows()] == [("ok", False), ("ok", True)]


def test_the_wait_for_a_limiter_is_told_apart(tmp_path: Path) -> None:
    spot = bs.Spot(db=str(tmp_path / "a.db"), clock=FrozenClock())
    model = told_by(handler := BeautySpotCallbackHandler(spot))
    model.rate_limiter = BeautySpotRateLimiter(60, spot=spot)
    model.complete("q"), model.complete("q")
    assert [row.waited_s for row in handler.rows()] == [0, 1]


def test_where_a_recorder_is_installed_no_call_is_a_row_twice(
    handler: BeautySpotCallbackHandler, tmp_path: Path
) -> None:
    with install(tmp_path / "runs.db") as recorder:
        told_by(handler).complete("q")
    assert (len(recorder.rows()), len(handler.rows())) == (1, 0)
    told_by(handler).complete("q")
    assert len(handler.rows()) == 1


def test_who_asks_for_both_systems_gets_both(tmp_path: Path) -> None:
    with install(tmp_path / "a.db", sources=["instrumentation", "callbacks"]) as recorder:
        MockLLM(callback_manager=Settings.callback_manager, max_tokens=None).complete("q")
    assert sorted(row.tags for row in recorder.rows()) == [(), ("source:callbacks",)]
    assert recorder.totals().calls == 2
    MockLLM(callback_manager=Settings.callback_manager, max_tokens=None).complete("q")
    assert len(recorder.rows()) == 2


def test_callbacks_alone_can_be_listened_to(tmp_path: Path) -> None:
    with install(tmp_path / "a.db", sources=["callbacks"]) as recorder:
        MockLLM(callback_manager=Settings.callback_manager, max_tokens=None).complete("q")
    assert [row.tags for row in recorder.rows()] == [("source:callbacks",)]


def test_an_event_that_cannot_be_read_is_counted_and_reaches_nobody(handler: BeautySpotCallbackHandler) -> None:
    odd: Any = 7
    with pytest.warns(bs.CacheWarning, match="the recorder met AttributeError"):
        handler.on_event_start(CBEventType.LLM, odd, "1")
    handler.on_event_end(CBEventType.LLM, {}, "unknown")
    assert (handler.rows(), handler.totals().failures) == ([], 1)


def test_concurrent_traces_keep_their_parents(handler: BeautySpotCallbackHandler) -> None:
    async def trace() -> None:
        manager = CallbackManager([handler])
        with manager.as_trace("query"), manager.event(CBEventType.QUERY):
            await asyncio.sleep(0)
            await MockLLM(callback_manager=manager, max_tokens=None).acomplete("q")

    async def both() -> None:
        await asyncio.gather(trace(), trace())

    asyncio.run(both())
    queries = {row.run_id for row in handler.rows() if row.kind == "query"}
    assert {row.parent_id for row in handler.rows() if row.kind == "llm"} == queries
    assert len(queries) == 2


def test_copies_of_a_model_tell_one_handler(handler: BeautySpotCallbackHandler) -> None:
    assert copy.deepcopy(handler) is copy.copy(handler) is handler


def test_a_pickled_handler_writes_to_the_same_database(handler: BeautySpotCallbackHandler, tmp_path: Path) -> None:
    other = pickle.loads(pickle.dumps(handler))
    told_by(other).complete("q")
    assert other.flush()
    assert len(kept(tmp_path / "runs.db")) == 1
