"""What a function's code says, without its lines, comments and docstrings."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType, MethodType
from typing import Any, Final

from beautyspot.errors import ConfigurationError
from beautyspot.keys.binding import split
from beautyspot.keys.callables import defaults_of, lenient, opaque
from beautyspot.keys.calls import call_in
from beautyspot.keys.canonical import Canonical, Form, pack
from beautyspot.keys.digest import digest
from beautyspot.keys.following import Reached, is_of, reached
from beautyspot.keys.layers import innermost
from beautyspot.keys.lenient import is_of_a_library
from beautyspot.keys.members import functions_behind
from beautyspot.keys.registry import KeyRegistry
from beautyspot.keys.settings import constants_of
from beautyspot.wrapped import chain, mark_of, unwrap

# *args, **kwargs, generator, coroutine, iterable coroutine, async generator; from CPython's Include/cpython/code.h.
_FLAGS = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
# Instructions that come and go with line numbers, with how many constants there are, and as below.
_SILENT = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "PUSH_NULL", "RESUME"))
# `math.floor(x)` is one where the same cell or file imports `math`, and the other where another does.
_ALIKE = {"LOAD_METHOD": "LOAD_ATTR"}
# What the body of a class reads by, in this and in later releases of Python.
_OF_CLASSES = frozenset(("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"))
_HOLDING = (classmethod, staticmethod, MethodType)
"""What has a function as `__func__`."""


class FromCode:
    """The type of `FROM_CODE`."""

    def __init__(self, of: Any = None) -> None:
        """Have the code of `of` read, such as that of a method's class; None for that of the function itself."""
        self.of = of

    def read(self, function: Any, /) -> str:
        """Return the version of `function`; see `version_from_code`."""
        return version_from_code(self.of or function)

    def __repr__(self) -> str:
        """Show the name that users write."""
        return "FROM_CODE"


FROM_CODE: Final = FromCode()
"""`version=FROM_CODE`: a function's results are kept until its code changes, or that of what it calls in its module.

Followed are the plain functions of the same module that it calls by name, those that they call, and so on; with each
what it closes over, that module's decorators with their settings, and all that `functools.singledispatch` chooses from.
Of what is closed over, set or given to a partial, functions and constants count: numbers, texts, bytes and tuples of
them. A marked function counts with its own `version`, or its code where that is `FROM_CODE`, also one of another
module. Of a class or callable instance that is marked itself, all methods and properties are read, with those of its
bases but a library's. Other classes and their methods, functions of other modules and the module's constants are not
followed: after a change there, set a version.
"""


@lru_cache(maxsize=512)  # 40 µs of a call that has a function among its arguments
def code_digest(code: CodeType, /) -> bytes:
    """Return 16 bytes for what `code` does; another minor version of Python gives others."""
    return digest(pack(_read(code)[0]))


def version_from_code(function: Any, /) -> str:
    """Return `code:` and 16 hex digits for the code of `function` and of what it calls by name in its own module.

    Raises:
        ConfigurationError: it is not written in Python.
    """
    functions_of(function)
    return f"code:{digest(pack(sorted(_Reading(function).forms())), size_bytes=8).hex()}"


class _Reading:
    """Reads what runs where a function, a class or a callable instance does that is told by its code."""

    def __init__(self, function: Any) -> None:
        self._own = function, innermost(chain(function)[-1])
        self._said = {id(layer) for layer in (*chain(function), *self._own)}
        """The key itself says what these close over."""
        self._canonical = Canonical(KeyRegistry())
        self._forms, self._waiting = set[bytes](), list[tuple[str, FunctionType]]()
        self._taken = dict[int, Any]()
        self._looked = dict[tuple[int, int], tuple[Any, bytes]]()
        self._take("", function)

    def forms(self) -> set[bytes]:
        """Follow what is called by name, and return the bytes of the forms of all that runs."""
        seen = set[FunctionType]()
        while self._waiting:
            name, called = self._waiting.pop()
            if called not in seen:
                seen.add(called)
                for read in sorted(_read(called.__code__)[1] & called.__globals__.keys()):
                    self._look([name, read], called.__globals__[read], called.__globals__)
        return self._forms

    def _take(self, name: str, function: Any) -> None:
        """Read what is told by its code, once: this program's, or another's that this one calls."""
        if id(function) in self._taken:
            return
        self._taken[id(function)] = function
        self._look([name], function, functions_of(function)[0].__globals__)
        for place, member in _members(function):
            for world in {id(each.__globals__): each.__globals__ for each in functions_behind(member)}.values():
                self._look([name, place], member, world)

    def _look(self, place: list[str], thing: Any, world: dict[str, Any]) -> None:
        """Take down what stands at a place: `one, two = two, one` is another program."""
        at = id(thing), id(world)
        if at not in self._looked:
            self._looked[at] = thing, self._looked_at(thing, world)
        if told := self._looked[at][1]:
            self._forms.add(pack([*place, told]))

    def _looked_at(self, thing: Any, world: dict[str, Any]) -> bytes:
        """Return a digest of what runs where a thing is called, in order and by who holds it; none where nothing does.

        What is another program's has no place among it, as a new release of a library is no other program.
        """
        told, places = list[Form](), dict[int, tuple[int, bool]]()
        for number, each in enumerate(reached(thing)):
            holder, is_told = places.get(each.holder, (-1, True))
            role = each.role if is_told else ""
            if each.first is not None:
                first, is_told = places.get(each.first, (-1, False))
                told += [[holder, role, first]] if is_told else []
            elif form := self._step(each, thing, world):
                places[number] = len(told), True
                told.append([holder, role, *form])
            else:
                places[number] = holder, False
        return digest(pack(told)) if told else b""

    def _step(self, each: Reached, thing: Any, world: dict[str, Any]) -> list[Form]:
        form: list[Form] = []
        if type(each.thing) is FunctionType and each.thing.__globals__ is world:
            self._waiting.append((each.title, each.thing))
            form += [each.title, own_form(each.thing)[0]]
        if (mark := mark_of(each.thing)) is not None:
            if mark.told_by_code is None:
                form += [mark.func_name, mark.version] if mark.version is not None else []
            else:
                self._take(mark.func_name, mark.told_by_code)
                form += [mark.func_name] if not is_of(world, innermost(mark.told_by_code)) else []
        # Of such a call its function may be another module's.
        is_given = is_of(world, each.thing) or (each.thing is thing and call_in(each.thing) is not None)
        if is_given and id(each.thing) not in self._said and all(thing is not own for own in self._own):
            form += [each.title, self._canonical.form(constants_of(each.thing))]
        return form


