"""Attributes in which a decorator keeps the state of its calls, read out of its class: they are no settings."""

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from textwrap import dedent
from types import FunctionType
from typing import Any, NamedTuple

from beautyspot.keys.members import behind

MOMENTS = frozenset(
    (
        *("getpid", "get_ident", "monotonic", "monotonic_ns", "now", "perf_counter", "perf_counter_ns"),
        *("random", "time", "time_ns", "utcnow", "uuid1", "uuid4"),
    )
)
"""Functions whose answer doesn't come again, so that no key with it would be met in another run."""

EMPTY = frozenset(
    ("Counter", "OrderedDict", "bytearray", "defaultdict", "deque", "dict", "float", "int", "list", "set")
)
"""Classes of what a state begins with."""

_DISPLAYS = (ast.BinOp, ast.Constant, ast.Dict, ast.List, ast.Set, ast.Tuple, ast.UnaryOp)
_GIVEN, _MADE, _MOMENT = "given", "made", "moment"


class State(NamedTuple):
    """What of the attributes of a class is none of its settings."""

    assigned: frozenset[str]
    """What `__call__`, or a method that it calls, assigns: what was given is what lies there before."""
    left_out: frozenset[str]
    """Of these what begins alike in all objects of the class, and what holds a moment: nothing was given."""


@lru_cache(1024)
def state_of(kind: type[Any], /) -> State:
    """Return the state of a class. What methods assign that `__call__` doesn't call is a setting."""
    methods = _methods(kind)
    calling, beginning = _reached(methods, ["__call__"]), _reached(methods, ["__init__", "__post_init__"])
    assigned = _stored(methods, calling).keys()
    # A setter that nobody has called yet may be how a setting is given.
    begun = _stored(methods, beginning | (methods.keys() - calling))
    constant = {name for name, kinds in begun.items() if _GIVEN not in kinds and name in assigned}
    return State(
        frozenset(assigned), frozenset(constant.union(name for name, kinds in begun.items() if kinds == {_MOMENT}))
    )


def _methods(kind: type[Any]) -> Mapping[str, list[FunctionType]]:
    """Return the methods of a class and of its parents, without their decorators."""
    methods = defaultdict[str, list[FunctionType]](list)
    for parent in kind.__mro__:
        for name, member in vars(parent).items():
            methods[name] += behind(member)
    return methods


def _reached(methods: Mapping[str, list[FunctionType]], waiting: list[str]) -> set[str]:
    """Return the names of those methods, and of those of `self` that they call, and so on."""
    seen = set[str]()
    while waiting:
        name = waiting.pop()
        if name not in seen and name in methods:
            seen.add(name)
            waiting += (named for function in methods[name] for named in _read(function).named)
    return seen


def _stored(methods: Mapping[str, list[FunctionType]], names: Iterable[str]) -> Mapping[str, set[str]]:
    """Return the attributes that methods assign, with the kinds of what they assign to them."""
    found = defaultdict[str, set[str]](set)
    for function in (function for name in names for function in methods[name]):
        for name, kind in _read(function).stored:
            found[name].add(kind)
    return found


class _Read(NamedTuple):
    """What a method does with its `self`."""

    stored: frozenset[tuple[str, str]]
    """Attributes that it assigns or deletes, with the kind of what it assigns."""
    named: frozenset[str]
    """All attributes that it names."""


@lru_cache(1024)
def _read(function: FunctionType) -> _Read:
    code = function.__code__
    try:
        [written] = ast.parse(dedent(inspect.getsource(code))).body
    except (OSError, SyntaxError, TypeError, ValueError):  # typed into a shell, or made by `dataclass`
        import dis  # `inspect` has loaded it

        steps = dis.get_instructions(code)
        stored = {(step.argval, _GIVEN) for step in steps if step.opname in ("STORE_ATTR", "DELETE_ATTR")}
        return _Read(frozenset(stored), frozenset(code.co_names))
    nodes, own = [*ast.walk(written)], code.co_varnames[:1]
    values = {id(target): value for node in nodes for target, value in _assigned(node)}
    named = [node for node in nodes if isinstance(node, ast.Attribute) and _is_own(node.value, own)]
    stored = {(node.attr, _kind(values.get(id(node)))) for node in named if not isinstance(node.ctx, ast.Load)}
    return _Read(frozenset(stored), frozenset(node.attr for node in named))


def _assigned(node: ast.AST) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Yield the parts of what a statement assigns to, with the value; what `+=` makes has none."""
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        yield from ((part, node.value) for target in targets for part in ast.walk(target))


def _is_own(node: ast.expr, own: tuple[str, ...]) -> bool:
    return isinstance(node, ast.Name) and node.id in own


def _kind(value: ast.expr | None) -> str:
    if value is None:
        return _GIVEN
    return _MOMENT if _is_moment(value) else _MADE if _is_made(value) else _GIVEN


def _is_moment(value: ast.expr) -> bool:
    # No further: `datetime.now().date()` and `time.time() // 3600` come again.
    if isinstance(value, ast.Attribute) and value.attr in ("hex", "int"):
        value = value.value
    elif isinstance(value, ast.Call) and _name(value.func) == "str" and value.args:
        value = value.args[0]
    return isinstance(value, ast.Call) and _name(value.func) in MOMENTS


def _is_made(value: ast.AST) -> bool:
    """Say whether an expression names nothing that may have been given, be it by the module."""
    if isinstance(value, ast.Call):
        parts = [*value.args, *(keyword.value for keyword in value.keywords)]
        return _name(value.func) in EMPTY and all(_is_made(part) or _name(part) in EMPTY for part in parts)
    parts = [part for part in ast.iter_child_nodes(value) if isinstance(part, ast.expr)]
    return isinstance(value, _DISPLAYS) and all(map(_is_made, parts))


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
