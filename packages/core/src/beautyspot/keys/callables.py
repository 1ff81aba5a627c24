"""Forms of functions, classes, modules and type annotations."""

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false

from collections.abc import Callable
from types import FunctionType
from typing import Any

from beautyspot.keys.canonical import MEMOS, Canonical, Form, Maker, NoContentError, forms, tag
from beautyspot.names import module_name, qualified_name
from beautyspot.wrapped import mark_of

_FUNCTION, _BUILTIN, _METHOD, _PARTIAL = map(tag, ("function", "builtin", "method", "partial"))
_MODULE, _ALIAS, _SPECIAL, _AGAIN, _OPAQUE = map(tag, ("module", "alias", "special", "again", "opaque"))
_PROPERTY, _DISPATCH, _MARKED = map(tag, ("property", "dispatch", "marked"))
_EMPTY = [tag("empty")]


def is_ours(thing: Any, /) -> bool:
    """Say whether a function or class was written in this library, whatever `functools.wraps` says."""
    world = getattr(thing, "__globals__", None)
    # The class of functions has it as well, as a descriptor.
    name: Any = world.get("__name__") if isinstance(world, dict) else getattr(thing, "__module__", None)
    return str(name).partition(".")[0] == "beautyspot"


def opaque(thing: Any, /) -> Form:
    """Return what stands for a value whose content doesn't matter enough to refuse it: its class."""
    return [_OPAQUE, qualified_name(type(thing))]


def lenient(canonical: Canonical, value: Any, /) -> Form:
    """Return the form of `value`, or its class where it has none."""
    try:
        return canonical.form(value)
    except NoContentError:
        return opaque(value)


def function_form(canonical: Canonical, function: Any) -> Form:
    """Return name, code, defaults and what is closed over; a function within its own closure is a mark."""
    for place, each in enumerate(canonical.active):
        if each is function:
            return [_AGAIN, place]
    if is_ours(function) and hasattr(function, "__wrapped__"):
        return _wrapper(canonical, function)
    from beautyspot.keys.code import code_digest  # `dis` is 6 ms, and few functions are told by their code

    inside = canonical.within(function)
    defaults = [_defaults_form(inside, each) for each in defaults_of(function)]
    cells = {name: cell_form(inside, cell) for name, cell in closure(function).items()}
    return [_FUNCTION, qualified_name(function), code_digest(function.__code__), *defaults, cells]


def _defaults_form(canonical: Canonical, defaults: tuple[Any, ...] | dict[str, Any] | None) -> Form:
    try:
        return canonical.form(defaults)
    except NoContentError:
        from beautyspot.keys.sentinels import bare_form  # few functions have a default without content

        each = dict(enumerate(defaults)) if isinstance(defaults, tuple) else defaults or {}
        return [[name, bare_form(canonical, value)] for name, value in each.items()]


def defaults_of(function: FunctionType, /) -> tuple[tuple[Any, ...] | None, dict[str, Any] | None]:
    """Return the defaults of a function; those in which it remembers something as they are written, empty."""
    positional, keywords = function.__defaults__, function.__kwdefaults__
    if MEMOS.isdisjoint(map(type, (*(positional or ()), *(keywords or {}).values()))):
        return positional, keywords
    from beautyspot.keys.memos import emptied  # `inspect` and `ast`, for few functions

    return emptied(function)


