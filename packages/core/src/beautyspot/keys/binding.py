"""From a call's arguments to one value per parameter, as the function itself would bind them.

`inspect.Signature.bind` takes 2 to 3 µs; a lambda with the function's own parameters takes 0.15.
"""

from __future__ import annotations

# The values here are the user's, so their types are unknown by nature.
# pyright: reportUnknownArgumentType=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
from functools import lru_cache, partial
from keyword import iskeyword
from types import BuiltinMethodType, FunctionType, MethodType, MethodWrapperType, ModuleType

from beautyspot.names import qualified_name
from beautyspot.wrapped import is_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import CodeType
    from typing import Any, NamedTuple, TypeAlias
else:
    from beautyspot.tuples import NamedTuple

Values: TypeAlias = "tuple[Any, ...]"


_BOUND = frozenset(("__self__", "__func__"))
"""What the class of bound methods has, Python's or that of marked ones; builtins and descriptors have one each."""


class Unbound:
    """Stands before args and kwargs that could not be bound to names."""


def is_unbound(values: Values, /) -> bool:
    """Say whether these are `Unbound`, args and kwargs instead of a value per parameter."""
    return bool(values) and values[0] is Unbound


class Parameters(NamedTuple):
    """The parameters of a function, by kind."""

    positional_only: tuple[str, ...]
    positional: tuple[str, ...]
    rest: str | None
    """The name of `*args`."""
    keyword_only: tuple[str, ...]
    others: str | None
    """The name of `**kwargs`."""
    defaults: Values | None
    """Of the last positional ones: the objects themselves, as they may change between calls."""
    keyword_defaults: dict[str, Any] | None

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the values that a binder returns."""
        named = (*self.positional_only, *self.positional, self.rest, *self.keyword_only, self.others)
        return tuple(name for name in named if name is not None)

    @property
    def shown(self) -> dict[str, Any]:
        """The defaults by name."""
        placed, by_place = (*self.positional_only, *self.positional), self.defaults or ()
        return {
            **dict(zip(placed[len(placed) - len(by_place) :], by_place, strict=True)),
            **(self.keyword_defaults or {}),
        }


class Binder(NamedTuple):
    """Binds the calls of one function."""

    names: tuple[str, ...]
    """One per value that `bind` returns."""
    bind: Callable[..., Values]
    """Takes a call's arguments; raises the function's own TypeError for a wrong call."""
    defaults: dict[str, Any]
    """By name; the objects themselves."""


def binder(function: Any, /, *, ignore: Collection[str] = ()) -> Binder:
    """Return a binder whose values leave out the parameters named in `ignore`."""
    inner, args, kwargs = split(function)
    plain, parameters = _is_plain(inner), parameters_of(inner)
    names = tuple(name for name in parameters.names if name not in ignore)
    bind = _compiled(parameters, names, inner)
    if not plain:
        bind = _forgiving(_telling(bind, parameters, names, inner), ignore)
    if args or kwargs:
        return Binder(names, lambda *more, **named: bind(*args, *more, **{**kwargs, **named}), parameters.shown)
    return Binder(names, bind, parameters.shown)


def takes_calls_of(function: Any, helper: Any, /) -> bool:
    """Say whether `helper` could be given the arguments of any call of `function`; True where only a call can tell."""
    giver, taker = _written(function), _written(helper)
    return giver is None or taker is None or (_has_room(taker, giver) and _has_room(giver, taker))


def parameters_of(function: Any, /) -> Parameters:
    """Return the parameters of a function, as they are written or else as it shows them."""
    return _of_code(function) if _is_plain(function) else _of_signature(function)


def _written(function: Any) -> Parameters | None:
    """Return the parameters of a plain function, as they are written."""
    return _of_code(function) if _is_plain(function) else None


def _has_room(parameters: Parameters, others: Parameters) -> bool:
    """Say whether there is a place for what `others` can't do without."""
    if parameters.rest or parameters.others:
        return True
    by_name = set(others.keyword_only).difference(others.keyword_defaults or ())
    by_place = len(others.positional_only) + len(others.positional) - len(others.defaults or ())
    names = (*parameters.positional, *parameters.keyword_only)
    return by_place + len(by_name) <= len(parameters.names) and by_name.issubset(names)


