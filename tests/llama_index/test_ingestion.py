"""Transformations that are called only for what is new or changed."""

import asyncio
import pickle
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from beautyspot import FROM_CODE, CacheSaveWarning, CacheWarning, ConfigurationError, Spot
from beautyspot.records import TaskFilter
from llama_index.callbacks.beautyspot import CachedTransformation, ReplayMiss, cache_policy
from llama_index.core.embeddings.mock_embed_model import MockEmbedding
from llama_index.core.extractors import BaseExtractor, SummaryExtractor, TitleExtractor
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.llms import CompletionResponse, MockLLM
from llama_index.core.node_parser import (
    HierarchicalNodeParser,
    MarkdownElementNodeParser,
    MarkdownNodeParser,
    SentenceWindowNodeParser,
    TokenTextSplitter,
)
from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageNode,
    IndexNode,
    MediaResource,
    Node,
    NodeRelationship,
    ObjectType,
    RelatedNodeInfo,
    TextNode,
    TransformComponent,
)

ASKED: list[list[str]] = []


class Shout(TransformComponent):
    """Writes a node in capitals."""

    mark: str = "!"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        ASKED.append([node.get_content() for node in nodes])
        for node in nodes:
            node.set_content(node.get_content().upper() + self.mark)
        return nodes


class Halves(TransformComponent):
    """Makes two new nodes of each, which know their neighbours."""

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        ASKED.append([node.get_content() for node in nodes])
        made: list[BaseNode] = []
        for node in nodes:
            text = node.get_content()
            pair = [TextNode(text=text[:2], metadata=dict(node.metadata)), TextNode(text=text[2:])]
            for half in pair:
                half.relationships[NodeRelationship.SOURCE] = node.as_related_node_info()
            pair[0].relationships[NodeRelationship.NEXT] = pair[1].as_related_node_info()
            made += pair
        return made


class Numbers(TransformComponent):
    """Numbers the nodes of the whole list."""

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        ASKED.append([node.get_content() for node in nodes])
        for place, node in enumerate(nodes):
            node.metadata["place"] = place
        return nodes


class Lengths(BaseExtractor):
    """Notes the length of each text, but for texts that fail."""

    async def aextract(self, nodes: Sequence[BaseNode]) -> list[dict[str, Any]]:
        ASKED.append([node.get_content() for node in nodes])
        if any("fail" in node.get_content() for node in nodes):
            raise OSError("the provider's own words")
        return [{"length": len(node.get_content())} for node in nodes]


class Embedder(MockEmbedding):
    """Embeds a text as its length, and notes what it was asked."""

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        ASKED.append(list(texts))
        return [[len(text) / 3] * self.embed_dim for text in texts]

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._get_text_embeddings(texts)


class Reader(MockLLM):
    """Says back what it was asked, and notes it."""

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        ASKED.append([prompt])
        return super().complete(prompt, formatted, **kwargs)


@pytest.fixture(autouse=True)
def asked() -> list[list[str]]:
    ASKED.clear()
    return ASKED


def documents(count: int, **changed: str) -> list[Document]:
    texts = [changed.get(f"at_{place}", f"text {place}") for place in range(count)]
    return [Document(id_=f"d{place}", text=text, metadata={"file": "a.md"}) for place, text in enumerate(texts)]


def texts(nodes: Sequence[BaseNode]) -> list[str]:
    return [node.get_content() for node in nodes]


def test_one_changed_document_of_a_hundred_is_the_only_one_called_for(spot: Spot, asked: list[list[str]]) -> None:
    for make in (Shout, Halves, lambda: Embedder(embed_dim=2)):
        CachedTransformation(make(), spot)(documents(100))
        asked.clear()
        plain = make()(documents(100, at_7="changed"))
        asked.clear()
        made = CachedTransformation(make(), spot)(documents(100, at_7="changed"))
        assert texts(made) == texts(plain)
        assert [node.embedding for node in made] == [node.embedding for node in plain]
        assert [text for call in asked for text in call if "changed" not in text] == []


