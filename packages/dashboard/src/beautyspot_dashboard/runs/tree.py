"""The runs of one trace as a tree."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from beautyspot.records import Run


@dataclass(frozen=True, slots=True)
class Node:
    """One run and where it stands."""

    run: Run
    depth: int
    """0 for a root, and for a run whose parent isn't there."""
    start_s: float
    """After the first run of the trace began."""

    @property
    def stop_s(self) -> float:
        """When it ended; what has no end has no length."""
        return self.start_s + (self.run.elapsed_s or 0.0)


def nodes_of(runs: Sequence[Run], /) -> list[Node]:
    """Return `runs` so that each is followed by its children, the earlier first; whatever their parents say."""
    ordered = sorted(runs, key=lambda run: (run.started_at, run.run_id))
    ids = {run.run_id for run in ordered}
    children: dict[str | None, list[Run]] = defaultdict(list)
    for run in ordered:
        is_child = run.parent_id in ids and run.parent_id != run.run_id
        children[run.parent_id if is_child else None].append(run)
    found: list[Node] = []
    seen: set[str] = set()
    begin = ordered[0].started_at if ordered else None
    # A stack of our own: a chain of a thousand steps is deeper than Python's. Runs in a ring come last, as roots.
    for starts in (children[None], ordered):
        stack = [(run, 0) for run in reversed(starts) if run.run_id not in seen]
        while stack:
            run, depth = stack.pop()
            if run.run_id in seen or begin is None:
                continue
            seen.add(run.run_id)
            found.append(Node(run, depth, (run.started_at - begin).total_seconds()))
            stack += [(child, depth + 1) for child in reversed(children[run.run_id])]
    return found


@dataclass(frozen=True, slots=True)
class Totals:
    """What a trace comes to; a nested run's tokens are counted in another."""

    runs: int
    errors: int
    cache_hits: int
    tokens_spent: int
    tokens_saved: int
    cost: float
    elapsed_s: float


def totals_of(nodes: Sequence[Node], /) -> Totals:
    """Return what the runs come to together."""
    counted = [node.run for node in nodes if not node.run.nested]

    def tokens(*, saved: bool) -> int:
        chosen = [run for run in counted if (run.cache_hit is True) is saved]
        return sum((run.input_tokens or 0) + (run.output_tokens or 0) for run in chosen)

    return Totals(
        runs=len(nodes),
        errors=sum(node.run.status == "error" for node in nodes),
        cache_hits=sum(node.run.cache_hit is True for node in nodes),
        tokens_spent=tokens(saved=False),
        tokens_saved=tokens(saved=True),
        cost=sum(run.cost or 0.0 for run in counted if run.cache_hit is not True),
        elapsed_s=max((node.stop_s for node in nodes), default=0.0),
    )
