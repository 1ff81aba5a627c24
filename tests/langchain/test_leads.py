"""Identical calls at the same time are one, and nobody waits for one that fails."""

import asyncio
import contextlib
import gc
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from langchain_beautyspot import BeautySpotCache
from langchain_beautyspot.leads import MAX_LEADS
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models.fake import FakeListLLM
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.outputs import Generation
from servers.openai_api import OpenAIAPI

Make = Callable[..., Any]
LLM = "[('_type', 'fake'), ('stop', None)]"
ANSWER = [Generation(text="yes")]


def followed_by(cache: BeautySpotCache, number: int) -> None:
    """Wait until so many wait for the one call in flight."""
    calls, end_s = cache.spot.parts.flight._table.calls, time.monotonic() + 30
    while not any(len(call.followers) >= number for call in list(calls.values())):
        assert time.monotonic() < end_s
        threading.Event().wait(0.001)


def leads(cache: BeautySpotCache) -> int:
    return len(cache.spot.parts.flight)


def ask(cache: BeautySpotCache, prompt: str) -> Any:
    """Look up from a frame of its own, as a model does."""

    def generate() -> Any:
        return cache.lookup(prompt, LLM)

    return generate()


@pytest.mark.external_service
def test_eight_threads_make_one_call(cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI):
    model = chat()
    with ThreadPoolExecutor(8) as pool:
        with openai_api.held():
            answers = [pool.submit(model.invoke, "hello") for _ in range(8)]
            followed_by(cache, 7)
        assert {answer.result().text for answer in answers} == {"answer to hello"}
    assert (openai_api.calls, cache.stats().hits) == (1, 7)


