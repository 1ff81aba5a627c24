"""What `spot.mark` makes of LangChain's own objects, and of functions that LangChain calls."""

import copy
import pickle
import threading
from pathlib import Path
from typing import Annotated, Any

import pytest
from beautyspot import CacheSaveWarning, ConfigurationError, Spot, UnkeyableArgument
from beautyspot.records import TaskFilter
from langchain_core.callbacks import BaseCallbackHandler, CallbackManagerForToolRun
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, Runnable, RunnableConfig, RunnableLambda, RunnableParallel
from langchain_core.tools import BaseTool, InjectedToolArg, InjectedToolCallId, StructuredTool, tool
from langgraph.graph import START, StateGraph
from langgraph.prebuilt import InjectedState, InjectedStore, ToolNode, ToolRuntime
from langgraph.runtime import Runtime
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command, StreamWriter


@pytest.fixture
def spot(tmp_path: Path) -> Spot:
    return Spot("m", db=tmp_path / "m.db", storage=tmp_path / "blobs")


@pytest.fixture
def calls() -> list[Any]:
    return []


def model(*responses: str) -> FakeListChatModel:
    return FakeListChatModel(responses=list(responses))


def test_a_marked_chain_is_a_runnable_that_asks_once(spot: Spot) -> None:
    chain = ChatPromptTemplate.from_template("tell of {thing}") | model("one", "two") | StrOutputParser()
    marked = spot.mark(chain)
    assert isinstance(marked, Runnable)
    assert [marked.invoke({"thing": "a"}), marked.invoke({"thing": "a"}), marked.invoke({"thing": "b"})] == [
        "one", "one", "two"
    ]  # fmt: skip


async def test_sync_and_async_calls_and_batches_share_what_is_kept(spot: Spot, calls: list[Any]) -> None:
    marked = spot.mark(RunnableLambda(lambda text: calls.append(text) or text.upper()))
    assert marked.invoke("a") == await marked.ainvoke("a") == "A"
    assert marked.batch(["a", "b", "a"]) == await marked.abatch(["a", "b", "a"]) == ["A", "B", "A"]
    assert sorted(calls) == ["a", "b"]


async def test_a_stream_is_replayed_chunk_by_chunk(spot: Spot) -> None:
    marked = spot.mark(model("abc", "xyz"))
    streams = [[chunk.content for chunk in marked.stream("hi") if chunk.content] for _ in range(2)]
    assert streams == [["a", "b", "c"]] * 2
    assert [chunk.content async for chunk in marked.astream("hi") if chunk.content] == ["a", "b", "c"]


def test_the_chunks_of_a_replayed_stream_are_one_message_with_a_new_id(spot: Spot) -> None:
    marked = spot.mark(model("abc"))
    ids = [{chunk.id for chunk in marked.stream("hi")} for _ in range(2)]
    assert [len(each) for each in ids] == [1, 1]
    assert ids[0] != ids[1]


def test_an_abandoned_stream_is_not_kept(spot: Spot) -> None:
    marked = spot.mark(model("abc", "xyz"))
    stream = marked.stream("hi")
    next(stream)
    stream.close()
    assert "".join(chunk.content for chunk in marked.stream("hi")) == "xyz"


def test_an_answer_that_is_given_again_has_a_new_id(spot: Spot) -> None:
    marked = spot.mark(model("a"))
    first, second = marked.invoke("hi"), marked.invoke("hi")
    assert (type(second), second.content) == (AIMessage, first.content)
    assert first.id != second.id


def test_a_marked_runnable_takes_part_in_chains_and_traces(spot: Spot) -> None:
    class Names(BaseCallbackHandler):
        def __init__(self) -> None:
            self.names: list[str] = []

        def on_chain_start(self, *_: Any, name: str = "", **__: Any) -> None:
            self.names.append(name)

    def shout(text: str) -> str:
        return text.upper()

    chain = spot.mark(RunnableLambda(shout)) | RunnableLambda(lambda text: text + "!")
    first, second = Names(), Names()
    assert chain.invoke("a", {"callbacks": [first]}) == chain.invoke("a", {"callbacks": [second]}) == "A!"
    assert first.names.count("shout") == 2
    assert second.names.count("shout") == 1


