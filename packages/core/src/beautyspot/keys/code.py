"""What a function's code says, without its lines, comments and docstrings."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from types import CodeType, FunctionType, MethodType
from typing import Any, Final

from beautyspot.errors import ConfigurationError
from beautyspot.keys.binding import split
from beautyspot.keys.callables import lenient
from beautyspot.keys.canonical import Canonical, Form, pack
from beautyspot.keys.digest import digest
from beautyspot.keys.following import functions_run, settings_given, versions_run
from beautyspot.keys.layers import innermost
from beautyspot.keys.lenient import is_of_a_library
from beautyspot.keys.members import functions_behind
from beautyspot.keys.registry import KeyRegistry
from beautyspot.wrapped import chain, unwrap

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

    def __repr__(self) -> str:
        """Show the name that users write."""
        return "FROM_CODE"


FROM_CODE: Final = FromCode()
"""`version=FROM_CODE`: a function's results are kept until its code changes, or that of what it calls in its module.

Followed are the plain functions of the same module that it calls by name, those that they call, and so on; with each
what it closes over, that module's decorators with their settings, and all that `functools.singledispatch` chooses from.
Of what is closed over, set or given to a partial, functions and constants count: numbers, texts, bytes and tuples of
them. A marked function counts with its own `version`, also one of another module. Of a class or callable instance that
is marked itself, all methods and properties are read, with those of its bases but a library's. Other classes and their
methods, functions of other modules and the module's constants are not followed: after a change there, set a version.
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
    roots = functions_of(function)
    marked = {id(layer) for layer in (*roots, *chain(function))}  # the key itself says what these close over
    waiting = functions_run(function, roots[0].__globals__)
    held = ((each, root) for each in _members(function) for root in functions_behind(each))
    waiting += (pair for each, root in held for pair in functions_run(each, root.__globals__))
    found, seen, canonical = set[bytes](), set[FunctionType](), Canonical(KeyRegistry())
    own = innermost(chain(function)[-1])  # the key says of it what it was given
    for member in (each for each in _members(function) if each is not own):
        for world in (root.__globals__ for root in functions_behind(member)):
            given = (
                [layer, canonical.form(each)]
                for which, layer, each in settings_given(member, world)
                if id(which) not in marked
            )
            found.update(map(pack, given))
    while waiting:
        name, called = waiting.pop()
        if called in seen:
            continue
        seen.add(called)
        form, names = own_form(called)
        found.add(pack([name, form]))
        world = called.__globals__
        for read in sorted(names & world.keys()):
            runs, settings = functions_run(world[read], world), settings_given(world[read], world)
            waiting += runs
            found.update(pack([name, read, each]) for each, _ in runs)  # `one, two = two, one` is another program
            found.update(pack([name, read, "version", each]) for each in versions_run(world[read]))
            given = ([layer, canonical.form(each)] for which, layer, each in settings if id(which) not in marked)
            found.update(map(pack, given))
    return f"code:{digest(pack(sorted(found)), size_bytes=8).hex()}"


def functions_of(function: Any, /) -> list[FunctionType]:
    """Return the function itself, or the methods of a class or of a callable instance, such as a decorator.

    Raises:
        ConfigurationError: there is none.
    """
    found = [each for member in _members(function) for each in functions_behind(member)]
    if not found:
        raise ConfigurationError(f"FROM_CODE got {function!r}, which has no Python code; give a version as text")
    return found


def _members(function: Any) -> Iterator[Any]:
    """Yield what has the code of a function, or of a class or callable instance and of the decorators before them."""
    *layers, last = chain(function)
    inner = innermost(last)
    kind = inner if isinstance(inner, type) else type(last)
    if inner is not kind:
        yield inner
    if inner is kind or inner is unwrap(kind.__call__):  # else a function, method or partial
        for body in (vars(base) for base in kind.__mro__ if base is inner or not is_of_a_library(base)):
            for member in body.values():
                if issubclass(type(member), property):
                    yield from (member.fget, member.fset, member.fdel)
                else:  # not asked for what it may lack: a client may answer to any name, or raise
                    yield member.__func__ if issubclass(type(member), _HOLDING) else member
    yield from (unwrap(split(layer)[0]) for layer in layers if not isinstance(layer, FunctionType))


def own_form(function: FunctionType, /) -> tuple[Form, frozenset[str]]:
    """Return the form of a function's code and defaults, and the global names that it reads."""
    code, names = _read(function.__code__)
    canonical = Canonical(KeyRegistry(), (function,))
    return [code, lenient(canonical, function.__defaults__), lenient(canonical, function.__kwdefaults__)], names


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
