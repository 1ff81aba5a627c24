"""What the methods of a class do with their `self`, read out of their source."""

import ast
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from tokenize import TokenError
from types import FunctionType
from typing import NamedTuple

from beautyspot.keys.parsing import parsed_block

GROWING = frozenset(("add", "append", "appendleft", "extend", "insert", "setdefault", "update"))
"""Methods of lists, sets, dicts and their like that make them longer."""
UNREADABLE = (OSError, SyntaxError, TypeError, ValueError, TokenError)
"""What is raised for the source of what was typed into a shell, is a lambda, was made by `dataclass` or half edited."""


class Read(NamedTuple):
    """What a method does with its `self`."""

    stored: tuple[tuple[str, ast.expr | None], ...]
    """Attributes that it assigns or deletes, with what it assigns; None where that can't be seen."""
    counted: frozenset[str]
    """Attributes that it counts up or down, or makes longer; none without its source."""
    named: frozenset[str]
    """All attributes that it reads, assigns or calls."""
    loaded: frozenset[str]
    """Those of them that it reads or calls."""
    asked: frozenset[tuple[str, str]]
    """Attributes, and the methods that it calls of what lies in them; none without its source."""


def reached(
    methods: Callable[[str], Iterable[FunctionType]], names: Iterable[str], /
) -> dict[str, tuple[FunctionType, ...]]:
    """Return the methods of these names, those of `self` that they call, and so on, by name.

    Args:
        methods: Returns the methods of a name, none where there is no such method.
        names: Of the methods to begin with.
    """
    found, waiting = dict[str, tuple[FunctionType, ...]](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = tuple(methods(name))
            waiting += (named for function in found[name] for named in read(function).named)
    return found


@lru_cache(1024)
def read(function: FunctionType, /) -> Read:
    """Return what a method does with its first argument; from its instructions where there is no source."""
    code = function.__code__
    try:
        [written] = parsed_block(inspect.getsource(code)).body
    except UNREADABLE:
        import dis  # `inspect` has loaded it

        steps = [*dis.get_instructions(code)]
        stored = [(step.argval, None) for step in steps if step.opname in ("STORE_ATTR", "DELETE_ATTR")]
        loaded = frozenset(step.argval for step in steps if step.opname in ("LOAD_ATTR", "LOAD_METHOD"))
        return Read(tuple(stored), frozenset(), frozenset(code.co_names), loaded, frozenset())
    nodes, own = [*ast.walk(written)], code.co_varnames[:1]
    values = {id(target): value for node in nodes for target, value in _assigned(node)}
    named = [node for node in nodes if isinstance(node, ast.Attribute) and _is_own(node.value, own)]
    calls = [node.func for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    return Read(
        tuple((node.attr, values.get(id(node))) for node in named if not isinstance(node.ctx, ast.Load)),
        frozenset(name for node in nodes for grown in _grown(node) for name in _attribute(grown, own)),
        frozenset(node.attr for node in named),
        frozenset(node.attr for node in named if isinstance(node.ctx, ast.Load)),
        frozenset((name, called.attr) for called in calls for name in _attribute(called.value, own)),
    )


def _is_own(node: ast.expr, own: tuple[str, ...]) -> bool:
    return isinstance(node, ast.Name) and node.id in own


def _assigned(node: ast.AST) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Yield the parts of what a statement assigns to, with the value; what `+=` makes has none."""
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((part, node.value) for target in targets for part in ast.walk(target))


def _grown(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a statement or call counts up or down, or makes longer."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add | ast.Sub):
        yield node.target
    elif isinstance(node, ast.Assign):
        yield from (target.value for target in node.targets if isinstance(target, ast.Subscript))
        if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.Add | ast.Sub):
            before = ast.unparse(node.value.left)
            yield from (target for target in node.targets if ast.unparse(target) == before)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in GROWING:
        yield node.func.value


def _attribute(node: ast.expr, own: tuple[str, ...]) -> Iterator[str]:
    """Yield the attribute of `self` that an expression begins with: `usage` of `self.usage["gpt"].tokens`."""
    name = ""
    while isinstance(node, ast.Attribute | ast.Subscript):
        name = node.attr if isinstance(node, ast.Attribute) else ""
        node = node.value
    if name and _is_own(node, own):
        yield name