def split(function: Any) -> tuple[Any, Values, dict[str, Any]]:
    """Return the function behind partials, bound methods and callable instances, and the arguments these put first."""
    args: Values = ()
    kwargs: dict[str, Any] = {}
    while (step := step_of(function)) is not None:
        function, args, kwargs = step[0], (*step[1], *args), {**step[2], **kwargs}
    return function, args, kwargs


def step_of(function: Any, /) -> tuple[Any, Values, dict[str, Any]] | None:
    """Return what a partial, bound method or callable instance calls, and what it puts first; None for all others."""
    if isinstance(function, (FunctionType, type)):
        return None
    # Not `isinstance`: a decorator of wrapt above a partial or a builtin shows itself as one.
    if issubclass(type(function), partial):
        return function.func, function.args, function.keywords
    if vars(type(function)).keys() >= _BOUND:
        return function.__func__, (function.__self__,), {}
    if (parent := _parent(function)) is not None:
        return parent, (function.__self__,), {}
    if _has_owner(function):
        return getattr(type(function.__self__), function.__name__), (function.__self__,), {}
    if callable(function) and _is_told_by_content(call := _call(function), function):
        return call, (), {}
    return None


def puts_first(thing: Any, /) -> bool:
    """Say whether it is a partial or a bound method, which may show what its function wraps as its own."""
    is_bound = vars(type(thing)).keys() >= _BOUND or _parent(thing) is not None
    return is_bound or issubclass(type(thing), partial)


def stands_before(thing: Any, /) -> bool:
    """Say whether it is a decorator's wrapper or object, which has the function that it stands before."""
    return callable(thing) and callable(_wrapped(thing))


def behind(function: Any, /) -> Any:
    """Return what a decorator that is an object stands before, None for any other function."""
    return None if split(function)[0] is function else _wrapped(function)


def _wrapped(thing: Any) -> Any:
    # In its own dict only: a client that makes up attributes when asked must not pass for a decorator.
    return thing.__wrapped__ if is_proxy(thing) else getattr(thing, "__dict__", {}).get("__wrapped__")


def name_behind(function: Any, /) -> list[str]:
    """Return the name of what such a decorator stands before: `ignore=("self",)` must not mix them up."""
    wrapped = behind(function)
    return [] if wrapped is None else [qualified_name(wrapped if hasattr(wrapped, "__qualname__") else type(wrapped))]


def _parent(function: Any) -> Any:
    """Return what wrapt's decorator made of a method, of which `function` is the one of an object; None for others."""
    is_bound = is_proxy(function) and type(function.__wrapped__) is MethodType
    return getattr(function, "_self_parent", None) if is_bound else None


def _has_owner(function: Any) -> bool:
    """Say whether it is a method of C bound to an object, such as `"abc".upper`: one name for every text there is."""
    if not issubclass(type(function), (BuiltinMethodType, MethodWrapperType)):
        return False
    owner = function.__self__
    is_shared = owner is None or isinstance(owner, (type, ModuleType))
    return not is_shared and hasattr(type(owner), function.__name__)


def _is_told_by_content(call: Any, thing: Any) -> bool:
    """Say whether a callable object has code in its class, or, such as those of `operator`, no name of its own."""
    is_named = is_proxy(thing) or hasattr(thing, "__qualname__")
    return isinstance(call, partial) or hasattr(call, "__code__") or not is_named


def _call(thing: Any) -> Any:
    """Return the `__call__` that the class of a callable object defines, bound as Python binds it to call the object.

    A static one is not told by the object, a class's by its class, a partial method by what it puts after the object.
    """
    call = next(vars(kind)["__call__"] for kind in type(thing).__mro__ if "__call__" in vars(kind))
    return call.__get__(thing, type(thing)) if hasattr(type(call), "__get__") else call


def _is_plain(function: Any) -> bool:
    """Say whether a function's own code tells its parameters."""
    is_function = isinstance(function, FunctionType) and not is_proxy(function)
    return is_function and not _takes_anything_for_another(function)


