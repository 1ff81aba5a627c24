"""Models of the user's own whose fields hold objects, and whose classes share a type."""

import ctypes
import itertools
import operator
import subprocess
import sys
import threading
import warnings
from collections import UserDict
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest
import requests
import tenacity
from beautyspot import CacheSaveWarning, CacheWarning, Spot, UnkeyableArgument
from langchain.agents import create_agent  # pyright: ignore[reportUnknownVariableType] - of whatever state
from langchain_beautyspot import BeautySpotCache, CacheMiddleware
from langchain_beautyspot.descriptions import Descriptions
from langchain_beautyspot.model_texts import model_text
from langchain_core.caches import BaseCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import LLM, BaseChatModel
from langchain_core.language_models.fake_chat_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_openai import AzureChatOpenAI, ChatOpenAI
from openai import OpenAI
from pydantic import Field

ASKED: list[Any] = []


class Engine:
    """What a model of the user's asks; it has a lock, a client from its first call on, and counts."""

    def __init__(self, name: Any) -> None:
        self.name, self.calls, self.api_key = name, 0, "secret"
        self.lock, self.client = threading.Lock(), None
        self.retrying = tenacity.Retrying(stop=tenacity.stop_after_attempt(3))

    @cached_property
    def length(self) -> int:
        return len(str(self.name))

    def ask(self, *_: Any) -> str:
        self.calls += self.length > 0
        ASKED.append(self.name)
        self.client = OpenAI(api_key="k")
        return str(self.name)

    __call__ = ask


class Chat(BaseChatModel):
    engine: Any
    options: dict[str, Any] = {}  # noqa: RUF012 - pydantic gives each model its own

    @property
    def _llm_type(self) -> str:
        return "chat"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        said = self.engine() if callable(self.engine) else self.engine[0]()
        return ChatResult(generations=[ChatGeneration(message=AIMessage(f"{said} {[*self.options.values()][1:]}"))])


class Described(Chat):
    @classmethod
    def is_lc_serializable(cls) -> bool:
        return True


class Text(LLM):
    engine: Any

    @property
    def _llm_type(self) -> str:
        return "text"

    def _call(self, *_: Any, **__: Any) -> str:
        return self.engine.ask()


WAYS: dict[str, Callable[[str], Any]] = {
    "object": Engine,
    "method": lambda name: Engine(name).ask,
    "partial": lambda name: partial(Engine(name).ask, 1),
    "lambda": lambda name: (lambda engine: lambda: engine.ask())(Engine(name)),
    "list": lambda name: [Engine(name)],
}


def by_cache(model: Any, folder: Path) -> str:
    model.cache = BeautySpotCache(folder / "c.db")
    return model.invoke("q").text


def by_agent(model: Any, folder: Path) -> str:
    agent: Any = create_agent(model, middleware=[CacheMiddleware(folder / "a.db")])
    return agent.invoke({"messages": [HumanMessage("q")]})["messages"][-1].text


def by_mark(model: Any, folder: Path) -> str:
    spot: Any = Spot("m", db=folder / "m.db")
    return spot.mark(model).invoke("q").text


@pytest.fixture(params=[by_cache, by_agent, by_mark])
def ask(request: pytest.FixtureRequest) -> Iterator[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield request.param


@pytest.mark.parametrize(
    ("class_", "way"), [*((Chat, way) for way in WAYS), (Described, "object"), (Described, "list")]
)
def test_models_with_other_objects_give_their_own_answers_and_equal_ones_hit(
    tmp_path: Path, ask: Any, class_: Any, way: str
) -> None:
    ASKED.clear()
    answers = [ask(class_(engine=WAYS[way](name)), tmp_path) for name in ("small", "large", "small", "large")]
    assert [answer.split()[0] for answer in answers] == ["small", "large"] * 2
    assert ASKED == ["small", "large"]


def last(*engines: Engine) -> str:
    return engines[-1].ask()


def closing(*engines: Engine) -> Callable[[], str]:
    return lambda: last(*engines)


@pytest.mark.parametrize("hold", [partial(partial, last), closing], ids=["partial", "closure"])
def test_which_object_a_field_holds_twice_counts(tmp_path: Path, ask: Any, hold: Callable[..., Any]) -> None:
    engines = {name: Engine(name) for name in ("small", "large")}
    answers = [ask(Chat(engine=hold(*engines.values(), engines[name])), tmp_path) for name in ("small", "large")]
    assert answers == ["small []", "large []"]


def test_an_object_that_counts_and_makes_its_client_late_keeps_its_answers(tmp_path: Path, ask: Any) -> None:
    engines = [Engine("small"), Engine("small")]
    for engine in engines:
        model = Chat(engine=engine)
        assert [ask(model, tmp_path), ask(model, tmp_path)] == ["small []"] * 2
    assert [engine.client is not None for engine in engines] == [True, False]


class Late(Chat):
    """Makes its client at the first call."""

    url: str = "http://a.test/v1"
    api_key: str = "abc"
    headers: dict[str, str] = {"X-Route": "a"}  # noqa: RUF012 - pydantic gives each model its own
    client: Any = None

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        ASKED.append(self.url)
        self.client = self.client or self.engine(self)
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.url))])


