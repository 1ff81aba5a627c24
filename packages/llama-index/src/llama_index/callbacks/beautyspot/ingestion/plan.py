"""One run of a transformation: what is kept of it, what is to be called for, and what came of that."""

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from copy import deepcopy
from operator import itemgetter
from typing import Any

from beautyspot.store import Hit

from llama_index.callbacks.beautyspot.embeddings.numbers import numbers_of, packed
from llama_index.callbacks.beautyspot.ingestion.results import Before, before, described, restored, set_field
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.extractors import BaseExtractor
from llama_index.core.node_parser.relational.base_element import BaseElementNodeParser
from llama_index.core.schema import BaseNode, IndexNode, TransformComponent

Call = list[int]
"""Parts, by their place."""


def parts_of(nodes: Sequence[BaseNode], order: Sequence[list[int]], /) -> list[list[BaseNode]]:
    """Return the nodes of each part."""
    return [[nodes[place] for place in part] for part in order]


class Plan:
    """The parts of one run. It knows no colour: who holds it reads, calls, and keeps."""

    def __init__(
        self,
        transformation: TransformComponent,
        nodes: Sequence[BaseNode],
        order: Sequence[list[int]],
        keys: Sequence[str | None],
        *,
        together: int,
    ) -> None:
        """Begin with nothing known.

        Args:
            transformation: What is called.
            nodes: What it is called with.
            order: The places of the nodes of each part.
            keys: Of each part; None where nothing can be kept of it.
            together: Parts of one call; what came of them is kept before the next go.
        """
        self._transformation = transformation
        self._order = order
        self._parts = parts_of(nodes, order)
        self._places = keys
        self._parts_of: defaultdict[str, list[int]] = defaultdict(list)
        for part, key in enumerate(keys):
            if key is not None:
                self._parts_of[key].append(part)
        self._together = together
        self._is_embedding = isinstance(transformation, BaseEmbedding)
        self._before: dict[int, list[Before]] = {}
        self._made: dict[int, Sequence[BaseNode]] = {}
        self._ids: dict[str | None, list[list[str]]] = {}
        """Of the parts that were made so far, by their key: one that is listed twice gets two sets of nodes."""
        self.refused = False
        """Whether something was made that can't be kept."""

    @property
    def keys(self) -> list[str]:
        """One key for each part that has one, however often it comes."""
        return list(self._parts_of)

    @property
    def missing(self) -> list[int]:
        """The parts of which nothing is known."""
        return [part for part in range(len(self._parts)) if part not in self._made]

    def fill(self, keys: Sequence[str], hits: Sequence[Hit | None]) -> list[tuple[str, Hit]]:
        """Make what is missing and can be made of what is kept under each of `keys`, and return the hits."""
        kept = {key: hit for key, hit in zip(keys, hits, strict=True) if hit is not None}
        used: set[str] = set()
        for part in self.missing if kept else ():
            key = self._places[part]
            hit = None if key is None else kept.get(key)
            # What is made may be changed by whoever gets it, so each has its own.
            if (
                key is not None
                and hit is not None
                and self._restore(part, deepcopy(hit.value) if key in used else hit.value)
            ):
                used.add(key)
        return [(key, hit) for key, hit in kept.items() if key in used]

    def rounds(self, at_once: int = 1) -> Iterator[list[Call]]:
        """Yield up to `at_once` calls to make, until nothing is missing; parts of one content are called for once."""
        while missing := self.missing:
            first = {self._places[part] or part: part for part in reversed(missing)}
            waiting = deque(sorted(first.values()))
            while waiting:
                each = self._together
                taken = [waiting.popleft() for _ in range(min(len(waiting), at_once * each))]
                if parts := [part for part in taken if part not in self._made]:
                    yield [parts[start : start + each] for start in range(0, len(parts), each)]

    def keys_of(self, call: Call) -> list[str]:
        """Return the keys of those parts that have one."""
        return [key for part in call if (key := self._places[part]) is not None]

    def left(self, call: Call, others: Sequence[str]) -> Call:
        """Return what is missing of a call, but for what others make."""
        return [part for part in call if part not in self._made and self._places[part] not in others]

    def made(self, call: Call) -> int:
        """Return how many of its parts are there."""
        return sum(part in self._made for part in call)

    def begin(self, call: Call) -> list[BaseNode]:
        """Return the nodes to call with."""
        nodes = [node for part in call for node in self._parts[part]]
        if not self._is_embedding:
            self._before.update({part: [before(node) for node in self._parts[part]] for part in call})
        return nodes

    def end(self, call: Call, made: Sequence[BaseNode]) -> list[tuple[str, Any]]:
        """Take what came of a call, and return what to keep under which keys."""
        if len(call) > 1 and len(made) != len(call):
            self._together = 1  # nobody knows what came of which node, so each goes alone
            return []
        results = [[node] for node in made] if len(call) > 1 else [list(made)]
        kept: list[tuple[str, Any]] = []
        for part, result in zip(call, results, strict=True):
            self._made[part] = result
            key = self._places[part]
            self._note(part)
            if key is None:
                continue
            value = self._described(part, result)
            if value is None:
                continue
            kept.append((key, value))
            for other in self._parts_of[key]:
                if other not in self._made:
                    self._restore(other, numbers_of(value) if self._is_embedding else deepcopy(value))
        return kept

    def result(self) -> list[BaseNode]:
        """Return the nodes, in the order of those that went in."""
        made = [node for part in range(len(self._parts)) for node in self._made[part]]
        places = [place for part in self._order for place in part]
        if isinstance(self._transformation, BaseElementNodeParser):
            return sorted(made, key=lambda node: isinstance(node, IndexNode))  # as it does itself, over all documents
        if len(made) != len(places):
            return made
        return [node for _, node in sorted(zip(places, made, strict=True), key=itemgetter(0))]

    def _described(self, part: int, made: Sequence[BaseNode]) -> Any:
        if self._is_embedding:
            (node,) = self._parts[part]
            return packed(node.embedding) if len(made) == 1 and made[0] is node else None
        value = described(self._before.pop(part), made)
        if value is None:
            self.refused = True
        # One that swallows its failures says so with metadata to which nothing was added.
        elif isinstance(self._transformation, BaseExtractor) and not self._transformation.raise_on_error:
            changed = ["metadata" in fields for _, _, _, _, fields, _, _ in value[1]]
            return value if all(changed) else None
        return value

    def _times(self, part: int) -> int:
        return self._ids.get(self._places[part], []).count([node.node_id for node in self._parts[part]])

    def _note(self, part: int) -> None:
        self._ids.setdefault(self._places[part], []).append([node.node_id for node in self._parts[part]])

    def _restore(self, part: int, value: Any) -> bool:
        try:
            if self._is_embedding:
                (node,) = self._parts[part]
                set_field(node, "embedding", value)
                self._made[part] = [node]
            else:
                self._made[part] = restored(value, self._parts[part], self._times(part))
                self._note(part)
        except (LookupError, TypeError, ValueError, AttributeError):  # of another release, or damaged: it is made anew
            return False
        return True
