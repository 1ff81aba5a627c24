"""Defaults in which a function remembers something, such as `_memo={}`: what they hold makes no other call."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
import ast
import collections
import inspect
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, get_origin

from beautyspot.keys.binding import parameters_of
from beautyspot.keys.canonical import MEMOS
from beautyspot.keys.layers import layers_of
from beautyspot.keys.methods import GROWING, UNREADABLE
from beautyspot.keys.parsing import parsed_block

CHANGING = GROWING | frozenset(("clear", "discard", "move_to_end", "pop", "popitem", "popleft", "remove"))
"""Methods of lists, sets, dicts and their like that change them."""
_USUAL: Mapping[str, Any] = {kind.__name__: kind for kind in MEMOS} | {"collections": collections}
"""What stands for names that a function's module has not: builtins, and what a function around it imports."""
_DEFINED = (ast.FunctionDef, ast.AsyncFunctionDef)


class Memos:
    """Those of one function, as a call has them that leaves them out."""

    def __init__(self, function: Any, defaults: Mapping[str, Any]) -> None:
        """Take the defaults by name when the function is marked; its source is read when a key first has one."""
        self._function, self._defaults = function, defaults
        self._found: dict[str, tuple[Any, Any]] | None = None

    def emptied(self, names: Iterable[str], values: tuple[Any, ...], /) -> tuple[Any, ...]:
        """Return values of parameters; those that are the function's memo as it was."""
        if self._found is None:
            self._found = self._look()
        if not self._found:
            return values
        pairs = ((self._found.get(name), value) for name, value in zip(names, values, strict=True))
        return tuple(value if memo is None or value is not memo[0] else memo[1] for memo, value in pairs)

    def _look(self) -> dict[str, tuple[Any, Any]]:
        """Return the memos by name, each with an empty one; a default may be that of a decorator's wrapper."""
        layers = [layer.thing for layer in layers_of(self._function) if type(layer.thing) is FunctionType]
        shown = [(name, parameters_of(layer).shown.get(name)) for layer in layers for name in memos_of(layer)]
        held = [(name, self._defaults.get(name), value) for name, value in shown]
        return {name: (memo, _emptied(memo)) for name, memo, value in held if memo is value and type(memo) in MEMOS}


def emptied(function: FunctionType, /) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None]:
    """Return the defaults of a function, by place and by name; of its memos empty ones."""
    positional, keywords, code = function.__defaults__, function.__kwdefaults__, function.__code__
    names = code.co_varnames[code.co_argcount - len(positional or ()) : code.co_argcount]
    memos = memos_of(function)

    def told(name: str, value: Any) -> Any:
        return _emptied(value) if name in memos and type(value) in MEMOS else value

    return (
        positional and tuple(map(told, names, positional)),
        keywords and {name: told(name, each) for name, each in keywords.items()},
    )


def _emptied(value: Any) -> Any:
    """Return an empty one that is told as `value` was when it was written."""
    if type(value) is deque:
        return deque(maxlen=value.maxlen)
    # Other factories count themselves, as `defaultdict(itertools.count().__next__)` does.
    if type(value) is defaultdict and isinstance(value.default_factory, type | FunctionType):
        return defaultdict(value.default_factory)
    return type(value)()


def memos_of(function: FunctionType, /) -> frozenset[str]:
    """Return the parameters whose defaults are written empty, and which a function changes in place and never rebinds.

    None without its source. What else it changes was given, such as the settings of a request to which it adds.
    """
    code, world = function.__code__, function.__globals__
    return frozenset(name for name, default in _written_in(code, id(code)).items() if _is_empty(default, world))


@lru_cache(1024)
def _written_in(code: CodeType, _: int) -> Mapping[str, ast.expr]:
    """Return the written defaults of the parameters that code changes in place and never rebinds."""
    # By identity: of two that are equal but for their defaults, as before and after a reload, the codes are.
    try:
        nodes = [*ast.walk(parsed_block(inspect.getsource(code)))]
    except UNREADABLE:
        return {}
    written = [node for node in nodes if isinstance(node, (*_DEFINED, ast.Lambda))]
    named = [node for node in written if isinstance(node, _DEFINED) and node.name == code.co_name]
    if not (named or len(written) == 1):
        return {}  # one of several lambdas of a line
    changed = _changed_in(nodes, code)
    return {name: default for name, default in _defaults_in((named or written)[0].args) if name in changed}


def _defaults_in(parameters: ast.arguments) -> Iterable[tuple[str, ast.expr]]:
    placed = (*parameters.posonlyargs, *parameters.args)
    defaults = [None] * (len(placed) - len(parameters.defaults)) + parameters.defaults + parameters.kw_defaults
    every = zip((*placed, *parameters.kwonlyargs), defaults, strict=True)
    return [(each.arg, default) for each, default in every if default is not None]


def _is_empty(default: ast.expr, world: Mapping[str, Any]) -> bool:
    match default:
        case ast.Dict(keys=[]) | ast.List(elts=[]) | ast.Tuple(elts=[]):
            return True
        case ast.Call(func=called, args=args, keywords=keywords):
            kind = _kind(called, world)
        case _:
            return False
    if kind is deque:
        return all(_is_empty(each, world) for each in args[:1]) and all(each.arg == "maxlen" for each in keywords)
    is_starred = any(isinstance(each, ast.Starred) for each in args)
    return kind is not None and not (keywords or is_starred) and len(args) <= (kind is defaultdict)


def _kind(called: ast.expr, world: Mapping[str, Any]) -> type | None:
    """Return the kind of memo that a call makes: dict for `dict[str, int]()`, None for `SETTINGS.dict()`."""
    thing = _named(called.value if isinstance(called, ast.Subscript) else called, world)
    made = get_origin(thing) or thing
    return next((kind for kind in MEMOS if kind is made), None)


def _named(written: ast.expr, world: Mapping[str, Any]) -> Any:
    """Return what a name stands for in a function's module, or one in a module such as `collections.deque`."""
    if isinstance(written, ast.Attribute):
        module = _named(written.value, world)
        return vars(module).get(written.attr) if type(module) is ModuleType else None
    return world.get(written.id, _USUAL.get(written.id)) if isinstance(written, ast.Name) else None


def _changed_in(nodes: list[ast.AST], code: CodeType) -> frozenset[str]:
    added = [node.target for node in nodes if isinstance(node, ast.AugAssign)]
    items = [node for node in nodes if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)]
    calls = [node.func for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)]
    changed = [*added, *items, *(called.value for called in calls if called.attr in CHANGING)]
    # Bound to another value, or a variable of a function within.
    names = [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    bound = Counter(node.arg for node in nodes if isinstance(node, ast.arg))
    bound.update(node.id for node in names if node not in added)
    bound.subtract(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    return frozenset(map(_variable, changed)) - {name for name, times in bound.items() if times > 0}


def _variable(node: ast.expr) -> str:
    """Return the variable that an expression begins with: `memo` of `memo["gpt"]["tokens"]`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
