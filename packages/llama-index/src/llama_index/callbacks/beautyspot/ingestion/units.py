"""What a transformation must see together, so that the result is the same without the rest of the list."""

from collections.abc import Sequence
from itertools import groupby
from typing import Literal

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.extractors import BaseExtractor, SummaryExtractor, TitleExtractor
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, NodeRelationship, RelatedNodeInfo, TransformComponent

Unit = Literal["node", "document", "list"]
AT_ONCE = 8
"""Calls that are awaited together, where the transformation says nothing of it."""
UNITS: tuple[Unit, ...] = ("node", "document", "list")
_KNOWN: tuple[tuple[type, Unit], ...] = (
    (TitleExtractor, "document"),  # the first nodes of a document
    (NodeParser, "document"),  # which nodes are neighbours
    (object, "node"),
)


def unit_of(transformation: TransformComponent, /) -> Unit:
    """Return what LlamaIndex's own transformations look at; one of the user's is taken to look at each node alone."""
    if isinstance(transformation, SummaryExtractor):
        # Its field may be changed afterwards, and is read no more.
        neighbours = (getattr(transformation, name, True) for name in ("_prev_summary", "_next_summary"))
        return "list" if any(neighbours) else "node"
    return next(unit for type_, unit in _KNOWN if isinstance(transformation, type_))


def together(transformation: TransformComponent, unit: Unit, /) -> int:
    """Return how many parts go in one call: as many as one that gives a node for each would ask for at once itself.

    A call that fails keeps nothing, so more would lose answers that were paid for before.
    """
    if unit == unit_of(transformation) == "node":
        if isinstance(transformation, BaseExtractor):
            return max(1, transformation.num_workers)
        if isinstance(transformation, BaseEmbedding):
            return transformation.embed_batch_size
    return 1


def at_once(transformation: TransformComponent, unit: Unit, /) -> int:
    """Return how many calls are awaited together."""
    if isinstance(transformation, BaseEmbedding):
        return transformation.num_workers or AT_ONCE
    return 1 if isinstance(transformation, BaseExtractor) and unit == "node" else AT_ONCE


def units(nodes: Sequence[BaseNode], unit: Unit, transformation: TransformComponent, /) -> list[list[int]]:
    """Return the places of the nodes in the parts that are kept, each on its own."""
    places = range(len(nodes))
    if unit == "node":
        return [[place] for place in places]
    if unit == "list":
        return [list(places)] if nodes else []
    if isinstance(transformation, BaseExtractor):  # they gather the nodes of a document, wherever these are
        found: dict[str | None, list[int]] = {}
        for place in places:
            found.setdefault(nodes[place].ref_doc_id, []).append(place)
        return list(found.values())
    return [list(group) for _, group in groupby(places, key=lambda place: _document(nodes[place]))]


def _document(node: BaseNode) -> str:
    source = node.relationships.get(NodeRelationship.SOURCE)
    return source.node_id if isinstance(source, RelatedNodeInfo) else node.node_id
