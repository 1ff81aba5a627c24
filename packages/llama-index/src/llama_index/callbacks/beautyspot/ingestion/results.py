"""What a transformation made of some nodes, told apart from who these nodes are.

Two documents of one text share what was made of it, and each keeps its own ids: what is kept names the nodes that went
in by their place, and a node that came out of another document gets an id that follows from both.
"""

# What was kept, and a relation that is one or many, is of no type that a checker could follow.
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from llama_index.callbacks.beautyspot.embeddings.numbers import numbers_of, packed
from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageDocument,
    ImageNode,
    IndexNode,
    MediaResource,
    Node,
    NodeRelationship,
    ObjectType,
    RelatedNodeInfo,
    TextNode,
)

CLASSES: dict[str, Any] = {
    class_.__name__: class_ for class_ in (Document, ImageDocument, ImageNode, IndexNode, Node, TextNode)
}
IDENTITY = {"id_", "relationships", "embedding"}
RESOURCES = ("text_resource", "image_resource", "audio_resource", "video_resource")
HELD = "obj"
"""The field of an index node with the node that it stands for."""
_TYPES = {each.value: each for each in ObjectType}
Names = dict[tuple[NodeRelationship, str], list[Any]]
_OURS = UUID("4c8b6c0e-6d34-5c0e-9b5a-0a4d4a0e9c11")


class Before(NamedTuple):
    """A node as it was before a transformation, which mostly changes it in place."""

    node: BaseNode
    fields: dict[str, Any]
    embedding: Any
    relations: dict[Any, Any]


def before(node: BaseNode, /) -> Before:
    """Remember what `node` is."""
    return Before(node, fields_of(node), node.embedding, dict(node.relationships))


def fields_of(node: BaseNode, /) -> dict[str, Any]:
    """Return what `node` holds beside its identity; a dump of a document says more, for readers of older ones."""
    dump, names = node.model_dump(exclude=IDENTITY), type(node).model_fields
    for resource in (dump[name] for name in RESOURCES if dump.get(name) is not None):
        resource["url"] = None if resource["url"] is None else str(resource["url"])  # else a class of pydantic's
    return {name: value for name, value in dump.items() if name in names}


def described(given: Sequence[Before], made: Sequence[BaseNode], /) -> Any:
    """Return what to keep, or None if nobody could make the same nodes of it."""
    names = _names(given, made)
    nodes = [_described(node, given, names) for node in made]
    return None if None in nodes else [[each.node.node_id for each in given], nodes]


def _described(node: BaseNode, given: Sequence[Before], names: Names) -> list[Any] | None:
    place = next((place for place, each in enumerate(given) if each.node.node_id == node.node_id), None)
    was = None if place is None else given[place]
    if type(node) is not (CLASSES.get(type(node).__name__) if was is None else type(was.node)) or _hides_data(
        node, was
    ):
        return None
    fields = fields_of(node)
    if was is not None:
        fields = {name: value for name, value in fields.items() if name not in was.fields or value != was.fields[name]}
    if "index_id" in fields:
        fields["index_id"] = _told_id(fields["index_id"], names)
    if fields.get(HELD) is not None:
        held: Any = getattr(node, HELD)
        fields[HELD] = _described(held, given, names) if isinstance(held, BaseNode) else None
        if fields[HELD] is None:
            return None
    vector, relations = None, None
    if node.embedding is not None and (was is None or node.embedding is not was.embedding):
        vector = packed(node.embedding)
        if vector is None:
            return None
    if was is None or dict(node.relationships) != was.relations:
        relations = [[kind.value, isinstance(infos, list), _told(kind, infos, names)] for kind, infos in _all(node)]
    return [type(node).__name__, node.node_id, place, was is not None and was.node is node, fields, vector, relations]


def restored(value: Any, given: Sequence[BaseNode], again: int = 0, /) -> list[BaseNode]:
    """Return the nodes that `described` told of, made of `given`; `again` is how often that was done before.

    Raises:
        LookupError, TypeError, ValueError: `value` is none of ours.
    """
    ids, nodes = value
    known = {old: node.node_id for old, node in zip(ids, given, strict=True)}
    heirs = " ".join([*known.values(), *([str(again)] if again else [])])
    moved = bool(again) or any(old != new for old, new in known.items())
    for _, node_id, place, *_ in _and_held(nodes):
        if place is None:
            known[node_id] = str(uuid5(_OURS, f"{node_id} {heirs}")) if moved else node_id
    changes = [_change(each, given, known) for each in nodes]  # whatever may fail, before anything is changed
    return [_changed(*change) for change in changes]


