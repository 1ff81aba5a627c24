"""An agent with a slow model and a slow tool, twice: the second run asks neither."""

import time

from beautyspot import Spot
from langchain.agents import create_agent
from langchain_beautyspot import CacheMiddleware, RateLimitMiddleware
from langchain_core.language_models.fake_chat_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage
from langchain_core.tools import tool

spot = Spot("langchain_agent")


class Model(FakeMessagesListChatModel):
    def bind_tools(self, *_: object, **__: object) -> "Model":
        """Take any tools."""
        return self


@tool
def temperature(city: str) -> str:
    """Measure the temperature of a city."""
    time.sleep(0.3)
    return f"21 °C in {city}"


def ask(question: str) -> str:
    call = {"name": "temperature", "args": {"city": "Kyoto"}, "id": "call_1"}
    model = Model(responses=[AIMessage("", tool_calls=[call]), AIMessage("Mild: 21 °C.")], sleep=0.3)  # slow and paid
    # The cache goes first, so that the limit paces only calls that are really made.
    middleware = [CacheMiddleware(spot, tools=["temperature"]), RateLimitMiddleware(requests_per_minute=600)]
    agent = create_agent(model, [temperature], middleware=middleware)
    return agent.invoke({"messages": [("user", question)]})["messages"][-1].text


if __name__ == "__main__":
    for run in ("first", "second"):
        started = time.perf_counter()
        print(f"{run} run: {ask('How warm is Kyoto?')!r} after {time.perf_counter() - started:.2f} s")
