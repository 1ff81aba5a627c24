"""What a transformation sees of nodes, as a key: their content, and not who they are."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from beautyspot.errors import ConfigurationError, UnkeyableArgument
from beautyspot.keys.canonical import Canonical, pack
from beautyspot.keys.digest import digest, hasher
from beautyspot.keys.registry import KeyRegistry
from beautyspot.names import qualified_name

from llama_index.callbacks.beautyspot.asking import Settings, Watch
from llama_index.callbacks.beautyspot.embeddings.embedder import registry_with_embedders
from llama_index.callbacks.beautyspot.embeddings.numbers import packed
from llama_index.callbacks.beautyspot.identity import all_settings, identity_of, is_users, keyable_part
from llama_index.callbacks.beautyspot.ingestion.results import IDENTITY
from llama_index.callbacks.beautyspot.ingestion.sources import Sources
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.extractors import DocumentContextExtractor
from llama_index.core.node_parser import NodeParser
from llama_index.core.node_parser.node_utils import default_id_func
from llama_index.core.schema import BaseNode, MetadataMode, RelatedNodeInfo, TransformComponent

FORMAT = "1"
_TOKENIZING = ("_tokenizer", "_parser")
READ_FROM_CODE = "code:"
"""How versions begin that nobody gave: they tell of the code, and not of settings without content."""


def registry_of_transformations(known: KeyRegistry, /) -> KeyRegistry:
    """Return a registry that knows transformations by their settings, and parsers by their tokenizer as well."""
    registry = registry_with_embedders(known)
    registry.functions[NodeParser] = _parser
    registry.functions[DocumentContextExtractor] = _reader
    return registry


def _reader(extractor: DocumentContextExtractor) -> dict[str, Any]:
    """Return the settings of what reads documents in a store: of that only those count that it reads."""
    return {name: value for name, value in identity_of(extractor).items() if name != "docstore"}


def _parser(parser: NodeParser) -> dict[str, Any]:
    """Return the settings of a parser, with a tokenizer by its name, as its tables have no content."""
    settings = identity_of(parser)
    named = {name: _named(settings[name]) for name in _TOKENIZING if name in settings}
    return {**settings, **named}


def _settings(transformation: TransformComponent) -> dict[str, Any]:
    if isinstance(transformation, DocumentContextExtractor):
        return _reader(transformation)
    return _parser(transformation) if isinstance(transformation, NodeParser) else all_settings(transformation)


def _named(tool: Any) -> Any:
    """Return what names a tokenizer or a grammar: a method, maybe with options, of an object that has a name."""
    function: Any = getattr(tool, "func", tool)
    owner: object = getattr(function, "__self__", getattr(function, "language", None))
    name = getattr(owner, "name", None) or getattr(owner, "name_or_path", None)
    if name is None:
        return tool
    called = getattr(function, "__name__", None)
    return [qualified_name(type(owner)), called, name, getattr(tool, "keywords", None)]


class Keys:
    """Makes the keys of one transformation."""

    def __init__(
        self, canonical: Canonical, transformation: TransformComponent, *parts: Any, version: str | None
    ) -> None:
        """Take what the transformation is.

        Raises:
            ConfigurationError: a setting has no content that a key could be made of, and the user gave no `version`.
        """
        self._canonical, self._transformation = canonical, transformation
        self._sees_texts = isinstance(transformation, BaseEmbedding)
        self._with_ids = getattr(transformation, "id_func", default_id_func) is not default_id_func
        name = qualified_name(type(transformation))
        try:
            is_strict = version is None or version.startswith(READ_FROM_CODE)
            form = canonical.form(transformation) if is_strict else keyable_part(_settings(transformation), canonical)
        except (UnkeyableArgument, ConfigurationError) as error:
            raise ConfigurationError(
                f"a setting of {type(transformation).__name__} can't be part of a key ({error}); give version=, a text "
                "that changes when the transformation does"
            ) from error
        self.beginning = pack([FORMAT, name, version, form, *parts])
        """What all keys have in common: what the transformation is."""

    def settings(self) -> Settings:
        """Return those settings of the transformation that have content, as they are now."""
        return keyable_part(_settings(self._transformation), self._canonical)

    def watch(self) -> Watch:
        """Return what sees whether the transformation runs with the settings that it has now."""
        users = partial(is_users, type(self._transformation))
        return Watch(self._transformation, self.settings(), self.settings, users)

    def keys(
        self, parts: Sequence[Sequence[BaseNode]], options: Mapping[str, Any], sources: Sources
    ) -> list[str | None]:
        """Return the key of each part; None where it, or an option of the call, has no content."""
        try:
            beginning = hasher(self.beginning + pack(self._canonical.form(dict(options))))
            read = {id_: node and content(node, self._canonical) for id_, node in sources.items()}
        except UnkeyableArgument:
            return [None] * len(parts)
        found: list[str | None] = []
        for nodes in parts:
            state = beginning.copy()
            try:
                state.update(self._text(nodes[0]) if self._sees_texts else pack([self._form(node) for node in nodes]))
                if read:
                    state.update(pack([read.get(node.ref_doc_id or "") for node in nodes]))
            except UnkeyableArgument:
                found.append(None)
            else:
                found.append(state.hexdigest())
        return found

    def _text(self, node: BaseNode) -> bytes:
        return node.get_content(metadata_mode=MetadataMode.EMBED).encode("utf-8", "surrogatepass")

    def _form(self, node: BaseNode) -> Any:
        relations = sorted((kind.value, _shape(infos)) for kind, infos in node.relationships.items())
        source = node.source_node
        seen = self._canonical.form(None if source is None else source.metadata)
        return [content(node, self._canonical), node.node_id if self._with_ids else None, relations, seen]


def content(node: BaseNode, canonical: Canonical, /) -> Any:
    """Return the form of what `node` holds, and not of who it is.

    Raises:
        UnkeyableArgument: its metadata holds what has no content.
    """
    vector = None if node.embedding is None else packed(node.embedding)
    # The hash covers the bytes that a dump leaves out.
    fields = canonical.form(node.model_dump(exclude=IDENTITY))
    return [qualified_name(type(node)), digest(node.hash.encode()), vector, fields]


def _shape(infos: RelatedNodeInfo | list[RelatedNodeInfo]) -> int:
    return len(infos) if isinstance(infos, list) else -1