def of_openai(model: Any) -> OpenAI:
    return OpenAI(base_url=model.url, api_key=model.api_key)


def of_requests(model: Any) -> requests.Session:
    session = requests.Session()
    session.headers.update({"Authorization": f"Bearer {model.api_key}", "Content-Type": "application/json"})
    return session


def of_httpx(model: Any) -> httpx.Client:
    return httpx.Client(base_url=model.url, headers=model.headers)


@pytest.mark.parametrize("make", [of_openai, of_requests, of_httpx])
def test_a_model_that_makes_its_client_late_keeps_its_first_answer(tmp_path: Path, ask: Any, make: Any) -> None:
    ASKED.clear()
    for _ in range(2):
        model = Late(engine=make)
        assert [ask(model, tmp_path), ask(model, tmp_path)] == ["http://a.test/v1"] * 2
    assert ask(Late(engine=make, client=OpenAI(base_url="http://b.test", api_key="k")), tmp_path) == "http://a.test/v1"
    assert ask(Late(engine=make, url="http://b.test"), tmp_path) == "http://b.test"
    traced = {"x-route": "a", "traceparent": "1", "X-Api-Key": "k"}
    for headers in (traced, {"X-Route": "b"}):
        assert ask(Late(engine=make, headers=headers), tmp_path) == "http://a.test/v1"
    assert ASKED == ["http://a.test/v1", "http://a.test/v1", "http://b.test", "http://a.test/v1"]


def test_a_part_that_is_an_object_hides_no_other_part(tmp_path: Path, ask: Any) -> None:
    answers = [ask(Chat(engine=Engine("e"), options={"e": threading.Lock(), "t": t}), tmp_path) for t in (0, 1, 0)]
    assert answers == ["e [0]", "e [1]", "e [0]"]


def test_a_text_model_and_an_object_that_is_changed_in_place_are_told_too(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    assert [Text(engine=Engine(name), cache=cache).invoke("q") for name in "aba"] == [*"aba"]
    model = Chat(engine=Engine("a"), cache=cache)
    before, model.engine.name = model.invoke("q").text, "b"
    assert (before, model.invoke("q").text, cache.stats().hits) == ("a []", "b []", 1)


def test_a_model_that_nothing_tells_from_others_is_asked_each_time_with_one_warning(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    models = [Chat(engine=Engine(iter([name])), cache=cache) for name in "ab"]
    with pytest.warns(CacheWarning) as told:
        _ = [model.invoke("q") for model in models * 2]
    assert len(told) == 1
    assert "field 'engine' of 'Chat'" in str(told[0].message)
    assert "Field(exclude=True)" in str(told[0].message)
    assert ([model.engine.calls for model in models], cache.stats().errors) == ([2, 2], 0)


def test_a_model_of_langchains_that_says_what_an_iterator_gives_is_asked_each_time(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    models = [GenericFakeChatModel(messages=iter([AIMessage(text)]), cache=cache) for text in "ab"]
    with pytest.warns(CacheWarning, match=r"'messages' of 'GenericFakeChatModel'.*of LangChain's own derive one"):
        assert [model.invoke("q").text for model in models] == [*"ab"]


def test_an_agent_asks_such_a_model_each_time_and_a_mark_wants_a_version(tmp_path: Path) -> None:
    model = Chat(engine=Engine(iter("a")))
    with pytest.warns(CacheWarning, match=r"field 'engine' of 'Chat'.*made each time"):
        by_agent(model, tmp_path)
    with pytest.raises(UnkeyableArgument, match=r"field 'engine' of 'Chat'.*version="):
        by_mark(model, tmp_path)
    mark: Any = Spot("m", db=tmp_path / "m.db").mark(version="1")
    marked = mark(model)
    assert marked.invoke("q").text == marked.invoke("q").text
    assert model.engine.calls == 2


class Loading(Engine):
    """Has something of which no key can be made from its first call on."""

    def ask(self, *_: Any) -> str:
        self.network = iter(self.name)
        return self.name

    __call__ = ask


def test_what_becomes_untold_while_it_is_asked_is_given_and_not_kept(tmp_path: Path) -> None:
    with pytest.warns(CacheWarning, match=r"engine|changed"):
        assert by_cache(Chat(engine=Loading("a")), tmp_path) == "a []"
    with pytest.warns(CacheSaveWarning, match="changed"):
        assert by_agent(Chat(engine=Loading("a")), tmp_path) == "a []"


class Saying(Engine):
    def __repr__(self) -> str:
        return f"Saying({next(self.name)})"


class Excluded(Chat):
    engine: Any = Field(exclude=True)


def test_a_repr_that_says_it_or_an_excluded_field_make_it_keyable(tmp_path: Path, ask: Any) -> None:
    class Named(Saying):
        def __repr__(self) -> str:
            return "Named(a)"

    for engine in (Named(iter("a")), Named(iter("b"))):
        ask(Chat(engine=engine), tmp_path)
    excluded = [Excluded(engine=Engine(iter(name))) for name in "ab"]
    assert ask(excluded[0], tmp_path) == ask(excluded[1], tmp_path)


class Router(BaseChatModel):
    inner: Any

    @property
    def _llm_type(self) -> str:
        return "router"

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self.inner.invoke(messages))])