async def test_both_colours_share_results(spot: Spot, asked: list[list[str]]) -> None:
    first = CachedTransformation(Halves(), spot)(documents(3))
    again = await CachedTransformation(Halves(), spot).acall(documents(4))
    assert again[:6] == first
    assert asked == [["text 0"], ["text 1"], ["text 2"], ["text 3"]]
    assert await CachedTransformation(Halves(), spot).acall([]) == []


def test_nodes_that_are_changed_in_place_are_the_callers_own(spot: Spot, asked: list[list[str]]) -> None:
    CachedTransformation(Shout(), spot)(documents(2))
    given = documents(2)
    given[0].id_ = "mine"
    made = CachedTransformation(Shout(), spot)(given)
    assert made[0] is given[0]
    assert texts(given) == ["TEXT 0!", "TEXT 1!"]
    assert len(asked) == 2


def test_documents_of_one_text_share_the_work_and_keep_who_they_are(spot: Spot, asked: list[list[str]]) -> None:
    twins = [Document(id_="one", text="same text"), Document(id_="two", text="same text")]
    made = CachedTransformation(Halves(), spot)(twins)
    assert len(asked) == 1
    assert [node.ref_doc_id for node in made] == ["one", "one", "two", "two"]
    assert len({node.node_id for node in made}) == 4
    for first, second in (made[:2], made[2:]):
        assert first.next_node is not None
        assert first.next_node.node_id == second.node_id
    again = CachedTransformation(Halves(), spot)([twins[1], twins[0]])
    assert [node.ref_doc_id for node in again] == ["two", "two", "one", "one"]
    assert {node.node_id for node in again} == {node.node_id for node in made}
    assert len(asked) == 1


class Pointing(TransformComponent):
    """Makes index nodes: of the node that went in, of one made beside it, and of the document that both are of."""

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        made: list[BaseNode] = []
        for node in nodes:
            beside = TextNode(text="beside")
            ids = (node.node_id, beside.node_id, node.ref_doc_id or "", "elsewhere")
            made += [beside, *(IndexNode(text="points", index_id=each) for each in ids)]
        return made


def test_an_index_node_points_to_what_is_of_its_own_document(spot: Spot) -> None:
    cached = CachedTransformation(Pointing(), spot)
    for name in ("one", "two", "three"):
        source = {NodeRelationship.SOURCE: Document(id_=f"of {name}").as_related_node_info()}
        beside, *pointing = cached([TextNode(id_=name, text="same", relationships={**source})])
        ids = [node.index_id for node in pointing if isinstance(node, IndexNode)]
        assert ids == [name, beside.node_id, f"of {name}", "elsewhere"]


TABLE = "# A\n\ntext\n\n|a|b|\n|-|-|\n|1|2|\n|3|4|\n\nmore\n"
SUMMARY = '{"summary": "s", "table_title": "t", "table_id": "i", "should_keep": true, "columns": []}'


class Summing(MockLLM):
    """Tells of a table what a parser of tables asks for."""

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        ASKED.append([prompt])
        return CompletionResponse(text=SUMMARY)


@pytest.mark.usefixtures("event_loop_of_thread")
def test_the_tables_that_index_nodes_hold_are_kept_with_them(spot: Spot, asked: list[list[str]]) -> None:
    cached = CachedTransformation(MarkdownElementNodeParser(llm=Summing(), show_progress=False), spot)
    [first] = [node for node in cached([Document(id_="one", text=TABLE)]) if isinstance(node, IndexNode)]
    calls = len(asked)
    [again] = [node for node in cached([Document(id_="one", text=TABLE)]) if isinstance(node, IndexNode)]
    [other] = [node for node in cached([Document(id_="two", text=TABLE)]) if isinstance(node, IndexNode)]
    assert len(asked) == calls > 0
    assert again == first
    assert again.obj.relationships == first.obj.relationships
    assert other.obj.text == first.obj.text
    assert other.index_id == other.obj.node_id != first.obj.node_id
    assert other.obj.ref_doc_id == other.ref_doc_id == "two"


