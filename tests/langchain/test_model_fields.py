"""Models of the user's own, whose classes say nothing of their settings."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.records import TaskFilter
from langchain.agents import create_agent
from langchain_beautyspot import BeautySpotCache, CacheMiddleware
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


def test_an_answer_is_kept_under_the_settings_it_was_asked_with(tmp_path: Path) -> None:
    cache = BeautySpotCache(tmp_path / "a.db")
    assert Interrupted(cache=cache).invoke("a").text == "plain"
    assert Interrupted(cache=cache, style="rude").invoke("a").text == "rude"
    again = Interrupted(cache=cache)
    assert again.invoke("a").text == "plain"
    assert again.count == 0


def test_a_setting_that_grows_less_is_no_count(tmp_path: Path) -> None:
    class Spending(Counting):
        budget: int = 9

        def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
            self.budget -= 1
            return super()._generate(messages, stop, run_manager, **kwargs)

    cache = BeautySpotCache(tmp_path / "a.db")
    Spending(cache=cache).invoke("a")
    other = Spending(cache=cache, budget=3)
    other.invoke("a")
    assert other.count == 1


def test_fields_that_change_in_any_way_lose_no_answer(tmp_path: Path) -> None:
    class Restless(Counting, extra="allow"):
        log: list[str] | None = None
        last: Any = 1

        def _generate(self, messages: Any, stop: Any = None, run_manager: Any = None, **kwargs: Any) -> ChatResult:
            self.log = [*(self.log or []), "asked"]
            self.last = [self.last]
            self.asked = self.asked[1:]
            return super()._generate(messages, stop, run_manager, **kwargs)

    cache = BeautySpotCache(tmp_path / "a.db")
    model = Restless(cache=cache, more="extra")
    for question in ("a", "b", "c"):
        model.invoke(question)
    again = Restless(cache=cache, more="extra")
    again.invoke("a")
    assert again.count == 0
    assert len([*cache.spot.parts.store.db.find(TaskFilter())]) == 3


def test_a_model_that_began_to_count_elsewhere_hits_in_its_next_run(tmp_path: Path) -> None:
    for run in range(2):
        model = Counting(cache=BeautySpotCache(tmp_path / "a.db"), count=5)
        for question in ("a", "b", "a", "b"):
            model.invoke(question)
        assert model.count == (5 if run else 7)