def test_a_model_within_a_model_counts_by_what_it_is(tmp_path: Path, ask: Any) -> None:
    said = [ask(Router(inner=FakeListChatModel(responses=[each])), tmp_path) for each in "aba"]
    assert said == [*"aba"]


def test_models_of_a_type_that_two_classes_share_answer_for_themselves(tmp_path: Path) -> None:
    class Other(FakeListChatModel):
        def _call(self, *args: Any, **kwargs: Any) -> str:
            return "other " + super()._call(*args, **kwargs)

    class Custom(Text):
        def _call(self, *_: Any, **__: Any) -> str:
            return "custom"

    cache, engine = BeautySpotCache(tmp_path / "a.db"), Engine("a")
    chats = [class_(responses=["x"], cache=cache).invoke("q").text for class_ in (FakeListChatModel, Other, Other)]
    texts = [class_(engine=engine, cache=cache).invoke("q") for class_ in (Text, Custom, Custom)]
    assert (chats, texts, cache.stats().hits) == (["x", "other x", "other x"], ["a", "custom", "custom"], 2)


def translating(language: str) -> RunnableLambda[Any, Any]:
    return RunnableLambda(lambda _: language)


def streaming(language: str) -> Runnable[Any, Any]:
    def words(asked: Iterator[Any]) -> Iterator[str]:
        yield from (language for _ in asked)

    return RunnableGenerator(words)


class Holder:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self) -> str:
        return self.inner.invoke("q")


RUNNABLES: dict[str, Callable[[str], Runnable[Any, Any]]] = {
    "function": translating,
    "generator": streaming,
    "sequence": lambda language: RunnablePassthrough() | translating(language),
    "parallel": lambda language: RunnableParallel(said=translating(language)) | operator.itemgetter("said"),
    "retry": lambda language: translating(language).with_retry(),
    "config": lambda language: translating(language).with_config(tags=["a"]),
    "fallback": lambda language: RunnableLambda(list[str].pop).with_fallbacks([translating(language)]),
}


@pytest.mark.parametrize("hold", [Holder, lambda inner: partial(inner.invoke, "q")], ids=["object", "method"])
@pytest.mark.parametrize("make", RUNNABLES.values(), ids=RUNNABLES.keys())
def test_runnables_are_told_by_what_their_functions_close_over(tmp_path: Path, ask: Any, make: Any, hold: Any) -> None:
    said = [ask(Chat(engine=hold(make(each))), tmp_path) for each in ("French", "German", "French")]
    assert said == ["French []", "German []", "French []"]