@pytest.mark.usefixtures("event_loop_of_thread")
def test_index_nodes_come_last_where_their_parser_puts_them_there(spot: Spot) -> None:
    parser = MarkdownElementNodeParser(llm=Summing(), show_progress=False)
    given = [Document(id_=id_, text=TABLE) for id_ in ("one", "two")]
    for made in (parser(given), CachedTransformation(parser, spot)(given), CachedTransformation(parser, spot)(given)):
        assert [(node.ref_doc_id, type(node)) for node in made] == [
            *(("one", TextNode), ("one", TextNode), ("two", TextNode), ("two", TextNode)),
            *(("one", IndexNode), ("two", IndexNode)),
        ]


@pytest.mark.usefixtures("event_loop_of_thread")
def test_nodes_that_are_read_twice_share_no_metadata(spot: Spot) -> None:
    cached = CachedTransformation(Lengths(show_progress=False), spot)
    for _ in range(2):
        one, other = cached([Document(text="same"), Document(text="same")])
        one.metadata["mine"] = True
        assert "mine" not in other.metadata


def test_relations_to_what_lies_outside_are_those_of_now(spot: Spot, asked: list[list[str]]) -> None:
    class Copies(TransformComponent):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            ASKED.append(texts(nodes))
            return [TextNode(text=node.get_content(), relationships=dict(node.relationships)) for node in nodes]

    cached = CachedTransformation(Copies(), spot, version="1")
    for source in (Document(id_="d1", text="before"), Document(id_="d2", text="after")):
        part = TextNode(text="part", relationships={NodeRelationship.SOURCE: source.as_related_node_info()})
        assert cached([part])[0].source_node == source.as_related_node_info()
    assert asked == [["part"]]


def numbered(place: int, document: Any) -> str:
    return f"{document.node_id}-{place}"


def test_ids_that_follow_from_a_document_follow_from_each(spot: Spot) -> None:
    cached = CachedTransformation(MarkdownNodeParser(id_func=numbered), spot)
    for name in ("one", "two"):
        assert [node.node_id for node in cached([Document(id_=name, text="# Same\n\ntext")])] == [f"{name}-0"]


def test_what_is_taken_over_from_a_source_is_part_of_the_key(spot: Spot) -> None:
    class Page(TransformComponent):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            for node in nodes:
                node.metadata.update(node.source_node.metadata if node.source_node else {})
            return nodes

    cached = CachedTransformation(Page(), spot, version="1")
    for page in (1, 2):
        source = Document(id_="d", text="whole", metadata={"page": page}).as_related_node_info()
        (made,) = cached([TextNode(text="part", relationships={NodeRelationship.SOURCE: source})])
        assert made.metadata == {"page": page}


def test_ids_stay_while_a_document_stays(spot: Spot) -> None:
    first = CachedTransformation(Halves(), spot)(documents(2))
    again = CachedTransformation(Halves(), spot)(documents(2))
    assert [node.node_id for node in again] == [node.node_id for node in first]
    assert again == first


def test_what_comes_back_is_of_the_types_that_were_made(spot: Spot) -> None:
    class Linked(Halves):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            made = super().__call__(nodes, **kwargs)
            for type_, kind in ((None, NodeRelationship.PREVIOUS), ("mine", NodeRelationship.PARENT)):
                made[1].relationships[kind] = RelatedNodeInfo(node_id="elsewhere", node_type=type_)
            return made

    cached = CachedTransformation(Linked(), spot, version="1")
    first, again = cached(documents(1)), cached(documents(1))
    assert [repr(node.relationships) for node in again] == [repr(node.relationships) for node in first]
    assert again[0].source_node is not None
    assert again[0].source_node.node_type is ObjectType.DOCUMENT