def test_runnables_that_do_other_things_share_nothing(spot: Spot) -> None:
    runnables: list[Any] = [
        RunnableLambda(lambda text: text + "1"), RunnableLambda(lambda text: text + "2"),
        RunnableParallel(a=lambda text: text), RunnableParallel(b=lambda text: text),
        model("x"), model("x") | StrOutputParser(),
    ]  # fmt: skip
    answers = [spot.mark(each).invoke("q") for each in runnables]
    assert answers[:4] == ["q1", "q2", {"a": "q"}, {"b": "q"}]
    assert (answers[4].content, answers[5]) == ("x", "x")


def test_a_configured_model_is_another_one(spot: Spot) -> None:
    chain: Any = model("a").configurable_fields(responses=ConfigurableField(id="responses"))
    marked: Any = spot.mark(chain)
    assert marked.invoke("q").content == "a"
    assert marked.invoke("q", {"configurable": {"responses": ["other"]}}).content == "other"


def test_a_model_that_was_changed_within_a_marked_chain_is_another_one(spot: Spot) -> None:
    inner = model("a")
    marked = spot.mark(inner | StrOutputParser())
    assert [marked.invoke("q"), marked.invoke("q")] == ["a", "a"]
    inner.responses[0] = "b"
    assert [marked.invoke("q"), marked.invoke("q")] == ["b", "b"]


class Changer(BaseCallbackHandler):
    """Changes a setting of a model once it has answered, as another thread may while it does."""

    def __init__(self, model: FakeListChatModel) -> None:
        self.model = model

    def on_llm_end(self, response: Any, **_: Any) -> None:
        self.model.responses[:] = ["changed"]


async def said(runnable: Runnable[Any, Any], way: str, config: RunnableConfig) -> str:
    """Return what a Runnable says in one of the four ways."""
    match way:
        case "invoke":
            return runnable.invoke("q", config)
        case "ainvoke":
            return await runnable.ainvoke("q", config)
        case "stream":
            return "".join(runnable.stream("q", config))
        case _:
            return "".join([chunk async for chunk in runnable.astream("q", config)])


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "astream"])
async def test_an_answer_during_which_a_setting_changed_is_given_and_not_kept(way: str, spot: Spot) -> None:
    inner = model("a")
    marked = spot.mark(inner | StrOutputParser())
    with pytest.warns(CacheSaveWarning, match="a setting of the model changed while it was asked"):
        assert await said(marked, way, {"callbacks": [Changer(inner)]}) == "a"
    inner.responses[:] = ["a"]
    assert [*spot.parts.store.find(TaskFilter())] == []
    assert [await said(marked, way, {}) for _ in range(2)] == ["a", "a"]
    assert len([*spot.parts.store.find(TaskFilter())]) == 1


def test_a_runnable_is_marked_once(spot: Spot) -> None:
    marked = spot.mark(RunnableLambda(str.upper))
    with pytest.raises(ConfigurationError, match="marked already; take one"):
        spot.mark(marked)


def test_a_part_without_content_needs_a_version(spot: Spot) -> None:
    opaque = object()
    runnable = RunnableLambda(lambda _: str(type(opaque)))
    with pytest.raises(UnkeyableArgument, match="version="):
        spot.mark(runnable)
    assert spot.mark(version="1")(runnable).invoke("a") == str(object)


def test_an_error_is_the_callers_and_not_kept(spot: Spot, calls: list[Any]) -> None:
    def fail(text: str) -> str:
        calls.append(text)
        raise LookupError(text)

    marked = spot.mark(RunnableLambda(fail))
    for _ in range(2):
        with pytest.raises(LookupError):
            marked.invoke("a")
    assert calls == ["a", "a"]


def test_the_keywords_of_mark_count_for_runnables_too(spot: Spot, calls: list[Any]) -> None:
    marked: Any = spot.mark(
        input_key_fn=lambda given: given["id"], cache_if=lambda answer: answer != "no", tags=("t",)
    )(RunnableLambda(lambda given: calls.append(given["id"]) or given["say"]))
    for given in ({"id": 1, "say": "yes"}, {"id": 1, "say": "other"}, {"id": 2, "say": "no"}, {"id": 2, "say": "no"}):
        marked.invoke(given)
    assert calls == [1, 2, 2]
    assert spot.invalidate(tags=["t"]) == 1


def test_a_marked_tool_is_the_same_tool_that_runs_once(spot: Spot, calls: list[Any]) -> None:
    @spot.mark
    @tool
    def add(a: int, b: int = 2) -> int:
        """Add two numbers."""
        calls.append(a)
        return a + b

    assert isinstance(add, StructuredTool)
    assert (add.name, add.description, sorted(add.args)) == ("add", "Add two numbers.", ["a", "b"])
    assert [add.invoke({"a": 1}), add.invoke({"a": 1, "b": 2}), add.invoke({"a": 1, "b": 3})] == [3, 3, 4]
    assert calls == [1, 1]