def test_a_model_with_a_runnable_in_a_field_is_asked_once(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    said = [Chat(engine=Holder(translating("a") | str.upper), cache=cache).invoke("q").text for _ in range(2)]
    assert (said, cache.stats().hits) == (["A []"] * 2, 1)


def test_marked_runnables_in_fields_are_told_by_their_own_versions(tmp_path: Path, ask: Any) -> None:
    mark: Any = Spot("inner", db=tmp_path / "inner.db").mark

    inner = {name: mark(version=name)(RunnableLambda(partial(first_of, iter([name] * 9)))) for name in "ab"}
    assert [ask(Chat(engine=Holder(inner[each])), tmp_path) for each in "aba"] == ["a []", "b []", "a []"]


def first_of(names: Iterator[str], _: str) -> str:
    return next(names)


def subclass_of(kind: Any) -> Any:
    class Own(kind):
        def __init__(self, weight: Any) -> None:
            super().__init__(weight)
            self.network = iter("a")

    return Own


class Addressed(Engine):
    def __repr__(self) -> str:
        return f"<Addressed {id(self.name):x}>"

    def __call__(self, *_: Any) -> str:
        return next(self.name)


class Around:
    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __call__(self) -> str:
        return self.inner()


def value_of(table: UserDict[str, Any]) -> str:
    return table["e"]()


def last_of(table: pa.Table) -> str:
    return table["names"][-1].as_py()


def called(estimators: Iterator[Any]) -> str:
    return next(estimators)()


def behind(address: Any) -> str:
    return address._obj.value


SHOWN: dict[str, Callable[[Any, str], Any]] = {
    "itself": lambda library, name: library.Estimator(name),
    "a subclass": lambda library, name: subclass_of(library.Estimator)(name),
    "in a table of Python's": lambda library, name: partial(value_of, UserDict(e=library.Estimator(name))),
    "in an object": lambda library, name: Around(library.Estimator(name)),
    "an address": lambda _, name: Addressed(iter([name])),
    "an address in C": lambda _, name: partial(behind, ctypes.byref(ctypes.c_wchar_p(name))),
    "a function in C": lambda _, name: partial(np.frompyfunc(lambda _: name, 1, 1), 0),
    "items in C": lambda library, name: partial(called, itertools.repeat(library.Estimator(name))),
    "a table that is cut": lambda _, name: partial(last_of, pa.table({"names": [*"0123456789" * 9, "-", name]})),
}


@pytest.mark.parametrize("make", SHOWN.values(), ids=SHOWN.keys())
def test_what_a_library_shows_of_its_objects_is_no_content(tmp_path: Path, library: Any, make: Any) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    models = [Chat(engine=make(library, name), cache=cache) for name in "ab"]
    with pytest.warns(CacheWarning, match=r"field 'engine' of 'Chat'"):
        assert [model.invoke("q").text for model in models] == ["a []", "b []"]


def width_of(kind: pa.DataType) -> str:
    return str(kind.bit_width)


def test_a_librarys_object_that_holds_nothing_counts_by_what_it_shows(tmp_path: Path, ask: Any) -> None:
    said = [ask(Chat(engine=partial(width_of, each())), tmp_path) for each in (pa.float32, pa.float64, pa.float32)]
    assert said == ["32 []", "64 []", "32 []"]


def test_an_address_of_any_spelling_is_in_no_text_of_langchains_own_models(library: Any) -> None:
    templates = [library.Template() for _ in range(2)]
    texts = {model_text(ChatOpenAI(model="m", api_key="k", model_kwargs={"seen": each})) for each in templates}
    assert len(texts) == 1


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import test_untold_models
print(test_untold_models.said_of_hosts())
"""


def said_of_hosts() -> list[Any]:
    """Return what tells models of LangChain's own classes that have objects in their fields."""
    handlers: list[BaseCallbackHandler] = [BaseCallbackHandler()]
    options: dict[str, Any] = {"api_key": "k", "http_client": httpx.Client(), "callbacks": handlers}
    azure: Any = {"azure_endpoint": "https://a.example", "api_version": "1", "azure_ad_token_provider": str}
    models: list[Any] = [
        ChatOpenAI(model="m", model_kwargs={"seen": threading.Lock()}, **options),
        AzureChatOpenAI(azure_deployment="d", **azure, **options),
        FakeListChatModel(responses=["a"], callbacks=handlers),
    ]
    descriptions = Descriptions()
    return [[model_text(model), descriptions.of(model, text)] for model in models for text in ("{}", "[]")]


def test_harmless_objects_of_langchains_own_models_leave_a_key_as_it_is_in_every_process() -> None:
    program = [sys.executable, "-c", PROGRAM, str(Path(__file__).parent)]
    said = subprocess.run(program, capture_output=True, check=True, text=True).stdout.strip()
    assert said == str(said_of_hosts())
    assert " at 0x" not in said


class Delegating(BaseCache):
    """A cache of the user's that looks up in one of ours."""

    def __init__(self, inner: BeautySpotCache) -> None:
        self.inner = inner

    def lookup(self, prompt: str, llm_string: str) -> Any:
        return self.inner.lookup(prompt, llm_string)

    def update(self, prompt: str, llm_string: str, return_val: Any) -> None:
        self.inner.update(prompt, llm_string, return_val)

    def clear(self, **kwargs: Any) -> None:
        self.inner.clear()


def test_a_model_is_known_through_a_cache_that_stands_in_front(tmp_path: Path) -> None:
    cache = Delegating(BeautySpotCache(tmp_path / "a.db"))
    answers = [Text(engine=Engine(name), cache=cache).invoke("q") for name in "aba"]
    assert (answers, cache.inner.stats().hits) == ([*"aba"], 1)