@pytest.mark.parametrize("parser", [MarkdownNodeParser, SentenceWindowNodeParser, HierarchicalNodeParser])
def test_parsers_make_what_they_make_without_a_cache(spot: Spot, parser: Any) -> None:
    text = "# One\n\nA sentence. Another one!\n\n## Two\n\nMore words here. And here."
    options: dict[str, Any] = {
        HierarchicalNodeParser: {"chunk_sizes": [64, 16]},
        SentenceWindowNodeParser: {"sentence_splitter": lambda text: text.split(". ")},
    }.get(parser, {})
    if parser is HierarchicalNodeParser:
        ids = ["big", "small"]
        sizes = [TokenTextSplitter(chunk_size=size, chunk_overlap=0) for size in (64, 16)]
        options = {"node_parser_ids": ids, "node_parser_map": dict(zip(ids, sizes, strict=True))}
    make = parser if parser is MarkdownNodeParser else parser.from_defaults
    given = [Document(id_=f"d{place}", text=text + str(place), metadata={"file": "a.md"}) for place in range(3)]
    cached = CachedTransformation(make(**options), spot)
    first, again = cached(given), cached(given)
    assert again == first
    plain = make(**options)(given)
    assert texts(again) == texts(plain)
    assert [[*node.relationships] for node in again] == [[*node.relationships] for node in plain]
    assert [node.metadata for node in again] == [node.metadata for node in plain]


def test_two_parsers_in_a_row_link_neighbours_within_a_document(spot: Spot) -> None:
    text = "# One\n\nfirst\n\n# Two\n\nsecond\n\n# Three\n\nthird"
    given = [Document(id_="d", text=text)]
    plain = MarkdownNodeParser()(MarkdownNodeParser()(given))
    cached = [CachedTransformation(MarkdownNodeParser(), spot) for _ in range(2)]
    for _ in range(2):
        made = cached[1](cached[0](given))
        assert [[*node.relationships] for node in made] == [[*node.relationships] for node in plain]
        assert {node.ref_doc_id for node in made} == {"d"}


class Letters:
    """A tokenizer that nothing tells from others."""

    def encode(self, text: str) -> list[str]:
        return list(text)


def test_a_splitters_tokenizer_is_part_of_its_key(spot: Spot) -> None:
    def cut(tokenizer: Any) -> list[str]:
        options = {"chunk_size": 20, "chunk_overlap": 0, "tokenizer": tokenizer}
        return texts(
            CachedTransformation(TokenTextSplitter(**options), spot)(
                [Document(text="one two three four five six seven")]
            )
        )

    assert cut(None) == cut(None) == ["one two three four five six seven"]
    assert cut(list) == cut(list) == ["one two three four", "five six seven"]
    with pytest.raises(ConfigurationError, match="give version="):
        cut(Letters().encode)


def test_what_looks_at_neighbours_is_told_by_its_unit(spot: Spot, asked: list[list[str]]) -> None:
    cached = CachedTransformation(Numbers(), spot, unit="list")
    for count in (2, 2, 3):
        assert [node.metadata["place"] for node in cached(documents(count))] == [*range(count)]
    assert [len(call) for call in asked] == [2, 3]
    assert CachedTransformation(TitleExtractor(llm=MockLLM()), spot).unit == "document"


@pytest.mark.parametrize(("summaries", "calls"), [(["self"], 1), (["self", "next"], 3)])
async def test_a_summary_is_made_anew_alone_unless_its_neighbours_get_it(
    summaries: list[str], calls: int, spot: Spot, asked: list[list[str]]
) -> None:
    cached = CachedTransformation(SummaryExtractor(llm=Reader(), summaries=summaries, num_workers=1), spot)
    await cached.acall([TextNode(text=text) for text in ("one", "two", "three")])
    asked.clear()
    one, two, three = await cached.acall([TextNode(text=text) for text in ("one", "another", "three")])
    assert len(asked) == calls
    for node, own, after in ((one, "one", "another"), (two, "another", "three"), (three, "three", None)):
        assert own in node.metadata["section_summary"]
        told = node.metadata.get("next_section_summary")
        assert told is None if after is None or calls == 1 else after in told