def _and_held(nodes: Sequence[Any]) -> Iterator[Any]:
    """Yield what is told of nodes, and of those that index nodes hold."""
    for told in nodes:
        yield told
        fields = told[4]
        if HELD in fields and fields[HELD] is not None:
            yield from _and_held([fields[HELD]])


def _change(told: Any, given: Sequence[BaseNode], known: dict[str, str]) -> tuple[BaseNode, bool, dict[str, Any]]:
    """Return a node, whether it is to stay as it was beside a changed copy, and the new values of its fields."""
    class_, node_id, place, is_same, fields, vector, relations = told
    if "index_id" in fields:
        fields = {**fields, "index_id": _id(fields["index_id"], given, known)}
    held = fields.get(HELD)
    fields = {name: value for name, value in fields.items() if name != HELD or value is None}
    node: BaseNode = CLASSES[class_].from_dict({**fields, "id_": known[node_id]}) if place is None else given[place]
    changes = {} if place is None else {name: _value(name, value) for name, value in fields.items()}
    if held is not None:
        changes[HELD] = _change(held, given, known)
    if vector is not None:
        changes["embedding"] = numbers_of(vector)
    if relations is not None:
        changes["relationships"] = {
            NodeRelationship(kind): infos if many else infos[0]
            for kind, many, told_infos in relations
            if (infos := [_related(info, given, known) for info in told_infos]) or many
        }
    return node, place is not None and not is_same, changes


def _value(name: str, value: Any) -> Any:
    return MediaResource(**value) if name in RESOURCES and value is not None else value


def _changed(node: BaseNode, is_copied: bool, changes: dict[str, Any]) -> BaseNode:
    changed = node.model_copy(deep=True) if is_copied else node
    for name, value in changes.items():
        set_field(changed, name, _changed(*value) if name == HELD and value is not None else value)
    return changed


def set_field(node: BaseNode, name: str, value: Any, /) -> None:
    """Give `node` a value that it had before. As an attribute, each number of a vector would be looked at again."""
    vars(node)[name] = value
    node.__pydantic_fields_set__.add(name)


def _all(node: BaseNode) -> list[tuple[NodeRelationship, Any]]:
    return list(node.relationships.items())


def _names(given: Sequence[Before], made: Sequence[BaseNode]) -> Names:
    """Return what names the relations that the nodes which went in have to others."""
    ids = {each.node.node_id for each in given} | {node.node_id for node in made}
    return {
        (kind, info.node_id): [place, kind.value, number]
        for place, each in enumerate(given)
        for kind, infos in each.relations.items()
        for number, info in enumerate(infos if isinstance(infos, list) else [infos])
        if info.node_id not in ids
    }


def _told(kind: NodeRelationship, infos: Any, names: Names) -> list[Any]:
    """Return each related node: as one of a node that went in, or with all that is known of it."""
    each: list[RelatedNodeInfo] = [*infos] if isinstance(infos, list) else [infos]
    return [names.get((kind, info.node_id)) or info.model_dump() for info in each]


def _told_id(node_id: str, names: Names) -> Any:
    """Return the id of an index node's node: as a relation of a node that went in, or as it is."""
    return next((name for (_, related), name in names.items() if related == node_id), node_id)


def _id(told: Any, given: Sequence[BaseNode], known: dict[str, str]) -> str:
    return known.get(told, told) if isinstance(told, str) else _related(told, given, known).node_id


def _related(told: Any, given: Sequence[BaseNode], known: dict[str, str]) -> RelatedNodeInfo:
    if isinstance(told, dict):
        fields: dict[str, Any] = {name: value for name, value in told.items() if name != "class_name"}
        fields["node_id"] = known.get(fields["node_id"], fields["node_id"])
        # What is kept is the enumeration's value, which is a text that pydantic would leave as it is.
        fields["node_type"] = _TYPES.get(fields["node_type"], fields["node_type"])
        return RelatedNodeInfo(**fields)
    place, kind, number = told
    infos: Any = given[place].relationships[NodeRelationship(kind)]
    return infos[number] if isinstance(infos, list) else infos


def _hides_data(node: BaseNode, was: Before | None) -> bool:
    """Say whether `node` holds new bytes, which a dump leaves out."""
    held = [getattr(getattr(node, name, None), "data", None) for name in RESOURCES]
    return any(data is not None for data in held) and (was is None or was.node is not node)