async def test_a_marked_coroutine_tool_runs_once(spot: Spot, calls: list[Any]) -> None:
    @spot.mark
    @tool
    async def add(a: int) -> int:
        """Add."""
        calls.append(a)
        return a + 1

    assert [await add.ainvoke({"a": 1}) for _ in range(2)] == [2, 2]
    assert calls == [1]


def test_the_message_of_a_kept_result_answers_the_call_of_now(spot: Spot, calls: list[Any]) -> None:
    @spot.mark
    @tool(response_format="content_and_artifact")
    def search(word: str) -> tuple[str, list[int]]:
        """Search."""
        calls.append(word)
        return word, [1]

    @spot.mark
    @tool
    def message(word: str, call_id: Annotated[str, InjectedToolCallId]) -> ToolMessage:
        """Tell."""
        calls.append(word)
        return ToolMessage(word, tool_call_id=call_id)

    for each in (search, message):
        answers = [each.invoke({"name": "x", "args": {"word": "a"}, "id": id_, "type": "tool_call"}) for id_ in "12"]
        assert [(answer.content, answer.tool_call_id) for answer in answers] == [("a", "1"), ("a", "2")]
    assert calls == ["a", "a"]


def test_a_command_is_not_kept(spot: Spot, calls: list[Any]) -> None:
    @spot.mark
    @tool
    def go(a: int) -> Any:
        """Go."""
        calls.append(a)
        return Command(goto="there")

    for _ in range(2):
        go.invoke({"a": 1})
    assert calls == [1, 1]


class Multiply(BaseTool):
    """A tool by a class."""

    name: str = "multiply"
    description: str = "Multiply."
    factor: int = 2
    calls: list[int] = []  # noqa: RUF012 - a field of pydantic's

    def _run(self, a: int, run_manager: CallbackManagerForToolRun | None = None) -> int:
        assert run_manager is not None
        type(self).CALLS.append(a)
        return a * self.factor


Multiply.CALLS = []  # type: ignore[attr-defined]


async def test_a_tool_by_a_class_stays_one_and_its_settings_count(spot: Spot) -> None:
    Multiply.CALLS.clear()  # type: ignore[attr-defined]
    double, triple = spot.mark(Multiply()), spot.mark(Multiply(factor=3))
    assert isinstance(double, Multiply)
    assert [double.invoke({"a": 2}), double.invoke({"a": 2}), triple.invoke({"a": 2})] == [4, 4, 6]
    assert await double.ainvoke({"a": 2}) == 4
    assert Multiply.CALLS == [2, 2]  # type: ignore[attr-defined]


def test_a_tool_is_marked_once(spot: Spot) -> None:
    @spot.mark
    @tool
    def add(a: int) -> int:
        """Add."""
        return a

    with pytest.raises(ConfigurationError, match="marked already"):
        spot.mark(add)


def test_what_a_tool_node_injects_is_no_part_of_the_key(spot: Spot, calls: list[Any]) -> None:
    @tool
    @spot.mark
    def look(word: str, runtime: ToolRuntime, store: Annotated[Any, InjectedStore()]) -> str:
        """Look."""
        calls.append(word)
        assert runtime.tool_call_id
        return f"{word} {type(store).__name__}"

    builder = StateGraph(dict).add_node("tools", ToolNode([look], messages_key="messages")).add_edge(START, "tools")
    app = builder.compile(store=InMemoryStore())
    for id_ in ("1", "2"):
        call: Any = {"name": "look", "args": {"word": "a"}, "id": id_, "type": "tool_call"}
        state = app.invoke({"messages": [HumanMessage(id_), AIMessage("", tool_calls=[call])]})
        assert [message.content for message in state["messages"]] == ["a InMemoryStore"]
    assert calls == ["a"]


@pytest.mark.parametrize("made", ["a tool", "a function"])
def test_whoever_a_tool_is_run_for_gets_no_answer_of_another(spot: Spot, made: str) -> None:
    def mails(word: str, user: Annotated[str, InjectedToolArg], of: Annotated[str, InjectedState("user")] = "") -> str:
        """Search the mails."""
        return f"{word} in mails of {user}{of}"

    marked = spot.mark(StructuredTool.from_function(mails)) if made == "a tool" else spot.mark(mails)
    asked: list[dict[str, str]] = [{"word": "a", "user": "ann"}, {"word": "a", "user": "bob"}]
    asked.append({"word": "a", "user": "", "of": "carl"})
    answers = [marked.invoke(each) if isinstance(marked, StructuredTool) else marked(**each) for each in asked]
    assert answers == [f"a in mails of {who}" for who in ("ann", "bob", "carl")]