@pytest.mark.usefixtures("event_loop_of_thread")
def test_extractors_are_called_for_many_nodes_at_once_and_failures_are_not_kept(
    spot: Spot, asked: list[list[str]]
) -> None:
    cached = CachedTransformation(Lengths(show_progress=False), spot)
    assert [node.metadata["length"] for node in cached(documents(3))] == [6, 6, 6]
    with pytest.raises(OSError, match="the provider's own words"):
        cached(documents(4, at_3="fail"))
    lenient = CachedTransformation(Lengths(show_progress=False, raise_on_error=False), spot)
    for _ in range(2):
        assert "length" not in lenient(documents(1, at_0="fail"))[0].metadata
    assert [len(call) for call in asked] == [3, 1, 1, 1]


def test_what_was_made_before_a_failure_is_kept(spot: Spot, asked: list[list[str]]) -> None:
    class Failing(Halves):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            if any(node.get_content() == "fail" for node in nodes):
                raise OSError("the provider's own words")
            return super().__call__(nodes, **kwargs)

    with pytest.raises(OSError, match="the provider's own words"):
        CachedTransformation(Failing(), spot, version="1")(documents(3, at_2="fail"))
    CachedTransformation(Failing(), spot, version="1")(documents(2))
    assert len(asked) == 2


async def test_the_async_path_keeps_what_others_made_beside_a_failure(spot: Spot, asked: list[list[str]]) -> None:
    class Failing(Halves):
        async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            if any(node.get_content() == "fail" for node in nodes):
                raise OSError("the provider's own words")
            for _ in range(20):
                await asyncio.sleep(0)  # the failure comes first
            return self(nodes, **kwargs)

    with pytest.raises(OSError, match="the provider's own words"):
        await CachedTransformation(Failing(), spot, version="1").acall(documents(3, at_0="fail"))
    assert len(list(spot.parts.store.db.find(TaskFilter()))) == 2
    await CachedTransformation(Failing(), spot, version="1").acall(documents(3)[1:])
    assert len(asked) == 2


def test_settings_content_and_options_make_keys_and_ids_do_not(spot: Spot, asked: list[list[str]]) -> None:
    CachedTransformation(Shout(), spot)([Document(id_="a", text="x", metadata={"n": 1})])
    CachedTransformation(Shout(), spot)([Document(id_="b", text="x", metadata={"n": 1})], show_progress=True)
    assert len(asked) == 1
    for cached, node in (
        (CachedTransformation(Shout(mark="?"), spot), Document(text="x", metadata={"n": 1})),
        (CachedTransformation(Shout(), spot), Document(text="x", metadata={"n": "1"})),
        (CachedTransformation(Shout(), spot), TextNode(text="x", metadata={"n": 1})),
        (CachedTransformation(Shout(), spot, namespace="tenant"), Document(text="x", metadata={"n": 1})),
    ):
        cached([node])
    CachedTransformation(Shout(), spot)([Document(text="x", metadata={"n": 1})], loud=True)
    assert len(asked) == 6


def test_an_embedding_model_sees_the_text_that_it_embeds_alone(spot: Spot, asked: list[list[str]]) -> None:
    cached = CachedTransformation(Embedder(embed_dim=2), spot)
    for page in (1, 2):
        node = TextNode(text="x", metadata={"page": page}, excluded_embed_metadata_keys=["page"])
        assert cached([node])[0].embedding == [1 / 3] * 2
    assert asked == [["x"]]


