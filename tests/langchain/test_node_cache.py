"""What nodes and tasks of LangGraph wrote, kept."""

import copy
import gc
import multiprocessing
import operator
import os
import pickle
import subprocess
import sys
import threading
from collections import UserDict, deque
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from beautyspot import CacheReadWarning, CacheSaveWarning, CacheWarning, Spot, UnkeyableArgument
from beautyspot.records import TaskFilter
from beautyspot.testing import FrozenClock
from langchain_beautyspot import BeautySpotNodeCache, classes, stable_key
from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import CachePolicy, Send

KEY = (("__pregel_ns_writes", "module.node", "node"), "abc")


class State(TypedDict):
    messages: Annotated[list[Any], add_messages]


@pytest.fixture
def cache(spot: Spot) -> BeautySpotNodeCache:
    return BeautySpotNodeCache(spot)


class Model:
    """A node that answers, and counts how often."""

    def __init__(self) -> None:
        self.calls = 0

    def answer(self, state: State) -> dict[str, Any]:
        self.calls += 1
        question = state["messages"][-1].content
        return {"messages": [AIMessage(f"answer to {question}", id=f"run-{self.calls}")]}

    async def answer_async(self, state: State) -> dict[str, Any]:
        return self.answer(state)


def graph(node: Any, cache: BeautySpotNodeCache, name: str = "model", ttl: int | None = None, **options: Any) -> Any:
    policy = CachePolicy(key_func=stable_key, ttl=ttl)
    builder = StateGraph(State).add_node(name, node, cache_policy=policy).add_edge(START, name).add_edge(name, END)
    return builder.compile(cache=cache, **options)


