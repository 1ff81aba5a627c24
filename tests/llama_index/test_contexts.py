"""Contexts of workflows that another process goes on with."""

import importlib
import json
import subprocess
import sys
import threading
from contextlib import nullcontext
from inspect import getsource
from pathlib import Path
from typing import Any

import pytest
from beautyspot import ConfigurationError, DamagedEntryError, SerializationError, Spot, StorageError
from beautyspot.records import TaskFilter
from beautyspot.store import Label
from llama_index.callbacks.beautyspot import UnknownContext, load_context, save_context
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent
from llama_index.core.bridge.pydantic import BaseModel, Field
from llama_index.core.llms import ChatMessage
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.schema import TextNode
from llama_index.core.workflow import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)


def add(a: int, b: int) -> int:
    """Add."""
    return a + b


IN_ANOTHER_PROCESS = """
import asyncio, sys
from llama_index.callbacks.beautyspot import load_context
from llama_index.core.workflow import Context, StartEvent, StopEvent, Workflow, step

{counting}

async def main():
    workflow = Counting()
    print(await workflow.run(ctx=load_context(workflow, sys.argv[1], "talk")))

asyncio.run(main())
"""


class Counting(Workflow):
    """Counts its runs."""

    @step
    async def count(self, ctx: Context, ev: StartEvent) -> StopEvent:
        count = await ctx.store.get("count", default=0) + 1
        await ctx.store.set("count", count)
        return StopEvent(result=count)


async def counted() -> tuple[Counting, Context]:
    workflow = Counting()
    ctx = Context(workflow)
    assert await workflow.run(ctx=ctx) == 1
    return workflow, ctx


async def test_a_run_goes_on_where_the_last_one_ended(store: Spot) -> None:
    workflow, ctx = await counted()
    await save_context(ctx, store, "talk")
    assert await workflow.run(ctx=load_context(workflow, store, "talk")) == 2
    assert await workflow.run(ctx=load_context(workflow, store, "talk")) == 2


