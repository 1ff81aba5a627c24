"""Caches for the models of `Settings`."""

from collections.abc import Iterator
from typing import Any

import pytest
from beautyspot import ConfigurationError, Spot
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import ReplayMiss, cache_llm, install_llm_cache
from llama_index.core import MockEmbedding, Settings
from llama_index.core.llms import MockLLM

# LlamaIndex imports it wherever it is installed.
pytestmark = pytest.mark.filterwarnings("ignore:.*langchain-community:DeprecationWarning")


@pytest.fixture(autouse=True)
def settings() -> Iterator[None]:
    """Models in `Settings`, and what was there before afterwards."""
    before: dict[str, Any] = {name: getattr(Settings, name) for name in ("_llm", "_embed_model", "_callback_manager")}
    Settings.llm, Settings.embed_model = MockLLM(), MockEmbedding(3)
    yield
    for name, value in before.items():
        setattr(Settings, name, value)


def names(spot: Spot) -> set[str]:
    return {row.func_name.partition(".")[2].partition(".")[0] for row in spot.parts.store.db.find(TaskFilter())}


def test_in_a_block_both_models_have_a_cache(store: Spot) -> None:
    llm, embed_model = Settings.llm, Settings.embed_model
    with install_llm_cache(store):
        assert Settings.llm is not llm
        Settings.llm.complete("a")
        Settings.embed_model.get_query_embedding("a")
    assert names(store) == {"MockLLM", "MockEmbedding"}
    assert (Settings.llm, Settings.embed_model) == (llm, embed_model)
    assert Settings.llm is llm


def test_without_a_block_they_have_it_until_it_is_taken_away(store: Spot) -> None:
    llm = Settings.llm
    installed = install_llm_cache(store, mode="replay_only")
    with pytest.raises(ReplayMiss):
        Settings.llm.complete("a")
    installed.uninstall()
    installed.uninstall()
    assert Settings.llm is llm


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_several_are_taken_away_in_any_order(store: Spot, order: tuple[int, ...]) -> None:
    before = Settings.llm, Settings.embed_model
    installed = [install_llm_cache(store) for _ in order]
    for place in order:
        installed[place].uninstall()
    assert Settings.llm is before[0]
    assert Settings.embed_model is before[1]


def test_what_somebody_set_since_stays(store: Spot) -> None:
    embed_model, chosen = Settings.embed_model, MockLLM()
    with install_llm_cache(store):
        Settings.llm = chosen
    assert Settings.llm is chosen
    assert Settings.embed_model is embed_model


def test_what_cannot_be_resolved_is_left_alone(store: Spot, monkeypatch: pytest.MonkeyPatch) -> None:
    """As LlamaIndex's default is without a key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    Settings._llm = Settings._embed_model = None  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ConfigurationError, match=r"neither a language model nor an embedding model; set Settings\.llm"):
        install_llm_cache(store)
    Settings.llm = MockLLM()
    with install_llm_cache(store):
        Settings.llm.complete("a")
    assert names(store) == {"MockLLM"}


def test_a_model_that_has_a_cache_gets_this_one(store: Spot, tmp_path: Any) -> None:
    Settings.llm = cache_llm(MockLLM(), tmp_path / "other.db")
    with install_llm_cache(store):
        Settings.llm.complete("a")
    assert names(store) == {"MockLLM"}


def test_a_wrong_argument_changes_nothing(store: Spot) -> None:
    llm = Settings.llm
    with pytest.raises(ConfigurationError, match="mode got 'fast'"):
        install_llm_cache(store, mode="fast")  # type: ignore[arg-type]
    assert Settings.llm is llm
