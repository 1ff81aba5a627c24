"""Documents that an extractor reads from a store of its own, beside the nodes that it is given."""

from collections.abc import Mapping, Sequence

from llama_index.callbacks.beautyspot.ingestion.loops import Run
from llama_index.core.async_utils import asyncio_run  # pyright: ignore[reportUnknownVariableType] - of any coroutine
from llama_index.core.extractors import DocumentContextExtractor
from llama_index.core.schema import BaseNode, TransformComponent

Sources = Mapping[str, BaseNode | None]
"""Documents by their id; None: the store has none."""


def sources_of(transformation: TransformComponent, nodes: Sequence[BaseNode], run: Run, /) -> Sources:
    """Return the documents that `transformation` reads for `nodes`, as it does so itself; `run` lets it.

    Raises:
        Exception: the user's store does, and so would the transformation.
    """
    if not isinstance(transformation, DocumentContextExtractor):
        return {}
    return run(lambda: asyncio_run(sources_of_async(transformation, nodes)))


async def sources_of_async(transformation: TransformComponent, nodes: Sequence[BaseNode], /) -> Sources:
    """Do as `sources_of`."""
    if not isinstance(transformation, DocumentContextExtractor):
        return {}
    ids = dict.fromkeys(node.source_node.node_id for node in nodes if node.source_node is not None)
    store = transformation.docstore
    return {id_: await store.aget_document(id_, raise_error=False) for id_ in ids}
