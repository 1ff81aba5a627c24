"""An agent with a slow model and a slow tool, twice: the second run asks neither, whichever process makes it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from beautyspot import Spot
from llama_index.callbacks.beautyspot import cache_llm
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.tools import FunctionTool

spot = Spot("llama_index_agent")


def temperature(city: str) -> str:
    """Measure the temperature of a city."""
    time.sleep(0.3)
    return f"21 °C in {city}"


async def slow_model(messages: Sequence[ChatMessage], **_: Any) -> AsyncIterator[ChatMessage]:
    await asyncio.sleep(0.3)  # stands for a model that is slow and paid
    call = ToolCallBlock(tool_call_id=str(time.time()), tool_name="temperature", tool_kwargs={"city": "Kyoto"})
    asks = messages[-1].role != "tool"
    yield ChatMessage(role="assistant", blocks=[call] if asks else [], content=None if asks else "Mild: 21 °C.")


async def ask(question: str) -> str:
    model = MockFunctionCallingLLM(response_generator=lambda *args, **options: slow_model(*args, **options))
    agent = FunctionAgent(tools=[spot.mark(FunctionTool.from_defaults(temperature))], llm=cache_llm(model, spot))
    return str(await agent.run(question))


if __name__ == "__main__":
    for run in ("first", "second"):
        started = time.perf_counter()
        print(f"{run} run: {asyncio.run(ask('How warm is Kyoto?'))!r} after {time.perf_counter() - started:.2f} s")
