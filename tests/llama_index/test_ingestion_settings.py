"""What tells one of LlamaIndex's own transformations from another, wherever it holds it."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from beautyspot import ConfigurationError, Spot
from llama_index.callbacks.beautyspot import CachedTransformation
from llama_index.core import MockEmbedding, PromptTemplate
from llama_index.core.extractors import DocumentContextExtractor, KeywordExtractor, TitleExtractor
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata, MockLLM
from llama_index.core.node_parser import (
    LangchainNodeParser,
    SemanticSplitterNodeParser,
    SentenceSplitter,
    SentenceWindowNodeParser,
    TokenTextSplitter,
)
from llama_index.core.schema import (
    BaseNode,
    Document,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
    TransformComponent,
)
from llama_index.core.storage.docstore import SimpleDocumentStore

TEXT = "One two three, four five. Six seven, eight nine."


class Labelling(TransformComponent):
    """Notes its fields, whose names elsewhere mean credentials or transport."""

    key: str = "k"
    secret: str = "s"
    verbose: bool = False

    def __call__(self, nodes: Sequence[BaseNode], **_: Any) -> Sequence[BaseNode]:
        for node in nodes:
            node.metadata["seen"] = f"{self.key} {self.secret} {self.verbose}"
        return nodes


class Echo(CustomLLM):
    """Says the beginning of what it is asked."""

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="echo")

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        return CompletionResponse(text=prompt[:9])

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
        raise NotImplementedError


class Wrapping:
    """Stands for a splitter of another library."""

    def split_text(self, text: str) -> list[str]:
        return text.split()


@pytest.fixture
def spot(tmp_path: Path) -> Iterator[Spot]:
    spot = Spot("ingestion", db=tmp_path / "ingestion.db")
    yield spot
    spot.shutdown()


def at(separator: str) -> Callable[[str], list[str]]:
    return lambda text: [part + separator for part in text.split(separator)]


def wrapped(words: str) -> Callable[[str], str]:
    return lambda prompt: words + prompt


def shown(nodes: Sequence[BaseNode]) -> list[Any]:
    return [(node.get_content(), node.metadata) for node in nodes]


def nodes() -> list[BaseNode]:
    return [TextNode(text="a b", id_="n", relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id="d")})]


@pytest.mark.parametrize("changed", [{"key": "l"}, {"secret": "t"}, {"verbose": True}])
def test_fields_count_whatever_they_are_called(changed: dict[str, Any], spot: Spot) -> None:
    plain, other = (CachedTransformation(Labelling(**each), spot)(nodes()) for each in ({}, changed))
    assert shown(plain) != shown(other)


@pytest.mark.usefixtures("event_loop_of_thread")
def test_under_which_key_a_context_is_noted_counts(spot: Spot) -> None:
    store = SimpleDocumentStore()
    store.add_documents([Document(text=TEXT, id_="d")])
    for key in ("first", "second"):
        extractor = DocumentContextExtractor(
            docstore=store, llm=MockLLM(), key=key, max_context_length=1000, max_output_tokens=9
        )
        (node,) = CachedTransformation(extractor, spot, version="1")(nodes())
        assert [*node.metadata] == [key]


PARSERS: dict[str, Callable[[Any], Any]] = {
    "chunking": lambda function: SentenceSplitter(chunk_size=8, chunk_overlap=0, chunking_tokenizer_fn=function),
    "tokenizer": lambda function: TokenTextSplitter(chunk_size=3, chunk_overlap=0, tokenizer=function),
    "window": lambda function: SentenceWindowNodeParser.from_defaults(sentence_splitter=function),
    "semantic": lambda function: SemanticSplitterNodeParser(
        embed_model=MockEmbedding(3), sentence_splitter=function, breakpoint_percentile_threshold=0
    ),
}


@pytest.mark.parametrize("make", PARSERS.values(), ids=PARSERS)
def test_functions_that_a_parser_hides_count(make: Callable[[Any], Any], spot: Spot) -> None:
    keys = {CachedTransformation(make(at(each)), spot)._keys().beginning for each in (" ", ",", " ")}
    assert len(keys) == 2


def test_a_parser_around_what_has_no_content_is_refused_with_the_way_out(spot: Spot) -> None:
    parser: Any = LangchainNodeParser.model_construct()
    parser._lc_splitter = Wrapping()
    with pytest.raises(ConfigurationError, match=r"Wrapping has no content .*; give version="):
        CachedTransformation(parser, spot)
    CachedTransformation(parser, spot, version="1")


DEFAULTS = """
import sys
from llama_index.callbacks.beautyspot import CachedTransformation
from llama_index.core import MockEmbedding
from llama_index.core.extractors import KeywordExtractor
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import *
made = [SentenceSplitter(), TokenTextSplitter(), SentenceWindowNodeParser.from_defaults(), MarkdownNodeParser(),
        SemanticSplitterNodeParser(embed_model=MockEmbedding(3)), HierarchicalNodeParser.from_defaults(),
        KeywordExtractor(llm=MockLLM())]
print([CachedTransformation(each, sys.argv[1])._keys().beginning.hex() for each in made])
"""


def test_those_by_default_are_known_in_each_process(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", DEFAULTS, str(tmp_path / "a.db")]
    first, again = (subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(2))
    assert first.stdout == again.stdout != ""


PROMPTS: dict[str, Callable[[str], Any]] = {
    "query_wrapper_prompt": lambda words: PromptTemplate(words + "{query_str}"),
    "completion_to_prompt": wrapped,
}


@pytest.mark.usefixtures("event_loop_of_thread")
@pytest.mark.parametrize("name", PROMPTS)
def test_what_shapes_the_prompts_of_a_model_inside_counts(name: str, spot: Spot) -> None:
    said = []
    for words in ("first ", "second "):
        llm = Echo(**{name: PROMPTS[name](words)})
        (node,) = CachedTransformation(KeywordExtractor(llm=llm, show_progress=False), spot)(nodes())
        said.append(node.metadata["excerpt_keywords"].split()[0])
    assert said == ["first", "second"]


def titled(*sources: str | None) -> list[BaseNode]:
    made: list[BaseNode] = [TextNode(text=f"text {place}", id_=f"n{place}") for place in range(len(sources))]
    for node, source in zip(made, sources, strict=True):
        if source is not None:
            node.relationships[NodeRelationship.SOURCE] = RelatedNodeInfo(node_id=source)
    return made


@pytest.mark.usefixtures("event_loop_of_thread")
@pytest.mark.parametrize("sources", [(None, None, None), ("a", "b", "a", "b"), ("a", None, "a", None)])
def test_titles_are_those_of_whole_documents_in_the_order_of_the_nodes(
    sources: tuple[str | None, ...], spot: Spot
) -> None:
    extractor = TitleExtractor(llm=MockLLM(), show_progress=False)
    wanted = [(node.node_id, node.metadata) for node in extractor(titled(*sources))]
    for _ in range(2):
        made = CachedTransformation(extractor, spot)(titled(*sources))
        assert [(node.node_id, node.metadata) for node in made] == wanted
