"""What is made through the class of a model that has a cache is the plain model."""

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from beautyspot import Spot
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import cache_embedding, cache_llm, cache_postprocessor
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.llms import MockLLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.schema import NodeWithScore, TextNode


def fields(model: Any) -> dict[str, Any]:
    names = ("max_tokens", "embed_dim", "similarity_cutoff")
    return {name: getattr(model, name) for name in names if hasattr(model, name)}


MAKERS: dict[str, Callable[[Any], Any]] = {
    "constructed": lambda model: type(model)(**fields(model)),
    "from_dict": lambda model: type(model).from_dict(model.to_dict()),
    "from_json": lambda model: type(model).from_json(model.to_json()),
    "model_validate": lambda model: type(model).model_validate(fields(model)),
    "model_construct": lambda model: type(model).model_construct(**fields(model)),
    "derived": lambda model: type("Derived", (type(model),), {})(**fields(model)),
}


def kept(store: Spot) -> list[Any]:
    return [*store.parts.store.db.find(TaskFilter())]


def ranked(postprocessor: Any) -> list[str]:
    nodes = [NodeWithScore(node=TextNode(text="a"), score=0.9), NodeWithScore(node=TextNode(text="b"), score=0.1)]
    return [each.text for each in postprocessor.postprocess_nodes(nodes, query_str="q")]


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_it_answers_and_keeps_nothing(make: Callable[[Any], Any], store: Spot) -> None:
    llm = make(cache_llm(MockLLM(max_tokens=2), store))
    embedding = make(cache_embedding(MockEmbedding(embed_dim=2), store))
    postprocessor = make(cache_postprocessor(SimilarityPostprocessor(similarity_cutoff=0.5), store))
    assert llm.complete("z").text == "text text"
    assert [chunk.delta for chunk in llm.stream_complete("z")] == ["text ", "text"]
    assert embedding.get_text_embedding_batch(["x"]) == [embedding.get_text_embedding("x")] == [[0.5, 0.5]]
    assert ranked(postprocessor) == ["a"]
    assert not kept(store)


def test_it_is_of_the_models_own_class_and_can_get_a_cache_itself(store: Spot) -> None:
    made = type(cache_llm(MockLLM(), store))()
    assert type(made) is type(pickle.loads(pickle.dumps(made))) is MockLLM
    cached = cache_llm(made, store)
    assert type(cached) is not MockLLM
    assert cached.complete("z").text == cached.complete("z").text == "z"
    assert len(kept(store)) == 1


def test_what_derives_from_its_class_has_methods_of_its_own(store: Spot) -> None:
    class Loud(type(cache_llm(MockLLM(), store))):
        mark: str = "!"

        def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
            return super().complete(prompt + self.mark, formatted, **kwargs)

    assert Loud().complete("z").text == "z!"
    cached = cache_llm(Loud(), store)
    assert [cached.complete("z").text for _ in range(2)] == ["z!", "z!"]
    assert isinstance(cached, Loud)
    assert isinstance(cached, MockLLM)
