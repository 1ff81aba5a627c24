"""Agents whose calls are kept and paced."""

import asyncio
import copy
import pickle
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheSaveWarning, CacheWarning, ConfigurationError, Spot
from beautyspot.records import TaskFilter
from beautyspot.testing import FrozenClock
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_beautyspot import (
    BeautySpotCache,
    BeautySpotRateLimiter,
    CacheMiddleware,
    RateLimitMiddleware,
    ReplayMiss,
)
from langchain_beautyspot.recorder import record_runs
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import StructuredTool, ToolException, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel, SecretStr
from servers.openai_api import OpenAIAPI

pytestmark = pytest.mark.external_service
Ask = dict[str, Any]


@pytest.fixture
def spot(tmp_path: Path) -> Spot:
    return Spot("agents", db=tmp_path / "a.db", storage=tmp_path / "blobs")


@pytest.fixture
def model(openai_api: OpenAIAPI) -> Callable[..., ChatOpenAI]:
    def make(**options: Any) -> ChatOpenAI:
        return ChatOpenAI(**{"model": "gpt-4.1", "base_url": openai_api.url, "api_key": SecretStr("k"), **options})

    return make


def ask(text: str) -> Ask:
    return {"messages": [HumanMessage(text)]}


def contents(state: dict[str, Any]) -> list[Any]:
    return [message.content for message in state["messages"]]