async def test_another_process_goes_on(tmp_path: Path) -> None:
    _, ctx = await counted()
    path = tmp_path / "contexts.db"
    await save_context(ctx, path, "talk")
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS.format(counting=getsource(Counting)), str(path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "2\n"


async def test_the_last_save_of_a_key_counts(store: Spot) -> None:
    workflow, ctx = await counted()
    await save_context(ctx, store, "talk")
    await workflow.run(ctx=ctx)
    await save_context(ctx, store, "talk")
    await save_context(ctx, store, "other")
    assert await workflow.run(ctx=load_context(workflow, store, "talk")) == 3
    found = sorted((row.func_name, row.input_id) for row in store.parts.store.db.find(TaskFilter()))
    assert found == [("llama_index.Context", "other"), ("llama_index.Context", "talk")]


def test_an_unknown_key_is_refused_with_the_way_out(store: Spot) -> None:
    with pytest.raises(UnknownContext, match="no context is kept under 'talk'; keep one first with"):
        load_context(Counting(), store, "talk")


async def test_a_state_that_json_can_not_hold_is_refused_with_the_way_out(store: Spot) -> None:
    workflow, ctx = await counted()
    await ctx.store.set("lock", threading.Lock())
    with pytest.raises(SerializationError, match=r"the context of 'talk' can't be kept .*; keep in its state only"):
        await save_context(ctx, store, "talk")
    with pytest.raises(UnknownContext):
        load_context(workflow, store, "talk")


async def test_one_that_is_damaged_is_not_taken_for_unknown(store: Spot) -> None:
    workflow, ctx = await counted()
    await save_context(ctx, store, "talk")
    (task,) = store.parts.store.db.find(TaskFilter())
    store.parts.store.db.put(task._replace(result_data=b"\xc1\xc1"))
    with pytest.raises(DamagedEntryError, match="the context that is kept under 'talk' can't be read; "):
        load_context(workflow, store, "talk")


@pytest.mark.parametrize("content", [{"version": 99}, {"version": 2, "state": {"state_data": "["}}, ["odd"]])
async def test_one_that_llamaindex_can_not_read_is_told_of_as_well(store: Spot, content: Any) -> None:
    workflow, ctx = await counted()
    await save_context(ctx, store, "talk")
    (task,) = store.parts.store.db.find(TaskFilter())
    label = Label(task.cache_key, task.func_name, "talk", task.version, 0.0)
    store.parts.store.write(label, content, store.parts.serializer)
    with pytest.raises(
        DamagedEntryError, match=r"under 'talk' can't be read by Counting \(.*; expected one that a work"
    ):
        load_context(workflow, store, "talk")


def test_a_database_that_can_not_be_read_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        load_context(Counting(), tmp_path / "file" / "contexts.db", "talk")


async def test_what_waits_for_the_database_is_there_while_it_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    away = Spot("away", db=tmp_path / "file" / "a.db", storage=tmp_path)
    workflow, ctx = await counted()
    with pytest.raises(StorageError):
        await save_context(ctx, away, "talk")
    assert await workflow.run(ctx=load_context(workflow, away, "talk")) == 2
    (tmp_path / "file").unlink()


async def test_a_key_is_any_text_and_nothing_else(store: Spot) -> None:
    workflow, ctx = await counted()
    for key in ("\ud800", "", "x" * 1000):
        await save_context(ctx, store, key)
        assert load_context(workflow, store, key)
    with pytest.raises(ConfigurationError, match="key got None; give a text"):
        await save_context(ctx, store, None)  # type: ignore[arg-type]


class Order(BaseModel):
    """What a step of a user's may keep."""

    dish: str


class Orders(BaseModel):
    """The state of a workflow."""

    served: list[Order] = Field(default_factory=list)


class Ordered(Event):
    """What goes from step to step."""

    order: Order


class Kitchen(Workflow):
    """Has a state and events of its own."""

    @step
    async def take(self, ctx: Context[Orders], ev: StartEvent) -> Ordered:
        return Ordered(order=Order(dish=ev.dish))

    @step
    async def serve(self, ctx: Context[Orders], ev: Ordered) -> StopEvent:
        async with ctx.store.edit_state() as state:
            state.served.append(ev.order)
        return StopEvent(result=[order.dish for order in state.served])


class Guest(HumanResponseEvent):
    """What a step waits for, and no step names."""


class Asking(Workflow):
    """Asks somebody."""

    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> StopEvent:
        asked = InputRequiredEvent(prefix="who?")
        kind = Guest if ev.get("kind") == "guest" else HumanResponseEvent
        answer = await ctx.wait_for_event(kind, waiter_event=asked, waiter_id="who")
        return StopEvent(result=answer.response)


async def kept_while_asking(store: Spot, **given: Any) -> None:
    run = Asking().run(**given)
    async for event in run.stream_events():
        if isinstance(event, InputRequiredEvent):
            break
    await save_context(run.ctx, store, "talk")
    await run.cancel_run()


async def test_a_class_that_a_row_names_is_neither_imported_nor_made(
    store: Spot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "of_a_row.py").write_text(
        "class Thing:\n    class_name = 1\n    __init__ = print\n    def to_dict(self): return {}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    workflow, ctx = await counted()
    await ctx.store.set("thing", importlib.import_module("of_a_row").Thing())
    await save_context(ctx, store, "talk")
    monkeypatch.delitem(sys.modules, "of_a_row")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=r"holds 'of_a_row\.Thing', .* `allowed_types=\(Thing,\)`"):
            load_context(workflow, store, "talk")
    assert "of_a_row" not in sys.modules
    assert store.parts.store.db.find(TaskFilter())


async def test_an_object_of_ones_own_class_comes_back_where_it_is_allowed(store: Spot) -> None:
    workflow, ctx = await counted()
    await ctx.store.set("orders", [Order(dish="soba")])
    await save_context(ctx, store, "talk")
    again = load_context(workflow, store, "talk", allowed_types=(Order,))
    assert await again.store.get("orders") == [Order(dish="soba")]
    assert await workflow.run(ctx=again) == 2
    with pytest.raises(ConfigurationError, match=r"allowed_types got \('os.system',\); give classes, such as"):
        load_context(workflow, store, "talk", allowed_types=("os.system",))  # type: ignore[arg-type]


async def test_messages_and_nodes_come_back(store: Spot) -> None:
    workflow, ctx = await counted()
    said, node = ChatMessage("hello"), TextNode(text="a", id_="1")
    await ctx.store.set("said", [said, {"node": node}])
    await save_context(ctx, store, "talk")
    assert await load_context(workflow, store, "talk").store.get("said") == [said, {"node": node}]


async def test_a_state_and_events_that_the_steps_name_come_back(store: Spot) -> None:
    workflow = Kitchen()
    ctx: Context[Orders] = Context(workflow)
    assert await workflow.run(ctx=ctx, dish="soba") == ["soba"]
    await save_context(ctx, store, "talk")
    assert await workflow.run(ctx=load_context(workflow, store, "talk"), dish="udon") == ["soba", "udon"]


async def test_what_a_text_quotes_is_no_class(store: Spot) -> None:
    workflow, ctx = await counted()
    quoted = json.dumps({"__is_component": True, "value": {}, "qualified_name": "of_a_row.Thing"})
    await ctx.store.set("said", quoted)
    await save_context(ctx, store, "talk")
    assert await load_context(workflow, store, "talk").store.get("said") == quoted


async def test_a_person_answers_after_the_context_was_loaded(store: Spot) -> None:
    await kept_while_asking(store)
    workflow = Asking()
    run = workflow.run(ctx=load_context(workflow, store, "talk"))
    assert run.ctx is not None
    run.ctx.send_event(HumanResponseEvent(response="Aki"))
    assert await run == "Aki"


async def test_an_event_that_only_a_step_waits_for_has_to_be_allowed(store: Spot) -> None:
    await kept_while_asking(store, kind="guest")
    workflow = Asking()
    with pytest.raises(ConfigurationError, match=r"Guest', .* `allowed_types=\(Guest,\)`"):
        load_context(workflow, store, "talk")
    run = workflow.run(ctx=load_context(workflow, store, "talk", allowed_types=[Guest]))
    assert run.ctx is not None
    run.ctx.send_event(Guest(response="Aki"))
    assert await run == "Aki"


async def test_of_a_chat_memory_the_messages_can_be_kept(store: Spot) -> None:
    class Remembers(Workflow):
        @step
        async def end(self, ctx: Context[Any], ev: StartEvent) -> StopEvent:
            memory = ChatMemoryBuffer.from_defaults(chat_history=[ChatMessage("hello")])
            await ctx.store.set("memory", memory.get_all() if ev.get("all") else memory)
            return StopEvent()

    for is_all in (False, True):
        await (run := Remembers().run(all=is_all))
        with nullcontext() if is_all else pytest.raises(SerializationError, match=r"ChatMemoryBuffer .*get_all\(\)"):
            await save_context(run.ctx, store, "talk")
    [message] = await load_context(Remembers(), store, "talk").store.get("memory")
    assert message.content == "hello"


@pytest.mark.filterwarnings(
    # An agent of LlamaIndex looks at every name of itself, also those that pydantic means to remove.
    "ignore::pydantic.warnings.PydanticDeprecationWarning",
    "ignore:Skipping serialization of known unserializable key",
)
@pytest.mark.parametrize("kept_at", [2, 4, 6])
@pytest.mark.parametrize("kind", [FunctionAgent, AgentWorkflow])
async def test_an_agent_goes_on_from_any_of_its_steps(store: Spot, kind: type[Any], kept_at: int) -> None:
    agent = FunctionAgent(llm=MockFunctionCallingLLM(), tools=[add])
    workflow = AgentWorkflow(agents=[agent], root_agent=agent.name) if kind is AgentWorkflow else agent
    run = workflow.run(user_msg="add")
    count = 0
    async for _ in run.stream_events():
        count += 1
        if count == kept_at:
            await save_context(run.ctx, store, "talk")
    said = str(await run)
    again = load_context(workflow, store, "talk")
    await again.store.set("memory", ChatMemoryBuffer.from_defaults())  # which LlamaIndex leaves out
    assert str(await workflow.run(ctx=again)) == said