def functions_of(function: Any, /) -> list[FunctionType]:
    """Return the function itself, or the methods of a class or of a callable instance, such as a decorator.

    Raises:
        ConfigurationError: there is none.
    """
    found = [each for _, member in _members(function) for each in functions_behind(member)]
    if not found:
        raise ConfigurationError(f"FROM_CODE got {function!r}, which has no Python code; give a version as text")
    return found


def _members(function: Any) -> Iterator[tuple[str, Any]]:
    """Yield what has the code of a function, or of a class or callable instance and of the decorators before them.

    Each comes with the place among the bases and the name under which it lies in a class's body.
    """
    *layers, last = chain(function)
    inner = innermost(last)
    kind = inner if isinstance(inner, type) else type(last)
    if inner is not kind:
        yield "", inner
    if inner is kind or inner is unwrap(kind.__call__):  # else a function, method or partial
        bodies = (vars(base) for base in kind.__mro__ if base is inner or not is_of_a_library(base))
        for place, body in enumerate(bodies):
            for name, member in body.items():
                if issubclass(type(member), property):
                    yield from (
                        (f"{place}.{name} as property", each) for each in (member.fget, member.fset, member.fdel)
                    )
                elif issubclass(type(member), _HOLDING):
                    yield f"{place}.{name} as {type(member).__name__}", member.__func__
                else:  # not asked for what it may lack: a client may answer to any name, or raise
                    yield f"{place}.{name}", member
    yield from (("", unwrap(split(layer)[0])) for layer in layers if not isinstance(layer, FunctionType))


def own_form(function: FunctionType, /) -> tuple[Form, frozenset[str]]:
    """Return the form of a function's code and defaults, and the global names that it reads."""
    code, names = _read(function.__code__)
    canonical = Canonical(KeyRegistry(), (function,))
    positional, keywords = defaults_of(function)
    defaults = [_told(canonical, each) for each in positional or ()]
    return [code, defaults, {name: _told(canonical, each) for name, each in (keywords or {}).items()}], names


def _told(canonical: Canonical, value: Any) -> Form:
    try:
        return lenient(canonical, value)
    except (RecursionError, ValueError):  # it holds itself, or is nested too deep
        return opaque(value)


def global_names(steps: Iterable[Any], /) -> set[str]:
    """Return the global names that instructions read; in the body of a class, what it has not bound before."""
    found, bound = set[str](), {"__annotations__"}
    for step in steps:
        if step.opname == "STORE_NAME":
            bound.add(step.argval)
        elif step.opname == "LOAD_GLOBAL" or (step.opname in _OF_CLASSES and step.argval not in bound):
            found.add(step.argval)
    return found


@lru_cache(maxsize=512)  # 0.3 ms for each function of ten that call the same helper
def _read(code: CodeType) -> tuple[Form, frozenset[str]]:
    """Return the form of a code, which nobody may change, and the global names that it reads."""
    names: set[str] = set()
    return _code_form(code, Canonical(KeyRegistry()), names), frozenset(names)


def _code_form(code: CodeType, canonical: Canonical, names: set[str]) -> Form:
    """Return instructions with their names and constants; global names are added to `names`."""
    import dis  # 6 ms, for those who are told by their code

    bytecode = dis.Bytecode(code)
    every = list(bytecode)
    places = _places(every)
    told = [step for step in every if step.opname not in _SILENT]
    names |= global_names(told)
    kinds = [_ALIKE.get(step.opname, step.opname) for step in told]
    arguments = [_argument(step, code.co_consts, places, canonical, names) for step in told]
    steps = [[kind, argument] for kind, argument in zip(kinds, arguments, strict=True)]
    entries: Any = getattr(bytecode, "exception_entries", ())
    guards = [[places.get(at) for at in (entry.start, entry.end, entry.target)] + [entry.depth] for entry in entries]
    counts = [code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _FLAGS]
    return [counts, list(code.co_varnames[: sum(counts[:3:2])]), steps, guards]


def _places(steps: list[Any]) -> dict[int, int]:
    """Return where among the steps that count an offset is: offsets themselves move with the silent steps."""
    places: dict[int, int] = {}
    place = 0
    for step in steps:
        places[step.offset] = place
        place += step.opname not in _SILENT
    return places


def _argument(
    step: Any, constants: tuple[Any, ...], places: dict[int, int], canonical: Canonical, names: set[str]
) -> Form:
    import dis  # as above

    if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
        return places.get(step.argval)
    if step.opcode in dis.hasconst:
        constant = constants[step.arg]  # not `argval`: Python 3.11 doesn't know it for the names of keywords
        return _code_form(constant, canonical, names) if isinstance(constant, CodeType) else canonical.form(constant)
    named = (dis.hasname, dis.haslocal, dis.hasfree, dis.hascompare)
    return canonical.form(step.argval) if any(step.opcode in group for group in named) else step.arg