def test_a_second_agent_makes_no_call_and_has_the_same_history(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    used: list[int] = []

    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        used.append(a)
        return a + b

    def run() -> dict[str, Any]:
        agent = create_agent(model(), [add], middleware=[CacheMiddleware(spot, tools=["add"])])
        return agent.invoke(ask('use add {"a": 1, "b": 2}'))

    first, calls = run(), openai_api.calls
    second = run()
    assert (calls, openai_api.calls, used) == (2, 2, [1])
    assert contents(second) == contents(first)
    assert second["messages"][1].tool_calls == first["messages"][1].tool_calls
    assert second["messages"][2].tool_call_id == first["messages"][1].tool_calls[0]["id"]
    assert {message.id for message in second["messages"]}.isdisjoint(message.id for message in first["messages"])


async def test_async_runs_share_what_sync_ones_kept(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    agent = create_agent(model(), [add], middleware=[CacheMiddleware(spot, tools=["add"])])
    first = await agent.ainvoke(ask('use add {"a": 1, "b": 2}'))
    calls = openai_api.calls
    assert contents(agent.invoke(ask('use add {"a": 1, "b": 2}'))) == contents(first)
    assert openai_api.calls == calls


def test_a_thread_that_asks_the_same_twice_keeps_every_turn(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    def run() -> list[Any]:
        agent = create_agent(model(), middleware=[CacheMiddleware(spot)], checkpointer=InMemorySaver())
        config: Any = {"configurable": {"thread_id": "1"}}
        for text in ("q", "other", "q"):
            state = agent.invoke(ask(text), config)
        return contents(state)

    first = run()
    assert run() == first
    assert (len(first), openai_api.calls) == (6, 3)


def test_a_hit_is_streamed(openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot) -> None:
    agent = create_agent(model(), middleware=[CacheMiddleware(spot)])
    streams = [[*agent.stream(ask("hi"), stream_mode="messages")] for _ in range(2)]
    texts = ["".join(chunk.text for chunk, _ in stream) for stream in streams]
    assert texts == ["answer to hi"] * 2
    assert openai_api.calls == 1


class City(BaseModel):
    """A city."""

    name: str


class Wider(BaseModel):
    """A city."""

    name: str
    size: int


Wider.__name__ = Wider.__qualname__ = "City"


@pytest.mark.parametrize("strategy", [ProviderStrategy, lambda schema: schema])
def test_a_structured_answer_comes_back_as_its_class_and_another_schema_is_another_question(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot, strategy: Any
) -> None:
    def run(schema: type[BaseModel]) -> Any:
        agent = create_agent(model(), response_format=strategy(schema), middleware=[CacheMiddleware(spot)])
        return agent.invoke(ask("Kyoto"))["structured_response"]

    assert [run(City), run(City), run(Wider)] == [City(name="Kyoto"), City(name="Kyoto"), Wider(name="Kyoto", size=5)]
    assert openai_api.calls == 2


def test_a_structured_answer_by_a_tool_comes_back_as_its_class(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    agent = create_agent(model(), response_format=ToolStrategy(City), middleware=[CacheMiddleware(spot)])
    runs = [agent.invoke(ask('use City {"name": "Nara"}')) for _ in range(2)]
    assert [run["structured_response"] for run in runs] == [City(name="Nara")] * 2
    assert contents(runs[0]) == contents(runs[1])
    assert openai_api.calls == 1


@pytest.mark.parametrize(
    "other",
    [{"model": "gpt-4"}, {"temperature": 0.5}, {"base_url": "changed"}, {"system_prompt": "be brief"}, {"tools": True}],
)
def test_whatever_an_answer_depends_on_is_in_the_key(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot, other: dict[str, Any]
) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    create_agent(model(), middleware=[CacheMiddleware(spot)]).invoke(ask("hi"))
    options = {name: value for name, value in other.items() if name not in ("system_prompt", "tools")}
    if "base_url" in options:
        options["base_url"] = openai_api.url + "/"
    tools = [add] if "tools" in other else []
    agent = create_agent(
        model(**options), tools, system_prompt=other.get("system_prompt"), middleware=[CacheMiddleware(spot)]
    )
    agent.invoke(ask("hi"))
    assert openai_api.calls == 2


def test_a_model_that_was_changed_asks_anew(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    chat = model(temperature=0.1)
    agent = create_agent(chat, middleware=[CacheMiddleware(spot)])
    agent.invoke(ask("hi"))
    chat.temperature = 0.9
    agent.invoke(ask("hi"))
    assert openai_api.calls == 2


def test_namespaces_share_nothing(openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot) -> None:
    for namespace in ("a", "b"):
        create_agent(model(), middleware=[CacheMiddleware(spot, namespace=namespace)]).invoke(ask("hi"))
    assert openai_api.calls == 2


def test_an_answer_that_is_cut_off_or_empty_is_not_kept(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    for text, options in (("hello you there", {"max_completion_tokens": 2}), ("filter this", {}), ("say nothing", {})):
        agent = create_agent(model(**options), middleware=[CacheMiddleware(spot)])
        agent.invoke(ask(text))
        agent.invoke(ask(text))
    assert openai_api.calls == 6


def test_an_error_is_the_callers_and_not_kept(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    agent = create_agent(model(max_retries=0), middleware=[CacheMiddleware(spot)])
    openai_api.fail(500)
    with pytest.raises(Exception, match="scripted 500"):
        agent.invoke(ask("hi"))
    assert contents(agent.invoke(ask("hi"))) == ["hi", "answer to hi"]


def test_a_tool_that_fails_or_commands_runs_each_time(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    used: list[str] = []

    @tool
    def command(a: int) -> Any:
        """Go."""
        used.append("command")
        return Command(update={"messages": [ToolMessage("went", tool_call_id=str(a))]})

    @tool
    def failing(a: int) -> Any:
        """Fail."""
        used.append("failing")
        raise ToolException("no")

    failing.handle_tool_error = True
    middleware = CacheMiddleware(spot, tools=["command", "failing"])
    for name in ("command", "failing"):
        request = _tool_request(command if name == "command" else failing)
        for _ in range(2):
            middleware.wrap_tool_call(request, lambda request: request.tool.invoke(request.tool_call))
    assert used == ["command", "command", "failing", "failing"]


def _tool_request(tool_: Any, id_: str = "call_1", **args: Any) -> Any:
    from langchain.agents.middleware import ToolCallRequest

    call: Any = {"name": tool_.name, "args": args or {"a": 1}, "id": id_, "type": "tool_call"}
    return ToolCallRequest(tool_call=call, tool=tool_, state={}, runtime=None)  # type: ignore[arg-type]


async def test_a_kept_result_answers_the_call_that_asks_for_it(spot: Spot) -> None:
    @tool(response_format="content_and_artifact")
    def search(a: int) -> tuple[str, dict[str, int]]:
        """Search."""
        ran.append(a)
        return "found", {"a": a}

    middleware, ran = CacheMiddleware(spot, tools=["search"]), list[int]()

    async def run(request: Any) -> Any:
        return await request.tool.ainvoke(request.tool_call)

    await middleware.awrap_tool_call(_tool_request(search, "call_1"), run)
    kept: Any = middleware.wrap_tool_call(
        _tool_request(search, "call_2"), lambda request: request.tool.invoke(request.tool_call)
    )
    assert ran == [1]
    assert (kept.content, kept.artifact, kept.tool_call_id, kept.name) == ("found", {"a": 1}, "call_2", "search")


def test_tools_of_one_name_are_told_apart_by_what_they_say_of_themselves(spot: Spot) -> None:
    middleware = CacheMiddleware(spot, tools=["search"])
    said: list[Any] = []
    for place in ("the web", "the manual", "the web"):
        search = StructuredTool.from_function(
            lambda a: said.append(a) or "found", name="search", description=f"Search {place}."
        )
        middleware.wrap_tool_call(_tool_request(search), lambda request: request.tool.invoke(request.tool_call))
    assert said == [1, 1]


def test_tools_that_nobody_named_run_each_time(spot: Spot) -> None:
    @tool
    def other(a: int) -> int:
        """Use."""
        return a

    ran: list[Any] = []
    middleware = CacheMiddleware(spot)
    for _ in range(2):
        middleware.wrap_tool_call(
            _tool_request(other), lambda request: ran.append(request) or ToolMessage("", tool_call_id="")
        )
    assert len(ran) == 2


def test_identical_calls_at_once_are_one(openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot) -> None:
    agent = create_agent(model(), middleware=[CacheMiddleware(spot)])
    states: list[Any] = []
    threads = [threading.Thread(target=lambda: states.append(agent.invoke(ask("hi")))) for _ in range(4)]
    with openai_api.held():
        for thread in threads:
            thread.start()
        openai_api.wait_for(1)
    for thread in threads:
        thread.join()
    assert [contents(state) for state in states] == [["hi", "answer to hi"]] * 4
    assert openai_api.calls == 1


def test_whoever_waited_for_a_result_that_is_not_kept_runs_the_tool(spot: Spot) -> None:
    @tool
    def fail(a: int) -> int:
        """Fail."""
        ran.append(a)
        assert go.wait(10)
        raise ToolException("no")

    fail.handle_tool_error = True
    middleware, ran, go = CacheMiddleware(spot, tools=["fail"]), list[Any](), threading.Event()

    def run(request: Any) -> ToolMessage:
        return request.tool.invoke(request.tool_call)

    answers: list[Any] = []
    threads = [
        threading.Thread(
            target=lambda id_=id_: answers.append(middleware.wrap_tool_call(_tool_request(fail, id_), run))
        )
        for id_ in "12"
    ]
    for thread in threads:
        thread.start()
    followed = spot.parts.flight._table.calls.values
    deadline = time.monotonic() + 10
    while not any(call.followers for call in followed()) and time.monotonic() < deadline:
        time.sleep(0.001)
    go.set()
    for thread in threads:
        thread.join()
    assert sorted(answer.tool_call_id for answer in answers) == ["1", "2"]
    assert len(ran) == 2


async def test_identical_tasks_at_once_are_one_call(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    agent = create_agent(model(), middleware=[CacheMiddleware(spot)])
    states = await asyncio.gather(*(agent.ainvoke(ask("hi")) for _ in range(4)))
    assert [contents(state) for state in states] == [["hi", "answer to hi"]] * 4
    assert openai_api.calls == 1


def test_modes_read_keep_and_refuse_as_they_say(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    def run(mode: Any) -> int:
        create_agent(model(), middleware=[CacheMiddleware(spot, mode=mode)]).invoke(ask("hi"))
        return openai_api.calls

    with pytest.raises(ReplayMiss, match="replay_only"):
        run("replay_only")
    assert [run(mode) for mode in ("read_only", "read_only", "read_write", "replay_only", "refresh")] == [1, 2, 3, 3, 4]


async def test_a_replay_leaves_the_file_as_it_was(model: Callable[..., ChatOpenAI], spot: Spot, tmp_path: Path) -> None:
    create_agent(model(), middleware=[CacheMiddleware(spot)]).invoke(ask("hi"))
    spot.shutdown()
    recorded = (tmp_path / "a.db").read_bytes()
    agent = create_agent(model(), middleware=[CacheMiddleware(spot, mode="replay_only")])
    assert contents(agent.invoke(ask("hi"))) == contents(await agent.ainvoke(ask("hi"))) == ["hi", "answer to hi"]
    spot.shutdown()
    assert (tmp_path / "a.db").read_bytes() == recorded


class Odd:
    """What can't be kept."""


@pytest.mark.parametrize("on_save_error", ["raise", "warnings are errors"])
async def test_a_result_that_cannot_be_kept_is_returned_all_the_same(tmp_path: Path, on_save_error: Any) -> None:
    spot = Spot("a", db=tmp_path / "a.db", on_save_error="warn" if "are" in on_save_error else on_save_error)
    ran: list[str] = []

    @tool(response_format="content_and_artifact")
    def look(a: int) -> tuple[str, Any]:
        """Look."""
        ran.append("a")
        return "a", Odd()

    middleware = CacheMiddleware(spot, tools=["look"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("error" if "are" in on_save_error else "always")
        for _ in range(2):
            result = middleware.wrap_tool_call(
                _tool_request(look), lambda request: request.tool.invoke(request.tool_call)
            )
            assert isinstance(result, ToolMessage)
        awaited = await middleware.awrap_tool_call(
            _tool_request(look), lambda request: request.tool.ainvoke(request.tool_call)
        )
    assert (result.content, awaited.content, ran) == ("a", "a", ["a", "a", "a"])
    assert any(issubclass(each.category, CacheSaveWarning) for each in caught)


def test_rows_of_another_shape_cost_a_warning_and_the_call_is_made(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    agent = create_agent(model(), [add], middleware=[CacheMiddleware(spot, tools=["add"])])
    first = agent.invoke(ask('use add {"a": 1, "b": 2}'))
    store = spot.parts.store.db
    for row in list(store.find(TaskFilter())):
        store.put(row._replace(result_data=spot.parts.serializer.dumps([1]), checksum=None))
    with pytest.warns(CacheWarning) as told:
        assert contents(agent.invoke(ask('use add {"a": 1, "b": 2}'))) == contents(first)
    assert openai_api.calls == 4
    assert {str(each.message).partition("; ")[0] for each in told} == {
        "CacheMiddleware: a kept answer doesn't fit the schema of now (TypeError)",
        "CacheMiddleware: a kept result of 'add' is no message of a tool",
    }


def test_a_pickled_middleware_finds_what_was_kept(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    middleware = CacheMiddleware(spot, tools=["add"], namespace="a")
    for each in (middleware, pickle.loads(pickle.dumps(middleware)), copy.deepcopy(middleware)):
        create_agent(model(), middleware=[each]).invoke(ask("hello"))
    assert openai_api.calls == 1


def test_an_unknown_mode_is_refused(spot: Spot) -> None:
    with pytest.raises(ConfigurationError, match="mode got 'replay'"):
        CacheMiddleware(spot, mode="replay")  # type: ignore[arg-type]


def test_a_setting_without_content_costs_a_warning_and_the_model_is_asked(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    from langchain.agents.middleware import wrap_model_call

    @wrap_model_call
    def settle(request: Any, handler: Any) -> Any:
        return handler(request.override(model_settings={"user": threading.Lock()}))

    middleware = CacheMiddleware(spot)
    agent = create_agent(model(), middleware=[settle, middleware])
    with pytest.warns(CacheWarning, match="has no key"), pytest.raises(TypeError):
        agent.invoke(ask("hi"))


def test_a_model_that_is_told_by_an_address_is_warned_of(spot: Spot) -> None:
    class Model(FakeListChatModel):
        client: Any = None

        @property
        def _identifying_params(self) -> dict[str, Any]:
            return {"client": self.client}

    agent = create_agent(Model(responses=["a"], client=object()), middleware=[CacheMiddleware(spot)])
    with pytest.warns(CacheWarning, match="hold an object's address"):
        agent.invoke(ask("hi"))


SCRIPT = """
import sqlite3
from langchain.agents import create_agent
from langchain_beautyspot import CachedEmbeddings, CacheMiddleware
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.language_models import FakeListChatModel

def work():
    agent.invoke({"messages": [("user", "hi")]})
    embeddings.embed_query("hi")

agent = create_agent(FakeListChatModel(responses=["a"]), middleware=[CacheMiddleware("a.db")])
embeddings = CachedEmbeddings(DeterministicFakeEmbedding(size=2), "e.db")
work()
for file in ("a.db", "e.db"):
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE tasks SET result_data = x'00'")
work()
"""


@pytest.mark.slow
def test_warnings_point_at_the_users_line_whatever_of_this_package_is_imported(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    run = subprocess.run([sys.executable, "script.py"], cwd=tmp_path, capture_output=True, text=True, check=True)
    places = [line.partition(": CacheReadWarning")[0] for line in run.stderr.splitlines() if "CacheReadWarning" in line]
    assert [place.rpartition("/")[2] for place in places] == ["script.py:9", "script.py:10"]


def test_rows_are_filed_under_the_model_and_the_tool(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    create_agent(model(), [add], middleware=[CacheMiddleware(spot, tools=["add"])]).invoke(
        ask('use add {"a": 1, "b": 2}')
    )
    names = sorted(task.func_name for task in spot.parts.store.db.find(TaskFilter()))
    assert names == ["langchain.openai.gpt-4.1", "langchain.openai.gpt-4.1", "langchain.tool.add"]
    assert spot.invalidate(function="langchain.openai.gpt-4.1") == 2


def test_hits_save_tokens_and_calls_spend_them(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot
) -> None:
    agent = create_agent(model(), middleware=[CacheMiddleware(spot)])
    used = [agent.invoke(ask("hi"))["messages"][-1].usage_metadata["total_tokens"] for _ in range(2)]
    spot.flush()
    [row] = spot.parts.store.db.read_activity()
    assert (row.tokens_spent, row.tokens_saved) == (used[0], used[0])


def test_hits_are_runs_that_cost_nothing(openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot) -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add."""
        return a + b

    agent = create_agent(model(), [add], middleware=[CacheMiddleware(spot, tools=["add"])])
    agent.invoke(ask('use add {"a": 1, "b": 2}'))
    with record_runs(spot) as recorder:
        agent.invoke(ask('use add {"a": 1, "b": 2}'))
    recorder.flush()
    hits = [run for run in spot.parts.store.db.read_runs() if run.cache_hit]  # type: ignore[attr-defined]
    assert sorted((run.kind, run.name) for run in hits) == [
        ("llm", "ChatOpenAI"),
        ("llm", "ChatOpenAI"),
        ("tool", "add"),
    ]
    kept = {task.cache_key for task in spot.parts.store.db.find(TaskFilter())}
    assert {run.cache_key for run in hits} == kept


def limited(clock: FrozenClock, tmp_path: Path, **rates: Any) -> RateLimitMiddleware:
    return RateLimitMiddleware(BeautySpotRateLimiter(Spot("l", db=tmp_path / "l.db", clock=clock), **rates))


def test_only_calls_that_are_made_are_paced(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot, tmp_path: Path
) -> None:
    clock = FrozenClock()
    limit = limited(clock, tmp_path, requests_per_minute=60)
    agent = create_agent(model(), middleware=[CacheMiddleware(spot), limit])
    for text in ("a", "a", "b", "a", "b"):
        agent.invoke(ask(text))
    assert clock.slept == [1.0]


def test_a_hit_of_the_models_own_cache_gives_its_place_back(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], spot: Spot, tmp_path: Path
) -> None:
    clock = FrozenClock()
    limit = limited(clock, tmp_path, requests_per_minute=60)
    agent = create_agent(model(cache=BeautySpotCache(spot)), middleware=[limit])
    for text in ("a", "a", "b"):
        agent.invoke(ask(text))
    assert clock.slept == [1.0]


async def test_a_wait_within_an_agent_is_told_of_its_node(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], tmp_path: Path
) -> None:
    agent = create_agent(model(), middleware=[limited(FrozenClock(), tmp_path, requests_per_minute=60)])
    with record_runs(tmp_path / "runs.db") as recorder:
        agent.invoke(ask("a"))
        await agent.ainvoke(ask("b"))
    assert [(row.name, row.waited_s) for row in recorder.rows() if row.waited_s] == [("model", 1.0)]
    assert recorder.totals().waited_s == 1.0


async def test_tokens_are_settled_by_what_the_provider_says(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], tmp_path: Path
) -> None:
    clock = FrozenClock()
    agent = create_agent(model(), middleware=[limited(clock, tmp_path, tokens_per_minute=60)])
    state = await agent.ainvoke(ask("one two three four five six"))
    used = state["messages"][-1].usage_metadata["total_tokens"]
    await agent.ainvoke(ask("x"))
    assert sum(clock.slept) >= used - 1


def test_a_failed_call_gives_its_tokens_back(
    openai_api: OpenAIAPI, model: Callable[..., ChatOpenAI], tmp_path: Path
) -> None:
    clock = FrozenClock()
    agent = create_agent(model(max_retries=0), middleware=[limited(clock, tmp_path, tokens_per_minute=600)])
    openai_api.fail(500)
    with pytest.raises(Exception, match="scripted"):
        agent.invoke(ask("word " * 400))
    agent.invoke(ask("x"))
    assert sum(clock.slept) < 5


def test_a_limiter_and_rates_together_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="not both"):
        RateLimitMiddleware(BeautySpotRateLimiter(requests_per_minute=1), tokens_per_minute=5)


def test_no_rate_at_all_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="rate"):
        RateLimitMiddleware()


@pytest.mark.parametrize(
    ("name", "missing", "extra"),
    [("CacheMiddleware", "langchain", "agents"), ("BeautySpotNodeCache", "langgraph", "langgraph")],
)
def test_a_missing_extra_is_named(name: str, missing: str, extra: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import langchain_beautyspot; langchain_beautyspot.{name}"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"pip install 'langchain-beautyspot[{extra}]'" in run.stderr.splitlines()[-1]