def ask(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


def test_a_second_graph_on_the_same_file_runs_no_node(cache: BeautySpotNodeCache, spot: Spot) -> None:
    model = Model()
    first = graph(model.answer, cache).invoke(ask("hi"))
    second = graph(model.answer, BeautySpotNodeCache(spot)).invoke(ask("hi"))
    assert model.calls == 1
    assert [message.content for message in second["messages"]] == [message.content for message in first["messages"]]
    assert type(second["messages"][-1]) is AIMessage


async def test_sync_and_async_runs_share_what_is_kept(cache: BeautySpotNodeCache) -> None:
    model = Model()
    await graph(model.answer_async, cache).ainvoke(ask("hi"))
    await graph(model.answer_async, cache).ainvoke(ask("hi"))
    assert model.calls == 1


def test_a_thread_that_asks_the_same_again_keeps_every_turn(cache: BeautySpotNodeCache) -> None:
    model = Model()

    def last(state: State) -> dict[str, Any]:
        return model.answer({"messages": state["messages"][-1:]})

    policy = CachePolicy(key_func=lambda state: stable_key(state["messages"][-1]))
    builder = StateGraph(State).add_node("model", last, cache_policy=policy).add_edge(START, "model")
    app = builder.compile(cache=cache, checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    for text in ("q", "other", "q"):
        state = app.invoke(ask(text), config)
    assert [message.content for message in state["messages"]] == [
        "q", "answer to q", "other", "answer to other", "q", "answer to q"
    ]  # fmt: skip
    assert model.calls == 2


def test_a_pickled_cache_finds_what_was_kept(cache: BeautySpotNodeCache) -> None:
    cache.set({KEY: ([("a", 1)], None)})
    assert pickle.loads(pickle.dumps(cache)).get([KEY]) == {KEY: [("a", 1)]}
    assert copy.deepcopy(cache) is cache


def test_tasks_are_kept(cache: BeautySpotNodeCache) -> None:
    calls: list[int] = []

    @task(cache_policy=CachePolicy(key_func=stable_key))
    def double(number: int) -> int:
        calls.append(number)
        return 2 * number

    @entrypoint(cache=cache)
    def flow(number: int) -> int:
        return double(number).result() + double(number + 1).result()

    assert [flow.invoke(1), flow.invoke(1), flow.invoke(2)] == [6, 6, 10]
    assert calls == [1, 2, 3]


def test_what_is_sent_to_other_nodes_is_kept(cache: BeautySpotNodeCache) -> None:
    class Sums(TypedDict):
        number: int
        total: Annotated[int, operator.add]

    planned: list[int] = []

    def route(state: Sums) -> list[Send]:
        return [Send("add", {"number": number}) for number in range(state["number"])]

    def plan(state: Sums) -> dict[str, Any]:
        planned.append(state["number"])
        return {}

    builder = StateGraph(Sums).add_node("plan", plan, cache_policy=CachePolicy(key_func=stable_key))
    builder.add_node("add", lambda state: {"total": state["number"]})
    builder.add_edge(START, "plan").add_conditional_edges("plan", route, ["add"])
    app = builder.compile(cache=cache)
    assert [app.invoke({"number": 4, "total": 0})["total"] for _ in range(2)] == [6, 6]
    assert planned == [4]


def test_a_kept_node_expires(cache: BeautySpotNodeCache, clock: FrozenClock) -> None:
    model = Model()
    app = graph(model.answer, cache, ttl=60)
    app.invoke(ask("hi"))
    clock.advance(61)
    app.invoke(ask("hi"))
    assert model.calls == 2


def test_clearing_one_node_leaves_the_others(cache: BeautySpotNodeCache) -> None:
    model = Model()
    app, other = graph(model.answer, cache), graph(model.answer, cache, name="other, and more")
    for each in (app, other):
        each.invoke(ask("hi"))
    other.clear_cache()
    for each in (app, other):
        each.invoke(ask("hi"))
    assert model.calls == 3


async def test_clearing_everything_leaves_other_namespaces(cache: BeautySpotNodeCache, spot: Spot) -> None:
    tenant = BeautySpotNodeCache(spot, namespace="b")
    for each in (cache, tenant):
        each.set({KEY: ([("a", 1)], None)})
    await cache.aclear()
    assert (cache.get([KEY]), tenant.get([KEY])) == ({}, {KEY: [("a", 1)]})


def test_commas_and_other_signs_in_names_mix_nothing_up(cache: BeautySpotNodeCache) -> None:
    keys = [(("a,b", "c"), "k"), (("a", "b,c"), "k"), (("a", "b", "c"), "k"), (("a", 'b","c'), "k")]
    cache.set({key: (deque([("x", number)]), None) for number, key in enumerate(keys)})
    assert cache.get(keys) == {key: [("x", number)] for number, key in enumerate(keys)}
    cache.clear([keys[0][0]])
    assert [*cache.get(keys)] == keys[1:]


def test_what_cannot_be_kept_costs_a_warning_and_the_graph_goes_on(cache: BeautySpotNodeCache) -> None:
    class Opaque:
        pass

    class Holds(TypedDict):
        thing: Any

    builder = StateGraph(Holds).add_node(
        "make", lambda _: {"thing": Opaque()}, cache_policy=CachePolicy(key_func=stable_key)
    )
    app = builder.add_edge(START, "make").compile(cache=cache)
    with pytest.warns(CacheSaveWarning, match="register_type"):
        assert isinstance(app.invoke({"thing": 0})["thing"], Opaque)


class Unreadable(UserDict[str, Any]):
    def __getitem__(self, name: str) -> Any:
        raise LookupError(name)


class Unnamed:
    def __str__(self) -> str:
        raise LookupError("no name")


@dataclass
class Node:
    parent: "Node | None"
    children: "list[Node]"


def written(kind: str) -> Any:
    """Return what a node may write and nobody can look through."""
    itself: list[Any] = []
    itself.append(itself)
    deep: Any = 0
    for _ in range(2 * sys.getrecursionlimit()):
        deep = [deep]
    tree = Node(None, [])
    tree.children.append(Node(tree, []))
    kinds = {"itself": itself, "deep": deep, "tree": tree, "keys": {Unnamed(): 1}, "table": Unreadable(a=1)}
    return kinds[kind]


@pytest.mark.parametrize("kind", ["itself", "deep", "tree", "keys", "table"])
async def test_what_cannot_be_looked_through_is_not_kept_and_the_graph_goes_on(
    cache: BeautySpotNodeCache, kind: str
) -> None:
    class Holds(TypedDict):
        thing: Any

    policy = CachePolicy(key_func=stable_key)
    builder = StateGraph(Holds).add_node("make", lambda _: {"thing": written(kind)}, cache_policy=policy)
    app = builder.add_edge(START, "make").compile(cache=cache)
    with pytest.warns(CacheSaveWarning, match="langgraph.*make.*could.*not"):
        assert app.invoke({"thing": 0})["thing"] != 0
    assert (await app.ainvoke({"thing": 0}))["thing"] != 0


def test_what_can_be_kept_is_beside_what_cannot(cache: BeautySpotNodeCache) -> None:
    other = (KEY[0], "other")
    with pytest.warns(CacheSaveWarning):
        cache.set({KEY: ([("a", written("itself"))], None), other: ([("a", 1)], None)})
    assert cache.get([KEY, other]) == {other: [("a", 1)]}


def test_registered_classes_come_back_as_they_were(cache: BeautySpotNodeCache, spot: Spot) -> None:
    @dataclass
    class Plan:
        steps: list[str]

    spot.register_type(Plan)
    cache.set({KEY: ([("plan", Plan(["a"]))], None)})
    assert cache.get([KEY]) == {KEY: [("plan", Plan(["a"]))]}


def test_the_removal_of_a_message_is_not_kept(cache: BeautySpotNodeCache) -> None:
    cache.set({KEY: ([("messages", [RemoveMessage(id="a")])], None)})
    assert cache.get([KEY]) == {}


def test_a_database_in_trouble_stops_no_graph(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    model = Model()
    cache = BeautySpotNodeCache(tmp_path / "file" / "g.db")
    with pytest.warns((CacheReadWarning, CacheSaveWarning)):
        assert len(graph(model.answer, cache).invoke(ask("hi"))["messages"]) == 2
    (tmp_path / "file").unlink()


def test_a_damaged_row_runs_the_node_again(cache: BeautySpotNodeCache, spot: Spot) -> None:
    cache.set({KEY: ([("a", 1)], None)})
    (row,) = spot.parts.store.db.find(TaskFilter())
    spot.parts.store.db.put(row._replace(result_data=b"\xc1", checksum=None))
    with pytest.warns(CacheReadWarning):
        assert cache.get([KEY]) == {}


@pytest.mark.parametrize("value", [[1], [["a"]], [[1, 2]], [["a", 1, 2]], 5, None, {"a": 1}], ids=repr)
def test_a_row_that_is_nothing_a_node_writes_runs_it_again(cache: BeautySpotNodeCache, spot: Spot, value: Any) -> None:
    cache.set({KEY: ([("a", 1)], None)})
    (row,) = spot.parts.store.db.find(TaskFilter())
    spot.parts.store.db.put(row._replace(result_data=spot.parts.serializer.dumps(value), checksum=None))
    with pytest.warns(CacheReadWarning, match="not what a node writes"):
        assert cache.get([KEY]) == {}


STATE = "{'b': {1, 'x'}, 'a': (1, 2.0, None), 'messages': [HumanMessage('q', id=new()), AIMessage('a', id=new())]}"
SCRIPT = f"""
from langchain_core.messages import AIMessage, HumanMessage
from langchain_beautyspot import stable_key
from uuid import uuid4
new = lambda: str(uuid4())
print(stable_key({STATE}, x=1))
"""


GRAPH = """
import sys
from langchain_beautyspot import BeautySpotNodeCache, classes, stable_key
from langgraph.graph import START, StateGraph
from langgraph.types import CachePolicy

def research(state: dict) -> dict:
    print(sys.argv[0])
    return {}

builder = StateGraph(dict).add_edge(START, "research")
builder.add_node("research", research, cache_policy=CachePolicy(key_func=stable_key))
graph = builder.compile(cache=BeautySpotNodeCache("g.db"))
graph.invoke({"topic": "masks"})
"""


@pytest.mark.slow
def test_a_script_shares_what_its_nodes_wrote_with_itself_and_no_other_script(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    for name in ("one.py", "two.py", "app/__init__.py", "app/__main__.py"):
        (tmp_path / name).write_text("" if "init" in name else GRAPH)
    said = [
        subprocess.run([sys.executable, *by], cwd=tmp_path, capture_output=True, text=True, check=True).stdout.split()
        for by in (["one.py"], ["two.py"], ["one.py"], ["-m", "app"], ["-c", "import app.__main__"])
    ]
    assert said == [["one.py"], ["two.py"], [], [str(tmp_path / "app/__main__.py")], []]


def test_the_key_is_the_same_in_every_process_and_for_every_id() -> None:
    keys = set()
    for seed in ("0", "1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True
        )
        keys.add(run.stdout or run.stderr)
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 32


def test_the_key_tells_contents_apart() -> None:
    values: list[Any] = [1, 1.0, "1", True, [1], (1,), {"a": 1}, HumanMessage("1"), AIMessage("1"), AIMessage("2")]
    assert len({stable_key(value) for value in values}) == len(values)


def test_an_input_without_content_is_refused_and_not_keyed_by_its_address() -> None:
    with pytest.raises(UnkeyableArgument, match="give the node or task a key_func"):
        stable_key(object())


def redact(state: State) -> dict[str, Any]:
    return {"messages": [AIMessage("REDACTED", id=state["messages"][-1].id)]}


def clean(state: State) -> dict[str, Any]:
    return {"messages": [HumanMessage("cleaned", id=state["messages"][0].id), AIMessage("new")]}


def whole(state: State) -> dict[str, Any]:
    return {"messages": [*state["messages"], AIMessage("answer")]}


@pytest.mark.parametrize("ids", [("h", "a"), (None, None)], ids=["the same ids", "ids of each run"])
@pytest.mark.parametrize(
    ("node", "expected"),
    [(redact, ["q", "REDACTED"]), (clean, ["cleaned", "secret", "new"]), (whole, ["q", "secret", "answer"])],
)
async def test_a_kept_node_edits_the_messages_of_now(
    cache: BeautySpotNodeCache, spot: Spot, node: Any, expected: list[str], ids: tuple[str | None, str | None]
) -> None:
    calls: list[int] = []

    def counted(state: State) -> dict[str, Any]:
        calls.append(1)
        return node(state)

    def given() -> dict[str, Any]:
        return {"messages": [HumanMessage("q", id=ids[0]), AIMessage("secret", id=ids[1])]}

    states = [graph(counted, each).invoke(given()) for each in (cache, BeautySpotNodeCache(spot))]
    states.append(await graph(counted, cache).ainvoke(given()))
    assert [[message.content for message in state["messages"]] for state in states] == [expected] * 3
    assert len(calls) == 1


def test_an_edit_is_no_hit_where_the_node_is_given_other_messages(cache: BeautySpotNodeCache) -> None:
    policy = CachePolicy(key_func=lambda _: "the same for all")
    app = StateGraph(State).add_node("n", redact, cache_policy=policy).add_edge(START, "n").compile(cache=cache)
    for texts in (["q"], ["q", "r"]):
        state = app.invoke({"messages": [AIMessage(text) for text in texts]})
        assert [message.content for message in state["messages"]] == [*texts[:-1], "REDACTED"]


def test_messages_of_an_unknown_input_are_not_kept(cache: BeautySpotNodeCache) -> None:
    with pytest.warns(CacheWarning, match="which of them it was given"):
        cache.set({KEY: ([("messages", [AIMessage("x", id="a")])], None)})
    assert cache.get([KEY]) == {}


def test_inputs_are_forgotten_with_their_tasks(cache: BeautySpotNodeCache) -> None:
    model = Model()
    graph(model.answer, cache).invoke(ask("hi"))
    gc.collect()
    assert not cache._inputs._known


def test_documents_within_a_message_come_back_as_documents(cache: BeautySpotNodeCache) -> None:
    found = ToolMessage("found", tool_call_id="1", artifact=[Document("d", metadata={"of": Document("e")})])
    writes = [("messages", [found])]
    cache.set({KEY: (writes, None)})
    assert cache.get([KEY]) == {KEY: writes}


def test_an_object_within_a_message_is_not_kept_as_a_dict(cache: BeautySpotNodeCache) -> None:
    @dataclass
    class Plan:
        steps: list[str]

    with pytest.warns(CacheSaveWarning, match="register_type"):
        cache.set({KEY: ([("messages", [AIMessage("x", response_metadata={"plan": Plan([])})])], None)})
    assert cache.get([KEY]) == {}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # Python 3.12 on forks beside threads
def test_a_forked_child_makes_a_cache_though_a_thread_of_its_parent_was_making_one(tmp_path: Path) -> None:
    held, go = threading.Event(), threading.Event()

    def make_slowly() -> None:
        with classes._lock:
            held.set()
            go.wait()

    threading.Thread(target=make_slowly).start()
    held.wait()
    child = multiprocessing.get_context("fork").Process(target=BeautySpotNodeCache, args=(tmp_path / "child.db",))
    child.start()
    child.join(30)
    go.set()
    child.kill()
    child.join()
    assert child.exitcode == 0