def test_a_tool_with_state_that_has_no_content_says_how_to_leave_it_out(spot: Spot) -> None:
    @spot.mark
    @tool
    def look(word: str, state: Annotated[dict[str, Any], InjectedState]) -> str:
        """Look."""
        return word

    with pytest.raises(UnkeyableArgument, match=r"state.*ignore="):
        look.invoke({"word": "a", "state": {"client": object()}})


def test_what_a_graph_injects_is_no_part_of_the_key(spot: Spot, calls: list[Any]) -> None:
    @spot.mark
    def node(
        state: dict[str, Any], config: RunnableConfig, *, runtime: Runtime[Any], store: BaseStore, writer: StreamWriter
    ) -> dict[str, Any]:
        calls.append((config["configurable"]["thread_id"], store is not None, runtime.store is store))
        writer("told")
        return {"n": state["n"] + 1}

    app = StateGraph(dict).add_node("node", node).add_edge(START, "node").compile(store=InMemoryStore())
    first, second = ({"configurable": {"thread_id": thread}} for thread in "12")
    assert app.invoke({"n": 1}, first) == {"n": 2}
    assert [*app.stream({"n": 1}, second, stream_mode=["custom", "values"])][-1] == ("values", {"n": 2})
    assert calls == [("1", True, True)]


def test_annotations_as_text_count_too(spot: Spot, calls: list[Any]) -> None:
    @spot.mark
    def shout(text: str, config: "RunnableConfig | None" = None, other: "Unknown | None" = None) -> str:  # noqa: F821
        calls.append(text)
        return text.upper()

    runnable = RunnableLambda(shout)
    assert [runnable.invoke("a", {"tags": [tag]}) for tag in "xy"] == ["A", "A"]
    assert calls == ["a"]


def test_arguments_of_the_users_own_stay_in_the_key(spot: Spot) -> None:
    @spot.mark
    def ask(text: str, config: dict[str, int], store: str, previous: int) -> str:
        return f"{text}{config}{store}{previous}"

    assert len({ask("a", {"t": 1}, "s", 1), ask("a", {"t": 2}, "s", 1), ask("a", {"t": 1}, "r", 1)}) == 3


def test_a_tool_that_is_told_its_caller_may_have_a_key_of_its_users(spot: Spot) -> None:
    def look(city: str, callbacks: Any = None) -> str:
        return city

    marked = spot.mark(input_key_fn=lambda city, callbacks=None: city.lower())(
        StructuredTool.from_function(look, description="Look.")
    )
    assert [marked.invoke({"city": city}) for city in ("Rome", "ROME")] == ["Rome", "Rome"]


def looped() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(("asked", "why"), [(looped(), "holds itself"), (threading.Lock(), "has no content")])
def test_an_input_without_content_is_refused_with_the_next_step(spot: Spot, asked: Any, why: str) -> None:
    marked = spot.mark(RunnableLambda(lambda text: text))
    with pytest.raises(UnkeyableArgument, match=f"'RunnableLambda' was asked with a .*{why}.*input_key_fn="):
        marked.invoke(asked)


class Shout(BaseTool):
    name: str = "shout"
    description: str = "Shout."

    def _run(self, text: str) -> str:
        return text.upper()


@pytest.mark.parametrize("thing", [model("one"), Shout()])
def test_what_is_marked_says_why_it_is_not_pickled(spot: Spot, thing: Any) -> None:
    with pytest.raises(TypeError, match=r"can't be pickled.*pickle what is below the mark and mark it there"):
        pickle.dumps(spot.mark(thing))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize(("thing", "asked"), [(model("one", "two"), "hi"), (Shout(), {"text": "hi"})])
def test_a_copy_of_what_is_marked_finds_what_that_kept(spot: Spot, copied: Any, thing: Any, asked: Any) -> None:
    marked = spot.mark(thing)
    answers = [getattr(each.invoke(asked), "text", "HI") for each in (marked, copied(marked))]
    assert answers[0] == answers[1]
    assert len(list(spot.parts.store.db.find(TaskFilter()))) == 1
