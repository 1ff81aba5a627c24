"""`CachedTransformation`: a transformation whose work on each node, or on each document, is done once."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

from beautyspot.checks import expect, words
from beautyspot.durations import Duration, seconds
from beautyspot.errors import CacheSaveWarning, ConfigurationError
from beautyspot.flight import Turns
from beautyspot.keys import FromCode
from beautyspot.keys.canonical import Canonical
from beautyspot.keys.code import version_from_code
from beautyspot.lenient import LenientRows
from beautyspot.places import Place, opened
from beautyspot.replays import no_result
from beautyspot.spot import Spot
from beautyspot.store import Hit, Label
from beautyspot.threads import on_event_loop

from llama_index.callbacks.beautyspot.asking import Watch
from llama_index.callbacks.beautyspot.carried import Carried
from llama_index.callbacks.beautyspot.embeddings.numbers import VectorSerializer
from llama_index.callbacks.beautyspot.errors import ReplayMiss
from llama_index.callbacks.beautyspot.ingestion.bars import bar, quiet
from llama_index.callbacks.beautyspot.ingestion.keys import FORMAT, Keys, registry_of_transformations
from llama_index.callbacks.beautyspot.ingestion.loops import Run, one_loop
from llama_index.callbacks.beautyspot.ingestion.plan import Call, Plan, parts_of
from llama_index.callbacks.beautyspot.ingestion.sources import Sources, sources_of, sources_of_async
from llama_index.callbacks.beautyspot.ingestion.units import UNITS, Unit, at_once, together, unit_of, units
from llama_index.callbacks.beautyspot.policy import Mode, mode_from, mode_of_call
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.bridge.pydantic import Field, PrivateAttr, SerializeAsAny
from llama_index.core.schema import BaseNode, TransformComponent


class CachedTransformation(TransformComponent):
    """Stands in for a transformation in a pipeline, and calls it only for nodes that are new or changed.

    ```python
    pipeline = IngestionPipeline(
        transformations=[CachedTransformation(SentenceSplitter(), "ingestion.db")], disable_cache=True
    )
    ```

    Nodes are known by their content, and keep who they are: of two documents with one text, each gets nodes of its own.
    LlamaIndex's own transformations are known for what they look at: a splitter or `TitleExtractor` at a document,
    `SummaryExtractor` for neighbours at the whole list, others at each node. Tell `unit=` for one of yours that looks
    at neighbours.
    """

    transformation: SerializeAsAny[TransformComponent] = Field(description="What is called for new nodes.")
    unit: Unit = Field(description="What the transformation looks at together.")
    namespace: str = Field(default="", description="Part of every key.")
    version: str | None = Field(default=None, description="Changes when the transformation does.")
    _place: Any = PrivateAttr()
    _spot: Spot = PrivateAttr()
    _ttl_s: float | None = PrivateAttr()
    _tags: tuple[str, ...] = PrivateAttr()
    _mode: Mode = PrivateAttr()

    def __init__(
        self,
        transformation: TransformComponent,
        spot: Place,
        *,
        unit: Unit | None = None,
        version: str | FromCode | None = None,
        namespace: str = "",
        ttl: Duration | None = None,
        tags: Sequence[str] = (),
        mode: Mode = "read_write",
    ) -> None:
        """Stand before `transformation`.

        Args:
            transformation: A splitter, an extractor, an embedding model, or one of yours.
            spot: A Spot, a file's path, or a database's URL.
            unit: What it looks at together: `node`, `document` (neighbours of one source), or `list`; None for what is
                known of LlamaIndex's own, and `node` for others.
            version: Changes when the transformation does: its class is known by its name, so say what changed in its
                code, or `FROM_CODE` to have that read. A text goes for settings as well that have no content.
            namespace: Part of every key.
            ttl: How long a result is a hit; None for ever.
            tags: On every row, for `spot.invalidate(tags=…)`.
            mode: As `cache_policy` takes it, which goes before this.

        Raises:
            ConfigurationError: no safe key can be made of the transformation, or an argument is wrong.
        """
        is_one = isinstance(transformation, TransformComponent)  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(is_one, "transformation", transformation, "a TransformComponent, then the place")
        unit = unit_of(transformation) if unit is None else unit
        expect(unit in UNITS, "unit", unit, f"one of {', '.join(UNITS)}")
        if isinstance(version, FromCode):
            version = version_from_code(type(transformation))
        super().__init__(transformation=transformation, unit=unit, namespace=namespace, version=version)  # pyright: ignore[reportCallIssue] - pydantic's own
        self._place, self._spot = spot, opened(spot)
        self._ttl_s = None if ttl is None else seconds(ttl)
        self._tags, self._mode = words("tags", tags), mode_from(mode)
        self._keys()

    @classmethod
    def class_name(cls) -> str:
        """Return the name that LlamaIndex knows it by."""
        return "CachedTransformation"

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Return what the transformation makes of `nodes`."""
        mode = mode_of_call(self._mode, self._spot.parts.store)
        if mode == "off":
            return self.transformation(nodes, **kwargs)
        with one_loop(self.transformation) as run:
            return self._call(nodes, mode, run, kwargs)

    def _call(self, nodes: Sequence[BaseNode], mode: Mode, run: Run, kwargs: dict[str, Any]) -> Sequence[BaseNode]:
        sources, rows, clock = sources_of(self.transformation, nodes, run), self._store(), self._spot.parts.clock
        plan, watch = self._plan(nodes, sources, kwargs)
        self._fill(plan, rows.read(plan.keys) if mode != "refresh" else [], mode)
        turns = self._turns(mode)
        call_for, options, shows = quiet(self.transformation, self.unit, kwargs)
        with bar(self.transformation, len(plan.missing), shows=shows) as advance, watch:
            for (call,) in plan.rounds():
                with turns.take(plan.keys_of(call)) as turn:
                    self._refill(plan, turn.led, rows.read(turn.led))
                    if ours := plan.left(call, turn.others):
                        start_s = clock.monotonic()
                        made = run(partial(call_for, plan.begin(ours), **options))
                        rows.keep(self._rows(plan, ours, made, clock.monotonic() - start_s, self._settled(watch, mode)))
                if turn.others:
                    (turns.skip if on_event_loop() else turns.wait)(turn)
                    self._refill(plan, turn.others, rows.read(turn.others))
                advance(plan.made(call))
        return plan.result()

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """Do as a call."""
        mode = mode_of_call(self._mode, self._spot.parts.store)
        if mode == "off":
            return await self.transformation.acall(nodes, **kwargs)
        sources, rows = await sources_of_async(self.transformation, nodes), self._store()
        plan, watch = self._plan(nodes, sources, kwargs)
        self._fill(plan, await rows.read_async(plan.keys) if mode != "refresh" else [], mode)
        turns = self._turns(mode)
        call_for, options, shows = quiet(self.transformation, self.unit, kwargs)
        with bar(self.transformation, len(plan.missing), shows=shows) as advance, watch:

            async def run(call: Call) -> None:
                with turns.take(plan.keys_of(call)) as turn:
                    self._refill(plan, turn.led, await rows.read_async(turn.led))
                    if ours := plan.left(call, turn.others):
                        start_s = self._spot.parts.clock.monotonic()
                        made = await call_for.acall(plan.begin(ours), **options)
                        elapsed_s = self._spot.parts.clock.monotonic() - start_s
                        await rows.keep_async(self._rows(plan, ours, made, elapsed_s, self._settled(watch, mode)))
                if turn.others:
                    await turns.wait_async(turn)
                    self._refill(plan, turn.others, await rows.read_async(turn.others))
                advance(plan.made(call))

            for calls in plan.rounds(at_once(self.transformation, self.unit)):
                ended = await asyncio.gather(*map(run, calls), return_exceptions=True)
                # The others have ended as well, so what they made is kept.
                for error in filter(None, ended):
                    raise error
        return plan.result()

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        """Copy the transformation; the results stay in the same place."""
        return super().__deepcopy__({**(memo or {}), **{id(each): each for each in (self._place, self._spot)}})

    def __reduce__(self) -> Any:
        """Let a worker process make the same, with the results in the same place."""
        options = {"unit": self.unit, "version": self.version, "namespace": self.namespace}
        more = {"ttl": self._ttl_s, "tags": self._tags, "mode": self._mode}
        return partial(CachedTransformation, **options, **more), (self.transformation, Carried(self._place))

    def _store(self) -> LenientRows:
        parts = self._spot.parts
        is_embedding = isinstance(self.transformation, BaseEmbedding)
        return LenientRows(parts, "LlamaIndex", VectorSerializer(parts.serializer) if is_embedding else None)

    def _keys(self) -> Keys:
        registry = registry_of_transformations(self._spot.parts.registry)
        return Keys(Canonical(registry), self.transformation, self.namespace, self.unit, version=self.version)

    def _settled(self, watch: Watch, mode: Mode) -> Mode:
        """Return what becomes of a result that was made now: nobody finds one of other settings."""
        return mode if watch.settled(self._spot.parts.store.notices, self._func_name) else "read_only"

    def _plan(self, nodes: Sequence[BaseNode], sources: Sources, options: Mapping[str, Any]) -> tuple[Plan, Watch]:
        order = units(nodes, self.unit, self.transformation)
        parts = parts_of(nodes, order)
        counted = {name: value for name, value in options.items() if name != "show_progress"}
        try:
            maker = self._keys()
            keys, watch = maker.keys(parts, counted, sources), maker.watch()
        except ConfigurationError:  # a setting was changed since
            keys, watch = [None] * len(parts), Watch(self.transformation, {}, dict, lambda _: False)
        if None in keys:
            self._warn("has a setting, or got metadata or an option, that no key can be made of")
        size = together(self.transformation, self.unit)
        return Plan(self.transformation, nodes, order, keys, together=size), watch

    def _turns(self, mode: Mode) -> Turns:
        """Return whose turn it is to call: those who would not take what others keep call for themselves."""
        return self._spot.parts.flight.turns() if mode == "read_write" else Turns(None)

    def _refill(self, plan: Plan, keys: Sequence[str], hits: Sequence[Hit | None]) -> None:
        """Take what others kept since the plan was made, and counted as missing."""
        self._store().count(self._func_name, plan.fill(keys, hits), 0)

    def _fill(self, plan: Plan, hits: Sequence[Hit | None], mode: Mode) -> None:
        found = plan.fill(plan.keys, hits) if hits else []
        missing = len(plan.missing)
        if mode != "replay_only":
            self._store().count(self._func_name, found, missing)
        elif missing:
            what = f"result of {self._func_name} for {missing} of the nodes"
            step, keys = "record them first with 'read_write'", plan.keys_of(plan.missing)
            raise ReplayMiss(no_result(self._spot.parts.store, what, step, keys))

    def _rows(
        self, plan: Plan, call: Call, made: Sequence[BaseNode], elapsed_s: float, mode: Mode
    ) -> list[tuple[Label, Any]]:
        each_s = elapsed_s / len(call)
        kept = plan.end(call, made)
        if plan.refused:
            self._warn("made nodes that could not be made again from what is kept")
        if mode == "read_only":
            return []
        return [
            (Label(key, self._func_name, key[:16], FORMAT, each_s, ttl_s=self._ttl_s, tags=self._tags), value)
            for key, value in kept
        ]

    @property
    def _func_name(self) -> str:
        return f"llama_index.CachedTransformation.{type(self.transformation).__name__}"

    def _warn(self, trouble: str) -> None:
        name = type(self.transformation).__name__
        self._spot.parts.store.notices.tell(
            (self._func_name, trouble),
            f"{name} {trouble}; its results were returned and not kept, so it runs again each time; keep to plain "
            "values in metadata and to LlamaIndex's own classes of nodes",
            CacheSaveWarning,
        )