def test_nodes_that_hold_bytes_or_are_of_other_classes_are_computed_each_time(spot: Spot) -> None:
    class Own(TextNode):
        pass

    class Makes(TransformComponent):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            ASKED.append(texts(nodes))
            picture = Node(image_resource=MediaResource(data=b"picture"))
            return [Own(text="own") if nodes[0].get_content() == "text 0" else picture]

    cached = CachedTransformation(Makes(), spot, version="1")
    with pytest.warns(CacheSaveWarning, match="could not be made again"):
        first = cached(documents(2))
    again = cached(documents(2))
    assert [type(node) for node in again] == [type(node) for node in first] == [Own, Node]
    assert len(ASKED) == 4


def test_where_warnings_are_errors_what_was_made_comes_back(spot: Spot) -> None:
    class Makes(TransformComponent):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            return [Node(image_resource=MediaResource(data=b"picture"))]

    with warnings.catch_warnings(record=True):
        warnings.simplefilter("error")
        assert len(CachedTransformation(Makes(), spot, version="1")(documents(1))) == 1


def test_images_keep_their_fields(spot: Spot) -> None:
    class Makes(TransformComponent):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            return [ImageNode(text="t", image="aGk=", image_path="a.png", text_embedding=[0.5])]

    cached = CachedTransformation(Makes(), spot, version="1")
    assert cached(documents(1)) == cached(documents(1))


def test_media_at_a_url_are_kept_by_it(spot: Spot, asked: list[list[str]]) -> None:
    class Pictures(Halves):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            ASKED.append(texts(nodes))
            return [Node(id_="made", image_resource=MediaResource.model_validate({"url": "https://example.org/a.png"}))]

    cached = CachedTransformation(Pictures(), spot, version="1")
    first, again = cached(documents(1)), cached(documents(1))
    assert repr(again) == repr(first)
    assert len(asked) == 1


def test_metadata_without_content_goes_past_the_cache(spot: Spot, asked: list[list[str]]) -> None:
    odd = documents(1)
    odd[0].metadata["lock"] = object()
    with pytest.warns(CacheSaveWarning, match="no key can be made of"):
        CachedTransformation(Numbers(), spot)(odd)
    assert len(asked) == 1


def test_a_transformation_that_hides_what_it_is_is_refused(spot: Spot) -> None:
    class Holding(Shout):
        engine: Any = None

    with pytest.raises(ConfigurationError, match="give version="):
        CachedTransformation(Holding(engine=object()), spot)
    CachedTransformation(Holding(engine=object()), spot, version="1")(documents(1))
    with pytest.raises(ConfigurationError, match="unit got"):
        CachedTransformation(Shout(), spot, unit="page")  # type: ignore[arg-type] - what users try
    with pytest.raises(ConfigurationError, match="transformation got"):
        CachedTransformation(spot, Shout())  # type: ignore[arg-type] - as above


def test_a_setting_that_is_changed_to_an_object_goes_past_the_cache(spot: Spot, asked: list[list[str]]) -> None:
    class Holding(Shout):
        engine: Any = None

    cached = CachedTransformation(Holding(), spot)
    cached.transformation.engine = object()  # type: ignore[attr-defined] - it is a Holding
    with pytest.warns(CacheSaveWarning, match="no key can be made of"):
        assert texts(cached(documents(1))) == ["TEXT 0!"]
    assert len(asked) == 1


def test_policies_tags_and_times_to_live_hold(spot: Spot, asked: list[list[str]]) -> None:
    cached = CachedTransformation(Shout(), spot, ttl="1h", tags=("t",))
    spot.parts.store.lookup("any")  # makes the file
    with cache_policy("replay_only"), pytest.raises(ReplayMiss, match=r"CachedTransformation\.Shout"):
        cached(documents(1))
    for mode in ("read_only", "read_write", "refresh", "off"):
        with cache_policy(mode):
            cached(documents(1))
    assert len(asked) == 4
    assert [task.tags for task in spot.parts.store.db.find(TaskFilter())] == [("t",)]
    spot.parts.clock.advance(3601)  # type: ignore[attr-defined] - a frozen one
    cached(documents(1))
    assert len(asked) == 5


