"""Models of the user's own, whose classes say nothing of their settings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.errors import CacheSaveWarning
from langchain.agents import create_agent
from langchain_beautyspot import BeautySpotCache, CacheMiddleware
from langchain_beautyspot.model_fields import is_secret
from langchain_core.language_models import LLM, BaseChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import SecretStr


class Chat(BaseChatModel):
    style: str = "a"
    options: dict[str, Any] = {}  # noqa: RUF012 - pydantic gives each model its own
    api_key: SecretStr = SecretStr("k")

    @property
    def _llm_type(self) -> str:
        return "chat"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        said = f"{self.style} {self.options}"
        return ChatResult(generations=[ChatGeneration(message=AIMessage(said))])


class Text(LLM):
    style: str = "a"

    @property
    def _llm_type(self) -> str:
        return "text"

    def _call(self, *_: Any, **__: Any) -> str:
        return self.style


@dataclass
class Style:
    words: list[str] = field(default_factory=lambda: ["a"])


class Described(Chat):
    of: Style = Style()

    @classmethod
    def is_lc_serializable(cls) -> bool:
        return True

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(f"{self.of} {self.options}"))])


@pytest.mark.parametrize("class_", [Chat, Text])
async def test_the_cache_tells_models_of_other_settings_apart(tmp_path: Path, class_: Any) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    answers = [class_(style=style, cache=cache).invoke("q") for style in "abab"]
    answers.append(await class_(style="b", cache=cache).ainvoke("q"))
    assert [getattr(answer, "text", answer)[0] for answer in answers] == [*"ababb"]
    assert cache.stats()[:2] == (3, 2)


def test_a_mark_tells_models_of_other_settings_apart(tmp_path: Path) -> None:
    spot = Spot("m", db=tmp_path / "m.db")
    models = [Chat(style="a"), Chat(style="b")]
    assert [spot.mark(model).invoke("q").text[0] for model in models] == ["a", "b"]
    assert [spot.mark(model | (lambda message: message.text)).invoke("q")[0] for model in models] == ["a", "b"]


def test_agents_tell_models_of_other_settings_apart(tmp_path: Path) -> None:
    def ask(style: str) -> str:
        agent = create_agent(Chat(style=style), middleware=[CacheMiddleware(tmp_path / "m.db")])
        return agent.invoke({"messages": [HumanMessage("q")]})["messages"][-1].text[0]

    assert [ask("a"), ask("b")] == ["a", "b"]


@pytest.mark.parametrize(
    ("names", "is_one"),
    [
        (("openai_api_key", "azure_ad_token", "azure_ad_async_token_provider", "credential", "aws_credentials"), True),
        (("load_tokens", "thread_key", "max_tokens", "tokenizer", "keywords", "password_policy"), False),
    ],
    ids=["keys", "settings"],
)
def test_a_key_is_known_by_its_name_and_a_setting_is_none(names: tuple[str, ...], is_one: bool) -> None:
    assert [is_secret(name, "a") for name in names] == [is_one] * len(names)
    assert not any(is_secret(name, 1) for name in names)


def test_a_secret_tells_nothing_apart(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    for key in "xy":
        Chat(api_key=SecretStr(key), cache=cache).invoke("q")
    assert cache.stats().hits == 1


@pytest.mark.parametrize("class_", [Chat, Described])
def test_a_default_that_is_changed_in_place_is_another_setting(tmp_path: Path, class_: Any) -> None:
    model = class_(cache=BeautySpotCache(tmp_path / "a.db"))
    first = model.invoke("q").text
    model.options["t"] = 1
    assert first.endswith("{}")
    assert model.invoke("q").text.endswith("{'t': 1}")


def test_a_dataclass_that_is_changed_in_place_is_another_setting(tmp_path: Path) -> None:
    model = Described(of=Style(), cache=BeautySpotCache(tmp_path / "a.db"))
    model.invoke("q")
    model.of.words.append("b")
    assert "'b'" in model.invoke("q").text


class Counting(BaseChatModel):
    asked: list[str] = []  # noqa: RUF012 - as above
    count: int = 0
    style: str = "plain"

    @property
    def _llm_type(self) -> str:
        return "counting"

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        self.asked.append(messages[-1].text)
        self.count += 1
        return ChatResult(generations=[ChatGeneration(message=AIMessage(self.style))])


def test_a_model_that_counts_its_calls_is_asked_once_for_each_question(tmp_path: Path) -> None:
    for run in range(2):
        model = Counting(cache=BeautySpotCache(tmp_path / "a.db"))
        for question in ("a", "b", "a", "b"):
            model.invoke(question)
        assert model.count == (0 if run else 2)
    assert Counting(cache=BeautySpotCache(tmp_path / "a.db"), style="rude").invoke("a").text == "rude"


class Interrupted(Counting):
    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        given = super()._generate(messages, stop, run_manager, **kwargs)
        if messages[-1].text == "a" and self.style == "plain":
            self.style = "rude"  # another thread's doing, who then asks something else
            self.invoke("b")
        return given


def test_an_answer_is_not_kept_where_a_setting_changed_meanwhile(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    with pytest.warns(CacheSaveWarning, match="changed while it was asked"):
        Interrupted(cache=cache).invoke("a")
    assert Interrupted(cache=cache, style="rude").invoke("a").text == "rude"
    assert Interrupted(cache=cache, style="rude").invoke("b").text == "rude"
    assert cache.stats().hits == 1


def test_an_agent_keeps_no_answer_where_a_setting_changed_meanwhile(tmp_path: Path) -> None:
    spot = Spot("a", db=tmp_path / "a.db")
    question: Any = {"messages": [HumanMessage("a")]}
    with pytest.warns(CacheSaveWarning, match="changed while it was asked"):
        create_agent(Interrupted(), middleware=[CacheMiddleware(spot)]).invoke(question)
    model = Interrupted()
    model.style = "plain"
    with pytest.warns(CacheSaveWarning, match="changed while it was asked"):
        create_agent(model, middleware=[CacheMiddleware(Spot("a", db=tmp_path / "a.db"))]).invoke(question)
    assert model.asked == ["a", "b"]


def test_fields_that_change_in_any_way_fail_no_call(tmp_path: Path) -> None:
    class Restless(Counting, extra="allow"):
        last: Any = 1
        spent: dict[str, float] = {}  # noqa: RUF012 - as above
        total: int = 0

        def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
            self.spent[messages[-1].text] = 0.5
            self.total = self.total + 1
            self.more = self.total
            return super()._generate(messages, stop, run_manager, **kwargs)

    cache = BeautySpotCache(tmp_path / "a.db")
    for _ in range(2):
        model = Restless(cache=cache, more="extra")
        for question in ("a", "b", "a", "c"):
            model.invoke(question)
    assert (cache.stats().hits, cache.stats().misses) == (5, 3)


def test_a_setting_that_another_thread_raised_once_still_tells_models_apart(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    counts = []
    for count in (1, 2):
        model = Chat(cache=cache, options={"k": count})
        model.invoke("a")
        model.options["k"] = count + 5
        model.invoke("a")
        counts.append(cache.stats().misses)
    assert counts == [2, 4]


@pytest.mark.parametrize("way", ["middleware", "mark"])
def test_agents_and_marks_hit_though_a_model_counts_its_calls(tmp_path: Path, way: str) -> None:
    for run in range(2):
        spot, model = Spot("a", db=tmp_path / "a.db"), Counting()
        asked: Any = (
            create_agent(model, middleware=[CacheMiddleware(spot)]) if way == "middleware" else spot.mark(model)
        )  # pyright: ignore[reportArgumentType]
        for question in ("a", "b", "a"):
            asked.invoke({"messages": [HumanMessage(question)]} if way == "middleware" else question)
        assert model.count == (0 if run else 2)


class Adding(Counting):
    """Puts each question into the request that it was given."""

    body: dict[str, str] = {}  # noqa: RUF012 - as above
    temperature: float = 0.0

    def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
        self.body["question"] = messages[-1].text
        if len(self.asked) > 5:  # of an answer that it doesn't like
            self.temperature += 0.5
        given = super()._generate(messages, stop, run_manager, **kwargs)
        given.generations[0].message.content = f"{self.asked} {self.count} {self.body} {self.temperature}"
        return given


GIVEN: list[dict[str, Any]] = [
    {}, {"count": 5}, {"asked": ["be rude"]}, {"asked": ["be kind"]}, {"body": {"model": "m1"}}, {"temperature": 1.0}
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*changed while it was asked:beautyspot.CacheSaveWarning")
def test_what_a_model_was_given_tells_it_from_others_though_its_code_adds_to_it(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    answers = [Adding(cache=cache, **given).invoke("a").text for given in (*GIVEN, {})]
    assert (len({*answers}), answers[0] == answers[-1], cache.stats().hits) == (len(GIVEN), True, 1)


def test_a_model_that_counts_on_from_what_it_was_given_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    with pytest.warns(CacheSaveWarning, match="changed while it was asked"):
        Counting(cache=BeautySpotCache(tmp_path / "a.db"), count=5).invoke("a")