def _takes_anything_for_another(function: FunctionType) -> bool:
    """Say whether a wrapper passes on what it gets, so that the parameters to bind are those it shows."""
    code = function.__code__
    named = code.co_argcount + code.co_kwonlyargcount
    return code.co_flags & 0x0C == 0x0C and not named and bool({"__wrapped__", "__signature__"} & vars(function).keys())


def _of_code(function: FunctionType) -> Parameters:
    code: CodeType = function.__code__
    names, only, count = code.co_varnames, code.co_posonlyargcount, code.co_argcount
    end = count + code.co_kwonlyargcount
    rest = names[end] if code.co_flags & 0x04 else None
    others = names[end + (rest is not None)] if code.co_flags & 0x08 else None
    # No copies: a default is what the function holds when it is called.
    defaults, keyword_defaults = function.__defaults__, function.__kwdefaults__
    return Parameters(names[:only], names[only:count], rest, names[count:end], others, defaults, keyword_defaults)


def _of_signature(function: Any) -> Parameters:
    import inspect  # 12 ms, for what is not a plain function

    try:
        shown = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a builtin that tells no signature
        return Parameters((), (), "args", (), "kwargs", None, None)
    names = {kind: tuple(one.name for one in shown if one.kind is kind) for kind in inspect._ParameterKind}  # pyright: ignore[reportPrivateUsage]
    given = [one for one in shown if one.default is not one.empty]
    by_name = {one.name: one.default for one in given if one.kind is one.KEYWORD_ONLY}
    by_place = tuple(one.default for one in given if one.kind is not one.KEYWORD_ONLY)
    only, positional, rest, keyword_only, others = names.values()
    return Parameters(only, positional, "".join(rest) or None, keyword_only, "".join(others) or None, by_place, by_name)


def _compiled(parameters: Parameters, names: tuple[str, ...], function: Any) -> Callable[..., Values]:
    """Return a function with these parameters that returns the values of `names`."""
    if not all(name.isidentifier() and not iskeyword(name) for name in parameters.names):
        parameters = Parameters((), (), "args", (), "kwargs", None, None)  # made by hand, not by a `def`
        names = parameters.names
    bind = FunctionType(_code(parameters[:5], names), {})
    bind.__defaults__, bind.__kwdefaults__ = parameters.defaults, parameters.keyword_defaults
    # Python puts this name into the TypeError of a wrong call.
    bind.__qualname__ = getattr(function, "__qualname__", bind.__qualname__)
    return bind


def _telling(
    bind: Callable[..., Values], parameters: Parameters, names: tuple[str, ...], function: Any
) -> Callable[..., Values]:
    """Return `bind`, or for a wrapper that may pass on other defaults one that tells them from what is given."""
    from beautyspot.keys.wrappers import LEFT_OUT, may_change_calls, telling  # `dis`, which `inspect` has loaded

    if not may_change_calls(function):
        return bind
    by_place, by_name = parameters.defaults or (), parameters.keyword_defaults or {}
    blank = parameters._replace(defaults=(LEFT_OUT,) * len(by_place), keyword_defaults=dict.fromkeys(by_name, LEFT_OUT))
    return telling(_compiled(blank, names, function), names, parameters.shown)


@lru_cache(maxsize=512)
def _code(shape: tuple[Any, ...], names: tuple[str, ...]) -> CodeType:
    only, positional, rest, keyword_only, others = shape
    star = [f"*{rest}"] if rest else ["*"] if keyword_only else []
    head = [*only, *("/" for _ in only[:1]), *positional, *star, *keyword_only, *([f"**{others}"] if others else [])]
    # The source holds nothing but identifiers, checked above; defaults never pass through text.
    lambda_ = eval(f"lambda {', '.join(head)}: ({', '.join(names)}{',' if names else ''})", {})  # noqa: S307
    return lambda_.__code__


def _forgiving(bind: Callable[..., Values], ignore: Collection[str]) -> Callable[..., Values]:
    """Return `bind` for a signature that is only shown: what it refuses may still be a call that works."""

    def bind_or_take(*args: Any, **kwargs: Any) -> Values:
        try:
            return bind(*args, **kwargs)
        except TypeError:
            return (Unbound, args, {name: value for name, value in kwargs.items() if name not in ignore})

    return bind_or_take