def closure(function: Any, /) -> dict[str, Any]:
    """Return the cells of a function by the names of its free variables, without `super()`'s."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    return {name: cell for name, cell in cells if name != "__class__"}


def cell_form(canonical: Canonical, cell: Any, /) -> Form:
    """Return the form of what a cell holds now."""
    try:
        content = cell.cell_contents
    except ValueError:
        return _EMPTY
    if not callable(content) and is_ours(type(content)):
        return opaque(content)  # a Spot or a limiter: how results are kept, not what they are
    return canonical.form(content)


def place_of(function: FunctionType, /) -> str:
    """Return `module.qualname` of where the code of a function is written, whatever `functools.wraps` says."""
    return f"{module_name(function.__globals__['__name__'])}.{function.__code__.co_qualname}"


def _class(canonical: Canonical, value: Any) -> Form:
    from beautyspot.keys.classes import class_form  # few calls hold a class, and a function's form has no need of it

    return class_form(canonical, value)


def class_name(canonical: Canonical, cls: Any, /) -> Form:
    """Return the name of an instance's class, and of a local class what its methods do and close over."""
    if "<locals>" not in cls.__qualname__:
        return qualified_name(cls)
    from beautyspot.keys.classes import instance_name  # as above

    return instance_name(canonical, cls)


def _method(canonical: Canonical, value: Any) -> Form:
    return [_METHOD, canonical.form(value.__self__), canonical.form(value.__func__)]


def _builtin(canonical: Canonical, value: Any) -> Form:
    owner = value.__self__
    if owner is None or type(owner).__name__ == "module":
        return [_BUILTIN, module_name(value.__module__ or "builtins"), value.__qualname__]
    return [_BUILTIN, value.__qualname__, canonical.form(owner)]


def _descriptor(_: Canonical, value: Any) -> Form:
    return [_BUILTIN, qualified_name(value.__objclass__), value.__name__]


def _wrapper(canonical: Canonical, value: Any) -> Form:
    form, mark = canonical.form(value.__wrapped__), mark_of(value)
    return form if mark is None or mark.version is None else [_MARKED, mark.version, form]


def _partial(canonical: Canonical, value: Any) -> Form:
    return [_PARTIAL, *forms(canonical, (value.func, value.args, value.keywords))]


def _module(_: Canonical, value: Any) -> Form:
    return [_MODULE, module_name(value.__name__)]


def _alias(canonical: Canonical, value: Any) -> Form:
    origin = getattr(value, "__origin__", None) or type(value)
    return [_ALIAS, canonical.form(origin), *forms(canonical, value.__args__)]


def _annotated(canonical: Canonical, value: Any) -> Form:
    return [_ALIAS, *forms(canonical, (value.__origin__, *value.__metadata__))]


def _special(_: Canonical, value: Any) -> Form:
    return [_SPECIAL, str(value)]


def _property(canonical: Canonical, value: Any) -> Form:
    return [_PROPERTY, *forms(canonical, (value.fget, value.fset, value.fdel))]


def _dispatch(canonical: Canonical, value: Any) -> Form:
    chosen = value.dispatcher.registry
    pairs = ([qualified_name(kind), canonical.form(chosen[kind])] for kind in sorted(chosen, key=qualified_name))
    return [_DISPATCH, *pairs]


def _descriptor_of(attribute: str) -> Callable[[Canonical, Any], Form]:
    head = tag(attribute)
    return lambda canonical, value: [head, canonical.form(getattr(value, attribute))]


CALLABLES: dict[str, Maker] = {
    "builtins.builtin_function_or_method": _builtin,
    "builtins.classmethod": _descriptor_of("__func__"),
    "builtins.function": function_form,
    "builtins.method": _method,
    "builtins.method-wrapper": _builtin,
    "builtins.method_descriptor": _descriptor,
    "builtins.module": _module,
    "builtins.property": _property,
    "builtins.staticmethod": _descriptor_of("__func__"),
    "builtins.type": _class,
    "builtins.wrapper_descriptor": _descriptor,
    "beautyspot.walk.wrapper.BoundMarked": _method,
    "beautyspot.walk.wrapper.MarkedMethod": _wrapper,
    "functools._lru_cache_wrapper": _wrapper,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "functools.singledispatchmethod": _dispatch,
    "types.GenericAlias": _alias,
    "types.UnionType": _alias,
    "typing.Union": _alias,
    "typing._AnnotatedAlias": _annotated,
    "typing._GenericAlias": _alias,
    "typing._SpecialForm": _special,
    "typing._SpecialGenericAlias": _special,
}
"""Makers by `module.qualname`."""