def test_a_damaged_result_is_made_anew(spot: Spot, asked: list[list[str]]) -> None:
    cached = CachedTransformation(Halves(), spot)
    first = cached(documents(1))
    (task,) = spot.parts.store.db.find(TaskFilter())
    for damage in (b"\x92\x01\x02", b"\xc0", b"\x92\x90\x91\x97\xc0\xc0\xc0\xc0\xc0\xc0\xc0"):
        spot.parts.store.db.put(task._replace(result_data=damage, checksum=None))
        assert texts(cached(documents(1))) == texts(first)
    assert len(asked) == 4


def test_another_cache_above_it_tells_inner_settings_apart(spot: Spot) -> None:
    one, other = CachedTransformation(Shout(mark="?"), spot), CachedTransformation(Shout(mark="!"), spot)
    assert get_transformation_hash([], one) != get_transformation_hash([], other)


def test_it_is_pickled_with_its_place_and_its_options(spot: Spot, asked: list[list[str]]) -> None:
    cached = CachedTransformation(Embedder(embed_dim=2), spot, namespace="n", tags=("t",))
    cached([TextNode(text="x")])
    other = pickle.loads(pickle.dumps(cached))
    other([TextNode(text="x")])
    assert asked == [["x"]]
    assert (other.namespace, other.unit) == ("n", "node")


def test_a_deep_copy_of_it_or_of_its_pipeline_has_the_same_place(spot: Spot, asked: list[list[str]]) -> None:
    cached = CachedTransformation(Embedder(embed_dim=2), spot)
    pipeline = IngestionPipeline(transformations=[cached], disable_cache=True)
    for copy in (deepcopy(cached), cached.model_copy(deep=True), deepcopy(pipeline).transformations[0]):
        assert copy.transformation is not cached.transformation
        copy([TextNode(text="x")])
    assert asked == [["x"]]


def test_documents_that_are_listed_twice_get_nodes_of_their_own(spot: Spot) -> None:
    twice = CachedTransformation(MarkdownNodeParser(), spot)
    first, again = [twice([Document(text="# same", id_="d"), Document(text="# same", id_="d")]) for _ in range(2)]
    assert len({node.node_id for node in first}) == 2
    assert [node.node_id for node in again] == [node.node_id for node in first]


def test_worker_processes_share_what_they_make(spot: Spot, tmp_path: Path) -> None:
    def run(workers: int | None) -> Sequence[BaseNode]:
        chain = [
            CachedTransformation(MarkdownNodeParser(), spot),
            CachedTransformation(MockEmbedding(embed_dim=2), spot),
        ]
        return IngestionPipeline(transformations=chain, disable_cache=True).run(
            documents=documents(6), num_workers=workers
        )  # type: ignore[arg-type]

    made = run(2)
    assert len(list(spot.parts.store.db.find(TaskFilter(function="MarkdownNodeParser")))) == 6
    assert [node.node_id for node in run(None)] == [node.node_id for node in made]
    assert all(node.embedding == [0.5, 0.5] for node in made)


def test_a_bar_is_shown_where_one_is_asked_for(spot: Spot, capsys: pytest.CaptureFixture[str]) -> None:
    CachedTransformation(Shout(), spot)(documents(3), show_progress=True)
    assert "Applying Shout: 100%" in capsys.readouterr().err


def test_a_transformation_that_its_calls_change_is_told(spot: Spot) -> None:
    class Timed(Shout):
        began: list[float] = []  # noqa: RUF012 - pydantic gives each its own

        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            self.began = [*self.began, 0.5]
            return super().__call__(nodes, **kwargs)

    with pytest.warns(CacheWarning, match=r"Timed changed while it was asked, by its own code \('began'\)"):
        CachedTransformation(Timed(), spot)([Document(text="a")])


