"""A graph with a slow node and a marked function as another: a second graph, or process, runs neither again."""

import time
from typing import TypedDict

from beautyspot import Spot
from langchain_beautyspot import BeautySpotNodeCache, stable_key
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import CachePolicy

spot = Spot("langgraph_nodes")


class State(TypedDict, total=False):
    topic: str
    notes: list[str]
    summary: str


def research(state: State) -> State:
    time.sleep(0.3)  # stands for a search
    return {"notes": [f"{state['topic']} wears black", f"{state['topic']} moves the scenery"]}


@spot.mark
def summarize(state: State, config: RunnableConfig) -> State:  # the config has no part in the key
    time.sleep(0.3 * config["metadata"]["langgraph_step"])  # stands for a model
    return {"summary": "; ".join(state["notes"])}


if __name__ == "__main__":
    for run in ("first", "second"):
        graph = StateGraph(State).add_node("research", research, cache_policy=CachePolicy(key_func=stable_key))
        graph.add_node("summarize", summarize).add_edge(START, "research").add_edge("research", "summarize")
        app = graph.add_edge("summarize", END).compile(cache=BeautySpotNodeCache(spot))
        started = time.perf_counter()
        print(f"{run} run: {app.invoke({'topic': 'kuroko'})['summary']!r} after {time.perf_counter() - started:.2f} s")
