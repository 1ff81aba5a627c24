"""An answer is kept under the settings that the model was asked with, or not at all."""

import asyncio
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from beautyspot import CacheSaveWarning, CacheWarning, Spot
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import CachedTransformation, cache_embedding, cache_llm, cache_postprocessor
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.callbacks import CallbackManager
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.core.schema import BaseNode, Document, NodeWithScore, QueryBundle, TextNode, TransformComponent

ASKED: list[str] = []
LONGEST_S = 20.0
WAYS = tuple(f"{a}{stream}{verb}" for verb in ("chat", "complete") for stream in ("", "stream_") for a in ("", "a"))


@pytest.fixture(autouse=True)
def asked() -> list[str]:
    ASKED.clear()
    return ASKED


class Teller(CustomLLM):
    """Tells how it is set."""

    model: str = "small"
    temperature: float = 0.0
    tokens: int = 8
    more: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model)

    def _said(self) -> CompletionResponse:
        ASKED.append(self.model)
        said = f"{self.model} {self.temperature} {self.tokens} {self.more}"
        return CompletionResponse(text=said, delta=said)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return self._said()

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        def chunks() -> Iterator[CompletionResponse]:
            yield self._said()
            yield CompletionResponse(text="the end", delta="the end")

        return chunks()


class Gate(BaseRateLimiter):
    """Has something done by another thread while a call waits."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.meanwhile = meanwhile

    def acquire(self, num_tokens: int = 0) -> None:
        thread = threading.Thread(target=self.meanwhile)
        thread.start()
        thread.join()

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.acquire()


def followers(store: Spot) -> int:
    return sum(len(call.followers) for call in [*store.parts.flight._table.calls.values()])


def rows(store: Spot) -> int:
    return len([*store.parts.store.db.find(TaskFilter())])


@pytest.mark.parametrize("way", WAYS)
async def test_what_a_call_is_given_after_a_change_is_no_answer_of_before(way: str, store: Spot, ask: Any) -> None:
    llm = cache_llm(Teller(), store)
    llm.rate_limiter = Gate(lambda: setattr(llm, "model", "large"))
    with pytest.warns(CacheSaveWarning, match=r"Teller changed while it was asked \('model'\).*not kept"):
        assert "large" in str(await ask(llm, way, "Name it"))
    assert "small" in str(await ask(cache_llm(Teller(), store), way, "Name it"))
    assert ASKED == ["large", "small"]


CHANGES: dict[str, Callable[[Any], object]] = {
    "a number that grows": lambda llm: setattr(llm, "tokens", 16),
    "what a dict holds": lambda llm: llm.more.update(seed=3),
    "there and back": lambda llm: [setattr(llm, "temperature", each) for each in (1.0, 0.0)],
    "what has no content": lambda llm: setattr(llm, "more", {"lock": threading.Lock()}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_in_the_middle_of_a_call_keeps_nothing(change: Callable[[Any], object], store: Spot) -> None:
    llm = cache_llm(Teller(), store)
    llm.rate_limiter = Gate(lambda: change(llm))
    with pytest.warns(CacheSaveWarning, match="nobody knows of which settings"):
        llm.complete("Name it")
    assert rows(store) == 0


@pytest.mark.parametrize("content", [lambda llm: llm.tokens, lambda llm: {"most": llm.tokens}])
def test_content_that_the_user_tells_of_is_compared_as_well(content: Callable[[Any], Any], store: Spot) -> None:
    store.register_key(Teller, content)
    llm = cache_llm(Teller(), store)
    llm.rate_limiter = Gate(lambda: setattr(llm, "tokens", 16))
    with pytest.warns(CacheSaveWarning, match="nobody knows of which settings"):
        llm.complete("Name it")
    assert rows(store) == 0


async def test_whoever_waits_for_a_leader_and_changes_meanwhile_keeps_nothing(store: Spot) -> None:
    class Failing(Teller):
        @llm_completion_callback()
        async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
            ASKED.append(self.model)
            await may_go.wait()
            if len(ASKED) == 1:
                raise asyncio.CancelledError
            return CompletionResponse(text=self.model)

    may_go, llms = asyncio.Event(), [cache_llm(Failing(), store) for _ in range(2)]
    leader, follower = (asyncio.create_task(llm.acomplete("Name it")) for llm in llms)
    async with asyncio.timeout(LONGEST_S):
        while followers(store) < 1:
            await asyncio.sleep(0)
    llms[1].tokens = 16
    may_go.set()
    with pytest.warns(CacheSaveWarning, match="'tokens'"):
        await follower
    assert (leader.cancelled(), rows(store), len(ASKED)) == (True, 0, 2)


def test_those_who_wait_for_an_answer_of_other_settings_ask_once_more(store: Spot) -> None:
    llms = [cache_llm(Teller(), store) for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:

        def change() -> None:
            waiting.extend(pool.submit(llm.complete, "Name it") for llm in llms[1:])
            end_s = time.monotonic() + LONGEST_S
            while followers(store) < 2 and time.monotonic() < end_s:
                time.sleep(0.001)
            llms[0].model = "large"

        waiting: list[Any] = []
        llms[0].rate_limiter = Gate(change)
        with pytest.warns(CacheSaveWarning):
            llms[0].complete("Name it")
        assert [each.result().text.partition(" ")[0] for each in waiting] == ["small"] * 2
    assert ASKED == ["large", "small"]


@pytest.mark.parametrize("name", ["callback_manager", "rate_limiter", "model"])
def test_what_changes_no_answer_may_change(name: str, store: Spot) -> None:
    llm = cache_llm(Teller(), store)
    value = {"callback_manager": CallbackManager(), "rate_limiter": None, "model": "small"}[name]
    llm.rate_limiter = Gate(lambda: setattr(llm, name, value))
    llm.complete("Name it")
    assert rows(store) == 1


@pytest.mark.parametrize(("after", "kept"), [(0, 0), (1, 1)])
def test_a_stream_is_of_the_settings_at_its_first_chunk(after: int, kept: int, store: Spot) -> None:
    llm = cache_llm(Teller(), store)
    chunks = llm.stream_complete("Name it")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if after == 0 else "error")
        first = [next(chunks) for _ in range(after)]
        llm.model = "large"
        assert len([*first, *chunks]) == 2
    assert rows(store) == kept


class Counting(Teller):
    """Counts and lists its calls in every way that models do."""

    calls: int = 0
    log: list[str] = []  # noqa: RUF012 - pydantic copies it
    _memory: dict[str, str] = PrivateAttr(default_factory=dict)

    def _said(self) -> CompletionResponse:
        self.calls += 1
        self.log.append("a call")
        self._memory[f"call {self.calls}"] = "made"
        return super()._said()


@pytest.mark.parametrize("way", WAYS)
async def test_a_model_that_counts_its_calls_is_asked_each_question_once(way: str, store: Spot, ask: Any) -> None:
    for _ in range(2):
        llm = cache_llm(Counting(), store)
        for question in ("Name it", "Name another", "Name it"):
            await ask(llm, way, question)
    assert len(ASKED) == 2


class Bodied(Teller):
    """Puts each prompt into the request that it was given."""

    body: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it

    def _said(self) -> CompletionResponse:
        self.body["prompt"] = "Name it"
        ASKED.append(str(self.body))
        return CompletionResponse(text=str(self.body))


@pytest.mark.parametrize("way", WAYS)
async def test_a_request_that_a_model_was_given_and_adds_to_is_a_setting(way: str, store: Spot, ask: Any) -> None:
    with pytest.warns(CacheWarning, match=r"\('body',?\).*apart from its settings"):
        assert [await ask(cache_llm(Bodied(body={"model": each}), store), way, "Name it") for each in ("m1", "m2")]
    assert ["m2" in asked for asked in ASKED] == [False, True]


@pytest.mark.parametrize("way", WAYS)
async def test_two_copies_of_a_model_that_counts_ask_once(way: str, store: Spot, ask: Any) -> None:
    model = Counting()
    for _ in range(2):
        await ask(cache_llm(model, store), way, "Name it")
    assert len(ASKED) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_a_number_that_is_assigned_between_two_calls_is_a_setting(way: str, store: Spot, ask: Any) -> None:
    llm = cache_llm(Counting(), store)
    for calls in (0, 5, 5, 0):
        llm.calls = calls
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheWarning)
            await ask(llm, way, "Name it")
    assert len(ASKED) == 2


class Late(Teller):
    """Counts in a thread and at the end of a stream, and begins its list anew."""

    calls: int = 0
    _steps: list[str] = PrivateAttr(default_factory=list)

    def _said(self) -> CompletionResponse:
        self._steps = []
        self._steps.append("a call")
        thread = threading.Thread(target=self._count)
        thread.start()
        thread.join()
        return super()._said()

    def _count(self) -> None:
        self.calls += 1

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        def chunks() -> Iterator[CompletionResponse]:
            yield self._said()
            self.calls += 1
            yield CompletionResponse(text="the end", delta="the end")

        return chunks()


@pytest.mark.parametrize("way", WAYS)
async def test_a_model_that_counts_elsewhere_or_lists_anew_is_asked_once(way: str, store: Spot, ask: Any) -> None:
    llm = cache_llm(Late(), store)
    for question in ("Name it", "Name another", "Name it"):
        await ask(llm, way, question)
    assert len(ASKED) == 2


class Remembering(Counting):
    last: str = ""

    def _said(self) -> CompletionResponse:
        self.last = "a call"
        return super()._said()


@pytest.mark.parametrize("way", WAYS)
async def test_a_model_that_remembers_something_is_found_by_the_next_program(way: str, store: Spot, ask: Any) -> None:
    with pytest.warns(CacheWarning, match=r"by its own code \('last',?\).*Field\(exclude=True\)"):
        await ask(cache_llm(Remembering(), store), way, "Name it")
    await ask(cache_llm(Remembering(), store), way, "Name it")
    assert len(ASKED) == 1


def test_what_a_class_of_llamaindexs_remembers_is_its_own_as_well(store: Spot) -> None:
    class Hosted(Teller):
        __module__ = "llama_index.llms.hosted"
        _history: list[str] = PrivateAttr(default_factory=list)

        def _said(self) -> CompletionResponse:
            self._history.append("a call")
            return super()._said()

    for _ in range(2):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheWarning)
            cache_llm(Hosted(), store).complete("Name it")
    assert len(ASKED) == 1


def test_a_field_that_no_dump_holds_is_no_setting_as_the_warning_says(store: Spot) -> None:
    class Silent(Teller):
        calls: int = Field(default=0, exclude=True)

        def _said(self) -> CompletionResponse:
            self.calls += 1
            return super()._said()

    llm = cache_llm(Silent(), store)
    assert [llm.complete("Name it").text for _ in range(2)]
    assert len(ASKED) == 1


async def _given(given: Any) -> Any:
    return await given if asyncio.iscoroutine(given) else given


@pytest.mark.parametrize("way", ["get_text_embedding", "aget_text_embedding", "get_text_embedding_batch"])
async def test_a_vector_of_changed_settings_is_not_kept(way: str, store: Spot) -> None:
    model = cache_embedding(MockEmbedding(embed_dim=4), store)
    model.rate_limiter = Gate(lambda: setattr(model, "embed_dim", 2))
    with pytest.warns(CacheSaveWarning, match="'embed_dim'"):
        await _given(getattr(model, way)(["abc"] if way.endswith("batch") else "abc"))
    assert len(cache_embedding(MockEmbedding(embed_dim=4), store).get_text_embedding("abc")) == 4


class Top(BaseNodePostprocessor):
    """Ranks as it is set, and while it does something else happens."""

    most: int = 1
    meanwhile: Any = Field(default=None, exclude=True)

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        Gate(self.meanwhile).acquire()
        return nodes[: self.most]


async def test_a_ranking_of_changed_settings_is_not_kept(store: Spot) -> None:
    ranker = cache_postprocessor(Top(), store)
    ranker.meanwhile = lambda: setattr(ranker, "most", 2)
    nodes = [NodeWithScore(node=TextNode(text=text), score=1.0) for text in "ab"]
    with pytest.warns(CacheSaveWarning, match="'most'"):
        assert len(ranker.postprocess_nodes(nodes)) == len(await ranker.apostprocess_nodes(nodes)) == 2
    assert rows(store) == 1  # of the second call, which had two from its beginning


class Marking(TransformComponent):
    """Marks each node as it is set, and while it does something else happens."""

    mark: str = "!"
    calls: int = 0
    meanwhile: Any = Field(default=None, exclude=True)

    def __call__(self, nodes: Sequence[BaseNode], **_: Any) -> Sequence[BaseNode]:
        self.calls += 1
        Gate(self.meanwhile or (lambda: None)).acquire()
        return [TextNode(text=node.get_content() + self.mark) for node in nodes]


@pytest.mark.parametrize("way", ["__call__", "acall"])
async def test_nodes_of_changed_settings_are_not_kept_and_those_before_are(way: str, store: Spot) -> None:
    inner = Marking()
    inner.meanwhile = lambda: inner.calls == 3 and setattr(inner, "mark", "?")
    run = getattr(CachedTransformation(inner, store), way)
    with pytest.warns(CacheWarning, match="Marking changed") as told:
        made = await _given(run([Document(text=text) for text in "abcd"]))
    assert ["('mark')" in str(each.message) for each in told] == [True]
    assert [node.get_content()[-1] for node in made] == ["!", "!", "?", "?"]
    assert rows(store) == 2