def test_a_transformation_that_counts_its_calls_is_asked_once(spot: Spot) -> None:
    class Counting(Shout):
        calls: int = 0

        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            self.calls += 1
            return super().__call__(nodes, **kwargs)

    for _ in range(2):
        counting = Counting()
        for text in ("a", "b", "a"):
            CachedTransformation(counting, spot)([Document(text=text)])
    assert counting.calls == 0


CLASS = """
class Marked(TransformComponent):
    suffix: Any = "!"

    def __call__(self, nodes, **_):
        CALLS.append(len(nodes))
        return [TextNode(text={change} + node.get_content() + str(self.suffix)) for node in nodes]
"""


def marked(change: str, calls: list[int]) -> Any:
    world: dict[str, Any] = {"__name__": "mine", "CALLS": calls}
    world |= {"TransformComponent": TransformComponent, "TextNode": TextNode, "Any": Any}
    exec(CLASS.format(change=repr(change)), world)
    return world["Marked"]


@pytest.mark.parametrize(("version", "said"), [("1", "old a!"), (FROM_CODE, "new a!")])
def test_a_class_is_known_by_its_name_or_if_asked_by_its_code(spot: Spot, version: Any, said: str) -> None:
    calls: list[int] = []
    for change in ("old ", "old ", "new "):
        cached = CachedTransformation(marked(change, calls)(), spot, version=version)
        made = cached([Document(text="a")])
    assert (made[0].get_content(), len(calls)) == (said, 1 if version == "1" else 2)


def test_what_is_read_from_code_stands_for_no_setting(spot: Spot) -> None:
    with pytest.raises(ConfigurationError, match="give version="):
        CachedTransformation(marked("", [])(suffix=object()), spot, version=FROM_CODE)


class Slow(TransformComponent):
    """Waits with its first node until somebody lets it go on."""

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        ASKED.append([node.get_content() for node in nodes])
        BEGUN.set()
        assert GO_ON.wait(30)
        for node in nodes:
            node.set_content(node.get_content() + "!")
        return nodes


BEGUN, GO_ON = Event(), Event()


def test_pipelines_that_meet_new_nodes_at_once_call_for_each_once(spot: Spot) -> None:
    BEGUN.clear(), GO_ON.clear()
    cached = CachedTransformation(Slow(), spot)

    def run(_: int) -> list[str]:
        return [node.get_content() for node in cached([TextNode(text=text) for text in "abc"])]

    async def arun(_: int) -> list[str]:
        return [node.get_content() for node in await cached.acall([TextNode(text=text) for text in "cba"])]

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(run, 0)
        assert BEGUN.wait(30)
        others = [threads.submit(run, number) for number in range(4)]
        others += [threads.submit(lambda: asyncio.run(arun(0))) for _ in range(3)]
        GO_ON.set()
        assert [each.result(60) for each in (first, *others)] == [["a!", "b!", "c!"]] * 5 + [["c!", "b!", "a!"]] * 3
    assert sorted(ASKED) == [["a"], ["b"], ["c"]]


def test_who_waited_for_a_transformation_that_failed_calls_for_themselves(spot: Spot) -> None:
    class Failing(TransformComponent):
        def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
            ASKED.append([node.get_content() for node in nodes])
            BEGUN.set()
            assert GO_ON.wait(30)
            raise ConnectionError("away")

    BEGUN.clear(), GO_ON.clear()
    cached = CachedTransformation(Failing(), spot)
    with ThreadPoolExecutor(4) as threads:
        calls = [threads.submit(cached, [TextNode(text="a")]) for _ in range(4)]
        assert BEGUN.wait(30)
        GO_ON.set()
        assert [type(each.exception(60)) for each in calls] == [ConnectionError] * 4
    assert len(ASKED) == 4
