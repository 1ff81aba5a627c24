"""A cache for the nodes and tasks of LangGraph, and a key for it that is the same in every process."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from beautyspot.copies import Uncopied
from beautyspot.errors import CacheSaveWarning, CacheWarning, DamagedEntryError
from beautyspot.keys.digest import digest
from beautyspot.lenient import LenientRows
from beautyspot.names import module_name
from beautyspot.notices import told
from beautyspot.places import Place, opened, portable
from beautyspot.records import TaskFilter
from beautyspot.store import Hit, Label

from langchain_beautyspot.classes import teach, teach_send
from langchain_beautyspot.entries import namespace_of
from langchain_beautyspot.extras import need
from langchain_beautyspot.node_inputs import Ids, NodeInputs, messages_in
from langchain_beautyspot.replays import Renewal, keepable

need("langgraph", "langgraph.cache.base", "BeautySpotNodeCache")
from langgraph.cache.base import BaseCache, FullKey, Namespace  # noqa: E402 - the line above says what is missing

FORMAT = "2"
TAG = "langgraph"
Found = dict[FullKey, Any]
Pairs = Mapping[FullKey, tuple[Any, int | None]]


class BeautySpotNodeCache(BaseCache[Any], Uncopied):
    """Keeps what nodes and tasks wrote, for every process and every later run.

    ```python
    graph.add_node("research", research, cache_policy=CachePolicy(key_func=stable_key, ttl=3600))
    app = graph.compile(cache=BeautySpotNodeCache("graphs.db"))
    ```

    What can't be kept or read is warned of, and the graph goes on: the node runs again. Values are msgpack with a
    closed table of classes; `spot.register_type` adds the classes of your state. Messages of a model come back with new
    ids: `add_messages` would else put a repeated answer in the place of the first. A message that the node was given
    and writes again has the id that it has now. What removes messages is not kept.
    """

    def __init__(self, place: Place, *, namespace: str = "") -> None:
        """Keep results at `place`, apart from those of another `namespace`.

        Args:
            place: A Spot, a file's path, or a database's URL.
            namespace: Part of every key, so that what one tenant keeps is nothing to another.

        Raises:
            ConfigurationError: `place` is none of these.
        """
        super().__init__()
        self._made_by = place, {"namespace": namespace}
        self._spot = opened(place)
        teach(self._spot.parts)
        teach_send(self._spot.parts)
        self._rows = LenientRows(self._spot.parts, "LangChain")
        self._namespace = namespace_of(namespace)
        self._inputs = NodeInputs()

    def get(self, keys: Sequence[FullKey]) -> Found:
        """Return what is kept for the keys; those that have nothing are left out."""
        given = self._given()
        return self._found(keys, self._rows.read([*map(self._key, keys)]), given)

    async def aget(self, keys: Sequence[FullKey]) -> Found:
        """Do as `get`."""
        given = self._given()
        return self._found(keys, await self._rows.read_async([*map(self._key, keys)]), given)

    def set(self, pairs: Pairs) -> None:
        """Keep what nodes wrote, each for its seconds; None for ever."""
        self._rows.keep(self._kept(pairs))

    async def aset(self, pairs: Pairs) -> None:
        """Do as `set`."""
        await self._rows.keep_async(self._kept(pairs))

    def clear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """Delete what nodes of the namespaces wrote; None for all that this cache kept.

        Raises:
            StorageError: the database can't; what can't be deleted must not pass for gone.
        """
        tags = (self._tag(),) if namespaces is None else tuple(map(self._tag, namespaces))
        self._spot.parts.store.delete_where(TaskFilter(tags=tags))

    async def aclear(self, namespaces: Sequence[Namespace] | None = None) -> None:
        """Do as `clear`."""
        await self._rows.in_thread(self.clear, namespaces)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let a graph that has this cache go to another process: there it opens the same store."""
        place, options = self._made_by
        return partial(BeautySpotNodeCache, portable(place), **options), ()

    def _given(self) -> Mapping[FullKey, Ids]:
        """Return what the tasks are given that are looked up now; nothing of those that nothing is known of."""
        try:
            return self._inputs.look()
        except Exception:  # noqa: BLE001 - LangGraph's insides and the user's state; what needs it is not kept then
            return {}

    def _found(self, keys: Sequence[FullKey], hits: Sequence[Hit | None], given: Mapping[FullKey, Ids]) -> Found:
        found: Found = {}
        for key, hit in zip(keys, hits, strict=True):
            writes = None if hit is None else self._writes(self._key(key), hit, given.get(key))
            if hit is None or writes is None:
                self._rows.count(_func_name(key), [], 1)
            else:
                self._rows.count(_func_name(key), [(self._key(key), hit)], 0)
                found[key] = writes
        return found

    def _writes(self, key: str, hit: Hit, given: Ids | None) -> list[tuple[str, Any]] | None:
        """Return what a node wrote, with the message ids of now; None where its input has others, or the row is none.

        Args:
            key: Of the row, to count and tell that it holds nothing such.
            hit: The row.
            given: Ids of the messages that the node is given now.
        """
        try:
            then, kept = hit.value["given"], hit.value["writes"]
            now = [each for each in given or () if each is not None]
            if then and len(then) != len(now):
                return None
            renewal = Renewal(dict(zip(then, now, strict=False)))
            return [(_channel(channel), renewal.of(value)) for channel, value in kept]
        except Exception as error:  # noqa: BLE001 - whatever lies in the database
            damage = DamagedEntryError(f"it is not what a node writes ({type(error).__name__}); delete it")
            self._spot.parts.store.report_damage(key, damage)
            return None

    def _kept(self, pairs: Pairs) -> list[tuple[Label, Any]]:
        kept: list[tuple[Label, Any]] = []
        for key, (writes, ttl_s) in pairs.items():
            try:
                row = self._row(key, writes) if keepable(writes) else None
            except Exception as error:  # noqa: BLE001 - what a node writes is anybody's, and may hold itself
                self._tell_unkept(_func_name(key), error)
                continue
            if row is not None:
                kept.append((self._label(key, ttl_s), row))
        return kept

    def _tell_unkept(self, func_name: str, error: Exception) -> None:
        self._spot.parts.store.notices.tell(
            ("langgraph", "writes", func_name),
            f"what {func_name} wrote could not be looked through ({told(error)}) and was not kept; have it write plain "
            "data that is not nested too deep and doesn't hold itself",
            CacheSaveWarning,
        )

    def _row(self, key: FullKey, writes: Any) -> dict[str, Any] | None:
        """Return what is kept of a node's writes, beside the ids that it was given where it writes one of these."""
        written = {message.id for _, value in writes for message in messages_in(value)} - {None}
        given = self._inputs.of(writes) if written else []
        if given is None:
            self._spot.parts.store.notices.tell(
                ("langgraph", "input"),
                f"{_func_name(key)}: it wrote messages, and LangGraph doesn't say which of them it was given, so "
                "nothing was kept; use a langgraph that this release was tested with, or messages without ids",
                CacheWarning,
            )
            return None
        return {
            "writes": [[channel, value] for channel, value in writes],
            "given": given if written & {*given} else [],
        }

    def _label(self, key: FullKey, ttl_s: int | None) -> Label:
        tags = (self._tag(), self._tag(key[0]))
        return Label(self._key(key), _func_name(key), key[1][:16], FORMAT, 0.0, ttl_s=ttl_s, tags=tags)

    def _key(self, key: FullKey) -> str:
        return digest(json.dumps([FORMAT, self._namespace, _named(key[0]), key[1]]).encode()).hex()

    def _tag(self, namespace: Namespace | None = None) -> str:
        """Return what the rows of a namespace are found by; as JSON, as the parts may hold any sign."""
        parts = [self._namespace] if namespace is None else [self._namespace, *_named(namespace)]
        return f"{TAG} {json.dumps(parts)}"


def _channel(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError("a channel's name is a text")
    return name


def _func_name(key: FullKey) -> str:
    # LangGraph's namespace: a constant, the function's name, and the node, which a task has not.
    return ".".join([TAG, *_named(key[0])[1:]])


def _named(namespace: Namespace) -> Namespace:
    """Return a namespace with the script's own name in the place of `__main__`, which every script is to itself."""
    # Nothing says where the module ends; a package's `__main__.py` goes by the package's name.
    split = (part.replace(".__main__.", ".").partition(".") for part in namespace)
    return tuple(module_name(module) + dot + rest if dot else module for module, dot, rest in split)