@pytest.mark.external_service
async def test_twenty_tasks_make_one_call_and_the_loop_goes_on(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    model = chat()
    with openai_api.held():
        tasks = [asyncio.create_task(model.ainvoke("hello")) for _ in range(20)]
        await asyncio.to_thread(followed_by, cache, 19)
    assert {answer.text for answer in await asyncio.gather(*tasks)} == {"answer to hello"}
    assert openai_api.calls == 1


PROCESS = """
import asyncio, os, sys, threading
from langchain_beautyspot import BeautySpotCache
from langchain_core.outputs import Generation
cache = BeautySpotCache(sys.argv[1])
def tell():
    while not len(cache.spot.parts.flight): threading.Event().wait(0.001)
    os.write(1, b"asks\\n")
def call():
    os.write(1, b"calls\\n")
    sys.stdin.readline()
    return [Generation(text="yes")]
def sync():
    if cache.lookup("a", "llm") is None:
        cache.update("a", "llm", call())
async def task():
    if await cache.alookup("a", "llm") is None:
        await cache.aupdate("a", "llm", call())
threading.Thread(target=tell, daemon=True).start()
sync() if sys.argv[2] == "sync" else asyncio.run(task())
"""


@pytest.mark.slow
@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("end", ["\n", None])
def test_two_processes_make_one_call_and_a_killed_one_leaves_it_to_the_other(
    tmp_path: Path, colour: str, end: str | None
):
    command = [sys.executable, "-c", PROCESS, str(tmp_path / "answers.db"), colour]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as one:
        assert sorted(one.stdout.readline() for _ in range(2)) == ["asks\n", "calls\n"]
        with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as two:
            assert two.stdout.readline() == "asks\n"
            if end is None:
                one.kill()
                assert two.stdout.readline() == "calls\n"
            else:
                one.communicate(end, timeout=20)
            assert two.communicate("\n", timeout=20)[0] == ""


@pytest.mark.external_service
def test_a_failed_call_of_a_batch_is_made_again_by_who_waited_at_once(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI
):
    openai_api.fail(500)
    with ThreadPoolExecutor(1) as pool, openai_api.held():
        batch = pool.submit(chat().batch, ["hello"] * 3, return_exceptions=True)
        followed_by(cache, 2)
        openai_api._may_go.set()
        answers = [getattr(answer, "text", "failed") for answer in batch.result()]
    assert sorted(answers) == ["answer to hello", "answer to hello", "failed"]
    assert openai_api.calls == 2


@pytest.mark.external_service
@pytest.mark.parametrize("kind", ["chat", "text_model"])
def test_a_call_that_fails_in_a_thread_that_goes_on_is_made_again_by_who_waited_at_once(
    cache: BeautySpotCache, openai_api: OpenAIAPI, request: pytest.FixtureRequest, kind: str
):
    model = request.getfixturevalue(kind)()
    openai_api.fail(500)
    with ThreadPoolExecutor(1) as one, ThreadPoolExecutor(1) as two:
        with openai_api.held():
            first = one.submit(model.invoke, "hello")
            openai_api.wait_for(1)
            second = two.submit(model.invoke, "hello")
            followed_by(cache, 1)
        assert first.exception(10) is not None  # kept: it holds the frames of the call
        assert "answer to hello" in str(second.result(10))
    assert openai_api.calls == 2


@pytest.mark.external_service
@pytest.mark.parametrize("end", ["fails", "is cancelled"])
async def test_a_task_whose_call_ends_without_an_answer_leaves_it_to_another(
    cache: BeautySpotCache, chat: Make, openai_api: OpenAIAPI, end: str
):
    model = chat()
    openai_api.fail(*[500] * (end == "fails"))
    with openai_api.held():
        first = asyncio.create_task(model.ainvoke("hello"))
        await asyncio.to_thread(openai_api.wait_for, 1)
        second = asyncio.create_task(model.ainvoke("hello"))
        await asyncio.to_thread(followed_by, cache, 1)
        if end == "is cancelled":
            first.cancel()
    with contextlib.suppress(Exception, asyncio.CancelledError):
        await first
    assert (await asyncio.wait_for(second, 5)).text == "answer to hello"
    assert openai_api.calls == 2


def once_endless(cache: BeautySpotCache) -> tuple[Any, asyncio.Event]:
    """Return a model that answers all calls but the first, and what is set when that begins."""

    class Model(FakeListChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            if not begun.is_set():
                begun.set()
                await asyncio.sleep(60)  # whose timer holds the context as long as the error holds its frame
            return await super()._agenerate(*args, **kwargs)

    begun = asyncio.Event()
    return Model(responses=["yes"], cache=cache), begun


async def cut_by_timeout(call: Any, begun: asyncio.Event) -> None:
    async with asyncio.timeout(0.05):
        await call


async def cut_by_wait_for(call: Any, begun: asyncio.Event) -> None:
    await asyncio.wait_for(call, 0.05)


async def cut_by_group(call: Any, begun: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(call)
        await begun.wait()
        raise LookupError(f"another task of the group of {task}")


CUTS = [cut_by_timeout, cut_by_wait_for, cut_by_group]


@pytest.mark.parametrize("cut", CUTS)
async def test_a_cancelled_call_is_made_again_by_who_waited_although_its_error_is_kept(
    cache: BeautySpotCache, cut: Callable[..., Any]
):
    model, begun = once_endless(cache)
    first = asyncio.create_task(cut(model.ainvoke("hello"), begun))
    await begun.wait()
    second = asyncio.create_task(model.ainvoke("hello"))
    kept = await asyncio.gather(first, return_exceptions=True)  # with the frames of the call
    assert (await asyncio.wait_for(second, 5)).text == "yes"
    assert isinstance(kept[0], Exception)


@pytest.mark.parametrize("cut", CUTS)
async def test_a_call_that_was_cut_can_be_tried_again_although_its_error_is_kept(
    cache: BeautySpotCache, cut: Callable[..., Any]
):
    model, begun = once_endless(cache)
    with pytest.raises((TimeoutError, ExceptionGroup)) as kept:
        await cut(model.ainvoke("hello"), begun)
    assert (await asyncio.wait_for(model.ainvoke("hello"), 5)).text == "yes"
    assert isinstance(kept.value, Exception)


async def test_a_batch_that_is_cut_while_it_waits_leaves_its_prompts_to_others(cache: BeautySpotCache):
    class Model(FakeListLLM):
        async def _acall(self, prompt: str, *args: Any, **kwargs: Any) -> str:
            if prompt == "slow":
                begun.set()
                await asyncio.sleep(60)
            return "yes"

    begun, model = asyncio.Event(), Model(responses=["no"], cache=cache)
    slow = asyncio.create_task(model.ainvoke("slow"))
    await begun.wait()
    with pytest.raises(TimeoutError) as kept:
        async with asyncio.timeout(0.05):
            await model.agenerate(["quick", "slow"])
    elsewhere = asyncio.create_task(model.ainvoke("quick"), context=Context())
    assert await asyncio.wait_for(elsewhere, 5) == "yes"
    assert (type(kept.value), slow.cancel()) == (TimeoutError, True)


@pytest.mark.parametrize("base", [FakeListChatModel, FakeListLLM])
def test_a_call_that_is_interrupted_leads_no_more_although_its_thread_and_error_live_on(
    cache: BeautySpotCache, base: Any
):
    class Interrupted(base):
        def _call(self, *args: Any, **kwargs: Any) -> str:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as kept:
        Interrupted(responses=["no"], cache=cache).invoke("a")
    assert (type(kept.value), leads(cache)) == (KeyboardInterrupt, 0)


def test_who_is_interrupted_before_the_call_leaves_it_to_others(cache: BeautySpotCache):
    def read(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as kept:
        cache._leads.answer_of_others("key", read)
    assert (type(kept.value), leads(cache)) == (KeyboardInterrupt, 0)


async def test_who_is_cancelled_before_the_call_leaves_it_to_others(cache: BeautySpotCache):
    async def read(*_: Any) -> None:
        await asyncio.sleep(60)

    with pytest.raises(TimeoutError) as kept:
        async with asyncio.timeout(0.01):
            await cache._leads.answer_of_others_async("key", read)
    assert (type(kept.value), leads(cache)) == (TimeoutError, 0)


def test_two_batches_in_opposite_orders_do_not_wait_for_each_other(cache: BeautySpotCache):
    meet = threading.Barrier(2)

    class Model(FakeListLLM):
        def _call(self, prompt: str, *args: Any, **kwargs: Any) -> str:
            calls.append(prompt)
            return f"answer to {prompt}"

    class Meeting(BeautySpotCache):
        def lookup(self, *strings: str) -> Any:
            found = super().lookup(*strings)
            if threading.get_ident() not in met:
                met.add(threading.get_ident())
                meet.wait(10)
            return found

    calls: list[str] = []
    met: set[int] = set()
    model = Model(responses=["no"], cache=Meeting(cache.spot))
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(model.generate, prompts) for prompts in (["a", "b"], ["b", "a"])]
        texts = [[each[0].text for each in answer.result(20).generations] for answer in answers]
    assert texts == [["answer to a", "answer to b"], ["answer to b", "answer to a"]]
    assert len(calls) <= 3


def test_a_thread_never_waits_for_itself(cache: BeautySpotCache):
    assert [cache.lookup("a", LLM) for _ in range(3)] == [None] * 3
    cache.update("a", LLM, ANSWER)
    cache.update("a", LLM, ANSWER)
    assert cache.lookup("a", LLM) == ANSWER


async def test_a_sync_lookup_on_an_event_loop_never_waits(cache: BeautySpotCache):
    elsewhere = Context()
    assert await asyncio.to_thread(elsewhere.run, cache.lookup, "a", LLM) is None
    assert leads(cache) == 1
    assert cache.lookup("a", LLM) is None


def test_a_leader_that_never_answers_is_waited_for_once_and_no_longer_than_the_limit(tmp_path: Path):
    cache = BeautySpotCache(tmp_path / "answers.db", flight_timeout_s=0.05)
    gone = Context()
    assert gone.run(cache.lookup, "a", LLM) is None
    assert leads(cache) == 1
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(cache.lookup, "a", LLM).result(10) is None
        assert leads(cache) == 0


async def test_a_task_waits_no_longer_than_the_limit(tmp_path: Path):
    cache = BeautySpotCache(tmp_path / "answers.db", flight_timeout_s=0.05)
    gone = Context()
    assert await asyncio.to_thread(gone.run, cache.lookup, "a", LLM) is None
    assert leads(cache) == 1
    assert await cache.alookup("a", LLM) is None
    assert leads(cache) == 0


def test_without_a_limit_nobody_waits(tmp_path: Path):
    cache = BeautySpotCache(tmp_path / "answers.db", flight_timeout_s=0)
    assert [Context().run(cache.lookup, "a", LLM) for _ in range(2)] == [None, None]
    assert leads(cache) == 0


class FailingChat(FakeListChatModel):
    def _call(self, *args: Any, **kwargs: Any) -> str:
        raise LookupError("no answer")


class FailingText(FakeListLLM):
    def _call(self, *args: Any, **kwargs: Any) -> str:
        raise LookupError("no answer")

    async def _acall(self, *args: Any, **kwargs: Any) -> str:
        raise LookupError("no answer")


@pytest.mark.parametrize("kind", [FailingChat, FailingText])
def test_a_failed_call_leads_no_more_although_its_thread_and_error_live_on(cache: BeautySpotCache, kind: Any):
    model = kind(responses=["no"], cache=cache)
    for prompt in ("a", "a", "b"):
        with pytest.raises(LookupError) as kept:  # an error that lives on holds the frames of its call
            model.invoke(prompt)
        assert (type(kept.value), leads(cache)) == (LookupError, 0)


def test_a_failed_batch_of_a_text_model_leads_none_of_its_prompts(cache: BeautySpotCache):
    with pytest.raises(LookupError):
        FailingText(responses=["no"], cache=cache).generate(["a", "b", "a"], callbacks=[[], [], []])
    assert leads(cache) == 0


class Refusing(BaseCallbackHandler):
    """Refuses each call before it begins, as one that watches over a budget does."""

    raise_error = True
    run_inline = True

    def on_llm_start(self, *args: Any, **kwargs: Any) -> None:
        raise PermissionError("no budget")


def test_a_call_that_a_handler_refuses_leads_no_more_although_its_thread_lives_on(cache: BeautySpotCache):
    model = FakeListLLM(responses=["yes"], cache=cache)
    with contextlib.suppress(PermissionError):
        model.generate(["a", "b"], callbacks=[Refusing()])
    assert leads(cache) == 0
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(model.invoke, "a").result(10) == "yes"


async def test_a_call_that_a_handler_refuses_leads_no_more_although_its_task_lives_on(cache: BeautySpotCache):
    with contextlib.suppress(PermissionError):
        await FakeListLLM(responses=["yes"], cache=cache).agenerate(["a", "b"], callbacks=[Refusing()])
    await asyncio.sleep(0)  # the second prompt is refused too
    gc.collect()  # a task and its error hold each other's frames
    assert leads(cache) == 0


@pytest.mark.parametrize("kind", [FailingChat, FailingText])
async def test_a_failed_call_leads_no_more_although_its_task_goes_on(cache: BeautySpotCache, kind: Any):
    for prompt in ("a", "a", "b"):
        with pytest.raises(LookupError):
            await kind(responses=["no"], cache=cache).ainvoke(prompt)
        assert leads(cache) == 0


@pytest.mark.parametrize("base", [FakeListChatModel, FakeListLLM])
async def test_a_call_that_times_out_leads_no_more_although_its_task_goes_on(cache: BeautySpotCache, base: Any):
    class Endless(base):
        async def _acall(self, *args: Any, **kwargs: Any) -> str:
            limit.reschedule(0)  # long ago
            return await asyncio.Event().wait()

        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            return await self._acall()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(None) as limit:
            await Endless(responses=["no"], cache=cache).ainvoke("a")
    await asyncio.sleep(0)  # a chat model's call is a task of its own, which ends now
    assert leads(cache) == 0


def test_who_asks_and_never_tells_leads_so_many_calls_and_no_more(cache: BeautySpotCache):
    for number in range(MAX_LEADS + 10):
        cache.lookup(str(number), LLM)
    assert leads(cache) == MAX_LEADS


async def test_a_task_within_a_task_does_not_end_the_outer_call(cache: BeautySpotCache):
    async def agenerate(prompt: str, inner: tuple[str, ...] = ()) -> None:
        assert await cache.alookup(prompt, LLM) is None
        await asyncio.sleep(0)
        for name in inner:
            await agenerate(f"{name} in the same task")
            await asyncio.create_task(agenerate(f"{name} in another"))
            assert leads(cache) == 1
        await cache.aupdate(prompt, LLM, ANSWER)

    await asyncio.create_task(agenerate("outer", ("one", "two")))
    assert leads(cache) == 0


def test_a_batch_of_a_text_model_leads_all_its_prompts_until_they_are_answered(cache: BeautySpotCache):
    class Model(FakeListLLM):
        def _call(self, prompt: str, *args: Any, **kwargs: Any) -> str:
            assert ask(cache, f"within {prompt}") is None
            cache.update(f"within {prompt}", LLM, ANSWER)
            seen.append(leads(cache))
            return "yes"

    seen: list[int] = []
    Model(responses=["no"], cache=cache).generate(["a", "b", "c"])
    assert (seen, leads(cache)) == ([3, 3, 3], 0)


async def test_a_task_that_began_during_a_call_keeps_nothing_of_it_alive(cache: BeautySpotCache):
    class Messages:
        """Stands for what a frame of LangChain holds."""

    async def agenerate() -> tuple[Any, Any]:
        messages = Messages()
        assert await cache.alookup("a", LLM) is None
        background = asyncio.create_task(asyncio.Event().wait())
        await cache.aupdate("a", LLM, ANSWER)
        return background, weakref.ref(messages)

    background, messages = await asyncio.create_task(agenerate())
    gc.collect()
    assert messages() is None
    background.cancel()


def test_a_call_within_a_call_does_not_end_the_outer_one(cache: BeautySpotCache):
    def generate() -> None:
        assert cache.lookup("outer", LLM) is None
        assert ask(cache, "inner") is None
        cache.update("inner", LLM, ANSWER)
        assert leads(cache) == 1
        cache.update("outer", LLM, ANSWER)

    generate()
    assert leads(cache) == 0


def test_a_thread_that_ends_leaves_its_call_to_others(cache: BeautySpotCache):
    thread = threading.Thread(target=cache.lookup, args=("a", LLM))
    thread.start()
    thread.join()
    assert leads(cache) == 0


def test_an_answer_told_in_another_context_reaches_who_waits(cache: BeautySpotCache):
    asker = Context()
    assert asker.run(cache.lookup, "a", LLM) is None
    with ThreadPoolExecutor(1) as pool:
        waits = pool.submit(cache.lookup, "a", LLM)
        followed_by(cache, 1)
        cache.update("a", LLM, ANSWER)
        assert waits.result(10) == ANSWER


def test_an_answer_that_is_not_kept_is_asked_for_by_each_who_waited(tmp_path: Path):
    cache = BeautySpotCache(tmp_path / "answers.db", cache_if=lambda _: False)
    asker = Context()
    asker.run(cache.lookup, "a", LLM)
    with ThreadPoolExecutor(2) as pool:
        waits = [pool.submit(cache.lookup, "a", LLM) for _ in range(2)]
        followed_by(cache, 2)
        cache.update("a", LLM, ANSWER)
        assert [wait.result(10) for wait in waits] == [None, None]
