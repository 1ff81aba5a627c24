"""Contexts of workflows that another process goes on with."""

import subprocess
import sys
import threading
from inspect import getsource
from pathlib import Path

import pytest
from beautyspot import ConfigurationError, DamagedEntryError, SerializationError, Spot, StorageError
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import UnknownContext, load_context, save_context
from llama_index.core.workflow import Context, StartEvent, StopEvent, Workflow, step

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
