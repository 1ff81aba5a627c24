"""Attributes in which a decorator keeps the state of its calls, read out of its class: they are no settings."""

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import FunctionType
from typing import Any, NamedTuple

from beautyspot.keys.members import functions_behind
from beautyspot.keys.methods import reached, read

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
    chosen: frozenset[str]
    """Of the assigned what the calls read as well and `__call__` takes from its caller: a setting all the same."""
    texts: frozenset[str]
    """What is one as long as it holds a text: read, and assigned a text or what another method is given."""

    def is_setting(self, name: str, value: object, /) -> bool:
        """Say whether an attribute is a setting, given what it holds."""
        if name in self.chosen or (name in self.texts and type(value) is str):
            return True
        return name not in self.assigned and name not in self.left_out


@lru_cache(1024)
def state_of(kind: type[Any], /) -> State:
    """Return the state of a class. What methods assign that `__call__` doesn't call is a setting."""
    methods = _methods(kind)
    calling = reached(lambda name: methods.get(name, ()), ["__call__"])
    beginning = reached(lambda name: methods.get(name, ()), ["__init__", "__post_init__"])
    assigned = _stored(calling.values()).keys()
    # A setter that nobody has called yet may be how a setting is given.
    others = [functions for name, functions in methods.items() if name not in calling]
    begun = _stored([*beginning.values(), *others])
    constant = {name for name, kinds in begun.items() if _GIVEN not in kinds and name in assigned}
    left_out = constant.union(name for name, kinds in begun.items() if kinds == {_MOMENT})
    loaded = {name for functions in calling.values() for function in functions for name in read(function).loaded}
    chosen = loaded & _passed(calling["__call__"])
    texts = loaded & {name for functions in calling.values() for name in _passed(functions) | _texts(functions)}
    return State(frozenset(assigned), frozenset(left_out - chosen), frozenset(chosen), frozenset(texts))


def _methods(kind: type[Any]) -> Mapping[str, list[FunctionType]]:
    """Return the methods of a class and of its parents, without their decorators."""
    methods = defaultdict[str, list[FunctionType]](list)
    for parent in kind.__mro__:
        for name, member in vars(parent).items():
            methods[name] += functions_behind(member)
    return methods


def _stored(methods: Iterable[Iterable[FunctionType]]) -> Mapping[str, set[str]]:
    """Return the attributes that methods assign, with the kinds of what they assign to them."""
    found = defaultdict[str, set[str]](set)
    for function in (function for functions in methods for function in functions):
        for name, value in read(function).stored:
            found[name].add(_kind(value))
    return found


def _passed(methods: Iterable[FunctionType]) -> set[str]:
    """Return the attributes to which methods assign what they were given, but for what their own calls make of it."""
    found = set[str]()
    for function in methods:
        own, *parameters = function.__code__.co_varnames[: _count(function)] or ("",)
        for name, value in read(function).stored:
            nodes = [] if value is None else [*ast.walk(value)]
            is_made = any(isinstance(node, ast.Call) and _begins(node.func) == own for node in nodes)
            if not is_made and any(isinstance(node, ast.Name) and node.id in parameters for node in nodes):
                found.add(name)
    return found


def _texts(methods: Iterable[FunctionType]) -> set[str]:
    stored = (pair for function in methods for pair in read(function).stored)
    return {name for name, value in stored if isinstance(value, ast.Constant) and isinstance(value.value, str)}


def _count(function: FunctionType) -> int:
    """Return how many parameters a function has, `*args` and `**kwargs` among them."""
    code = function.__code__
    stars = bool(code.co_flags & inspect.CO_VARARGS) + bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_argcount + code.co_kwonlyargcount + stars


def _begins(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return _name(node)


def _kind(value: ast.expr | None) -> str:
    if value is None:
        return _GIVEN
    return _MOMENT if is_moment(value) else _MADE if _is_made(value) else _GIVEN


def is_moment(value: ast.expr, /) -> bool:
    """Say whether an expression's answer doesn't come again."""
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
