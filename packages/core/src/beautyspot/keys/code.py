"""What a function's code says, without its lines, comments and docstrings."""

from collections.abc import Iterable
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, Final

from beautyspot.errors import ConfigurationError
from beautyspot.keys.binding import split
from beautyspot.keys.callables import lenient
from beautyspot.keys.canonical import Canonical, Form, pack
from beautyspot.keys.digest import digest
from beautyspot.keys.following import functions_run, settings_given
from beautyspot.keys.layers import innermost
from beautyspot.keys.registry import KeyRegistry
from beautyspot.wrapped import chain, unwrap, versions_of

# *args, **kwargs, generator, coroutine, iterable coroutine, async generator; from CPython's Include/cpython/code.h.
_FLAGS = 0x04 | 0x08 | 0x20 | 0x80 | 0x100 | 0x200
# Instructions that come and go with line numbers, with how many constants there are, and as below.
_SILENT = frozenset(("CACHE", "EXTENDED_ARG", "NOP", "PUSH_NULL", "RESUME"))
# `math.floor(x)` is one where the same cell or file imports `math`, and the other where another does.
_ALIKE = {"LOAD_METHOD": "LOAD_ATTR"}
# What the body of a class reads by, in this and in later releases of Python.
_OF_CLASSES = frozenset(("LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"))


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
them. A marked function counts with its own `version`, also one of another module. Classes and their methods, functions
of other modules and the module's constants are not followed: after a change there, set a version.
"""


@lru_cache(maxsize=512)  # 40 µs of a call that has a function among its arguments
def code_digest(code: CodeType, /) -> bytes:
    """Return 16 bytes for what `code` does; another minor version of Python gives others."""
    return digest(pack(_code_form(code, Canonical(KeyRegistry()), set())))


def version_from_code(function: Any, /) -> str:
    """Return `code:` and 16 hex digits for the code of `function` and of what it calls by name in its own module.

    Raises:
        ConfigurationError: it is not written in Python.
    """
    roots = functions_of(function)
    marked = {id(layer) for layer in (*roots, *chain(function))}  # the key itself says what these close over
    waiting = functions_run(function, roots[0].__globals__)
    waiting += (pair for root in roots for pair in functions_run(root, root.__globals__))
    found, seen, canonical = set[bytes](), set[FunctionType](), Canonical(KeyRegistry())
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
            found.update(pack([name, read, "version", each]) for each in versions_of(world[read]))
            given = ([layer, canonical.form(each)] for which, layer, each in settings if id(which) not in marked)
            found.update(map(pack, given))
    return f"code:{digest(pack(sorted(found)), size_bytes=8).hex()}"


def functions_of(function: Any, /) -> list[FunctionType]:
    """Return the function itself, or the methods of a class or of a callable instance, such as a decorator.

    Raises:
        ConfigurationError: there is none.
    """
    *layers, last = chain(function)
    inner = innermost(last)
    members = vars(inner).values() if isinstance(inner, type) else (inner,)
    calls = [split(layer)[0] for layer in layers if not isinstance(layer, FunctionType)]
    plain = [unwrap(getattr(member, "__func__", member)) for member in (*members, *calls)]
    found = [member for member in plain if isinstance(member, FunctionType)]
    if not found:
        raise ConfigurationError(f"FROM_CODE got {function!r}, which has no Python code; give a version as text")
    return found


def own_form(function: FunctionType, /) -> tuple[Form, set[str]]:
    """Return the form of a function's code and defaults, and the global names that it reads."""
    names: set[str] = set()
    canonical = Canonical(KeyRegistry(), (function,))
    code = _code_form(function.__code__, canonical, names)
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
