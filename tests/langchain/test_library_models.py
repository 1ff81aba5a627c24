"""Models of LangChain's packages whose classes leave settings out when they say what identifies a model."""

import warnings
from typing import Any

import pytest
from langchain_beautyspot import BeautySpotCache
from langchain_beautyspot.descriptions import Descriptions
from langchain_beautyspot.errors import ReplayMiss
from langchain_beautyspot.model_texts import model_text
from langchain_core.language_models import FakeListChatModel
from langchain_core.outputs import LLMResult

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the package says that it has come to its end
    from langchain_community.chat_models import MiniMaxChat
    from langchain_community.llms import Ollama, PaiEasEndpoint

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def key_of(model: Any) -> str:
    model.cache = BeautySpotCache("memory://", mode="replay_only")
    with pytest.raises(ReplayMiss) as missed:
        model.invoke("q")
    return str(missed.value)


class Tenant(Ollama):
    tenant: str = "a"


class Talk(Ollama):
    """Counts on from what it is given."""

    history: list[str] = []  # noqa: RUF012 - pydantic gives each model its own
    turn: int = 0

    def _generate(self, prompts: list[str], *args: Any, **settings: Any) -> LLMResult:
        self.history.extend(prompts)
        self.turn += 1
        return super()._generate([*self.history, *prompts], *args, **settings)


OLLAMA: tuple[type[Any], dict[str, Any]] = Ollama, {"model": "m"}
TALK: tuple[type[Any], dict[str, Any]] = Talk, {"model": "m"}
PAI: tuple[type[Any], dict[str, Any]] = PaiEasEndpoint, {"eas_service_url": "http://a", "eas_service_token": "k"}


@pytest.mark.parametrize(
    ("of", "setting", "is_another"),
    [
        (OLLAMA, {"base_url": "http://b"}, True),
        (OLLAMA, {"headers": {"X-Tenant": "b"}}, True),
        (OLLAMA, {"headers": {"traceparent": "b"}}, False),
        (OLLAMA, {"base_url": "http://localhost:11434"}, False),
        (OLLAMA, {"timeout": 9, "verbose": True}, False),
        (PAI, {"temperature": 0.1}, True),
        ((MiniMaxChat, {"api_key": "k"}), {"base_url": "http://b"}, True),
        ((Tenant, {"model": "m"}), {"tenant": "b"}, True),
        (TALK, {"history": ["be kind"]}, True),
        (TALK, {"turn": 9}, True),
        ((FakeListChatModel, {"responses": ["a"]}), {"i": 3}, False),
    ],
    ids=[
        "address",
        "headers",
        "tracing",
        "default",
        "waiting",
        "temperature",
        "chat",
        "subclass",
        "history",
        "turn",
        "count",
    ],
)
def test_what_a_librarys_class_leaves_out_of_what_identifies_it_tells_models_apart(
    of: tuple[type[Any], dict[str, Any]], setting: dict[str, Any], is_another: bool
) -> None:
    kind, given = of
    models = [kind(**given), kind(**given, **setting)]
    assert len({key_of(model) for model in models}) == 1 + is_another
    assert len({model_text(model) for model in models}) == 1 + is_another


def test_a_setting_that_identifies_a_model_by_any_name_is_said_once() -> None:
    model = Ollama(model="m", temperature=0.1)
    said = str(sorted(model.dict().items()))
    assert Descriptions().of(model, said) == said
