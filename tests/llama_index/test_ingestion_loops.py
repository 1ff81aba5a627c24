"""Extractors that are called where an event loop runs, as in notebooks, or where none is set, as in threads."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from threading import get_ident
from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import CachedTransformation, cache_policy
from llama_index.core.extractors import BaseExtractor, DocumentContextExtractor, KeywordExtractor, TitleExtractor
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.schema import BaseNode, Document, NodeRelationship, TextNode, TransformComponent
from llama_index.core.storage.docstore import SimpleDocumentStore
from openai import InternalServerError
from servers.openai_api import OpenAIAPI

USER: ContextVar[str] = ContextVar("user", default="nobody")
LOOPS: list[Any] = []
THREADS: list[int] = []


@pytest.fixture(autouse=True)
def seen() -> None:
    LOOPS.clear(), THREADS.clear()


async def on_a_loop(call: Callable[[], Any]) -> Any:
    return call()


def in_a_thread(call: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call).result()


@pytest.fixture(params=[lambda call: asyncio.run(on_a_loop(call)), in_a_thread], ids=["notebook", "thread"])
def where(request: pytest.FixtureRequest) -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """What makes a call where an event loop runs, and where none is set."""
    yield request.param
    asyncio.set_event_loop(None)


def nodes(count: int) -> list[TextNode]:
    made = [TextNode(text=f"text {place}", id_=str(place)) for place in range(count)]
    for place, node in enumerate(made):
        source = Document(id_=f"d{place}", text=f"whole {place}")
        node.relationships[NodeRelationship.SOURCE] = source.as_related_node_info()
    return made


@pytest.mark.external_service
@pytest.mark.parametrize(
    ("make", "calls", "last"),
    [(partial(KeywordExtractor, num_workers=2), 6, 2), (partial(TitleExtractor, nodes=1, num_workers=1), 12, 1)],
    ids=["nodes", "documents"],
)
def test_a_client_that_keeps_connections_is_asked_as_often_as_without_the_cache(
    make: Callable[..., Any], calls: int, last: int, where: Any, openai: Any, store: Spot, openai_api: OpenAIAPI
) -> None:
    openai_api.kept = calls - last
    cached = CachedTransformation(make(llm=openai(), show_progress=False), store)
    pipeline = IngestionPipeline(transformations=[cached], disable_cache=True)
    made = where(lambda: pipeline.run(nodes=nodes(6)))
    assert where(lambda: pipeline.run(nodes=nodes(6))) == made
    assert openai_api.calls == calls


@pytest.mark.external_service
def test_what_was_made_before_a_failure_is_kept_there(
    where: Any, openai: Any, store: Spot, openai_api: OpenAIAPI
) -> None:
    openai_api.kept = 4
    openai_api.fail(*[None] * 4, 500)  # type: ignore[list-item] - no fault
    cached = CachedTransformation(KeywordExtractor(llm=openai(), num_workers=2, show_progress=False), store)
    with pytest.raises(InternalServerError):
        where(lambda: cached(nodes(8)))
    assert len(list(store.parts.store.db.find(TaskFilter()))) == 4


class Noting(BaseExtractor):
    """Notes in which loop it is called, and for whom."""

    async def aextract(self, nodes: Sequence[BaseNode]) -> list[dict[str, Any]]:
        LOOPS.append(asyncio.get_running_loop())
        await asyncio.sleep(0)
        return [{"user": USER.get()} for _ in nodes]


def test_the_calls_of_a_run_know_their_caller_and_leave_no_loop(where: Any, spot: Spot) -> None:
    cached = CachedTransformation(Noting(num_workers=1, show_progress=False), spot)

    def run() -> Sequence[BaseNode]:
        token = USER.set("ann")
        try:
            with cache_policy("refresh"):
                return cached(nodes(3))
        finally:
            USER.reset(token)

    assert [node.metadata for node in where(run)] == [{"user": "ann"}] * 3
    assert len(LOOPS) == 3
    assert len({*LOOPS}) == 1
    assert LOOPS[0].is_closed()


def test_a_loop_that_is_set_is_used_and_stays(spot: Spot, event_loop_of_thread: None) -> None:
    CachedTransformation(Noting(num_workers=1, show_progress=False), spot)(nodes(2))
    assert {*LOOPS} == {asyncio.get_event_loop()}
    assert not LOOPS[0].is_closed()


def test_hits_begin_no_loop(spot: Spot) -> None:
    def run() -> None:
        CachedTransformation(Noting(show_progress=False), spot)(nodes(2))
        loop = asyncio.new_event_loop()
        loop.close()
        asyncio.set_event_loop(loop)
        CachedTransformation(Noting(show_progress=False), spot)(nodes(2))
        assert asyncio.get_event_loop() is loop

    in_a_thread(run)
    assert len(LOOPS) == 1


class Documents(SimpleDocumentStore):
    """Notes in which loop it is read."""

    async def aget_document(self, doc_id: str, raise_error: bool = True) -> BaseNode | None:
        LOOPS.append(asyncio.get_running_loop())
        return await super().aget_document(doc_id, raise_error)


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")  # of the host's own making
def test_documents_are_read_in_the_loop_of_the_calls(where: Any, spot: Spot) -> None:
    docstore = Documents()
    docstore.add_documents([Document(id_=f"d{place}", text="whole") for place in range(2)])
    extractor = DocumentContextExtractor(docstore, MockLLM(), max_context_length=10**6, num_workers=1)
    where(lambda: CachedTransformation(extractor, spot)(nodes(2)))
    assert (len(LOOPS), len({*LOOPS})) == (4, 1)


class Own(Noting):
    """Has a call of its own."""

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> list[BaseNode]:
        THREADS.append(get_ident())
        return super().__call__(nodes, **kwargs)


class Steps(TransformComponent):
    """Is no extractor."""

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        THREADS.append(get_ident())
        return nodes


@pytest.mark.parametrize("make", [partial(Own, show_progress=False), Steps], ids=["extractor", "step"])
async def test_code_of_the_users_is_called_in_the_thread_of_its_caller(make: Any, spot: Spot) -> None:
    CachedTransformation(make(), spot)(nodes(1))
    assert [get_ident()] == THREADS
