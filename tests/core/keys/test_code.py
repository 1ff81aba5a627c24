"""`FROM_CODE`: a version that follows what the code does, not how it is written down."""

from typing import Any

import pytest
from beautyspot.errors import ConfigurationError
from beautyspot.keys.code import version_from_code

BASE = """
def f(x, y=1):
    if x in {"a", "b"}:
        return helper(x)
    try:
        return [n + y for n in x]
    except TypeError:
        return None

def helper(x):
    return x * 2

def unused(x):
    return x
"""


def version(source: str, *, name: str = "f") -> str:
    world: dict[str, Any] = {"__name__": "app"}
    exec(source, world)
    return version_from_code(world[name])


@pytest.mark.parametrize(
    "change",
    [
        ("def f", "\n\n# moved and commented\ndef f"),
        ("    if x in", '    """Say what it does."""\n    if x in'),
        ("    if x in", "    if  x  in"),
        ('{"a", "b"}', '{"b", "a"}'),
        ("    return x * 2", '    "Double."\n    return (\n        x * 2\n    )'),
        ("def unused(x):\n    return x", "def unused(x):\n    return x + 1"),
        ("def f(x, y=1):", "def f(x: str, y: int = 1) -> object:"),
    ],
    ids=lambda change: repr(change[1])[:24],
)
def test_lines_comments_docstrings_and_annotations_do_not_change_it(change: tuple[str, str]):
    assert change[0] in BASE
    assert version(BASE.replace(*change)) == version(BASE)


@pytest.mark.parametrize(
    "change",
    [
        ("n + y", "n - y"),
        ('"b"', '"c"'),
        ("y=1", "y=2"),
        ("y=1", "y=1.0"),
        ("return helper(x)", "return unused(x)"),
        ("x * 2", "x * 3"),
        ("TypeError", "ValueError"),
        ("    try:", "    x.go()\n    try:"),
        ("def f(", "async def f("),
        ("return None", "return x.a"),
    ],
    ids=lambda change: change[1],
)
def test_what_it_does_or_calls_in_its_module_changes_it(change: tuple[str, str]):
    assert change[0] in BASE
    assert version(BASE.replace(*change)) != version(BASE)


def test_what_a_try_covers_counts():
    inside = "def f(x):\n  try:\n    x.a()\n    x.b()\n  except KeyError:\n    pass"
    outside = "def f(x):\n  x.a()\n  try:\n    x.b()\n  except KeyError:\n    pass"
    assert version(inside) != version(outside)


def test_the_names_of_keywords_count():
    assert version("def f(x): return dict(a=x)") == version("def f(x):\n    return dict(a=x)")
    assert version("def f(x): return dict(a=x)") != version("def f(x): return dict(b=x)")


def test_functions_are_followed_through_calls_that_lead_back():
    source = "def f(x): return x and g(x - 1)\ndef g(x): return f(x)\n"
    assert version(source) == version(source) != version(source.replace("- 1", "- 2"))
    assert version(source) == version("\n".join(reversed(source.splitlines())))


def test_a_marked_function_that_is_called_is_followed():
    wrap = "import functools\ndef wrap(f):\n  return functools.wraps(f)(lambda *a: f(*a))\n"
    source = wrap + "@wrap\ndef g(x): return x + 1\ndef f(x): return g(x)\n"
    assert version(source) != version(source.replace("x + 1", "x + 2"))


def test_functions_of_other_modules_are_not_followed():
    assert version("from json import dumps\ndef f(x): return dumps(x)") == version(
        "from beautyspot.names import module_name as dumps\ndef f(x): return dumps(x)"
    )


def test_classes_and_callable_instances_have_the_version_of_their_methods():
    source = "class C:\n  def __call__(self, x): return x\nf = C()\n"
    assert version(source) != version(source.replace("return x", "return -x"))
    assert version(source, name="C") != version(source.replace("return x", "return -x"), name="C")


def test_a_decorator_that_is_an_object_counts_as_well_as_what_it_stands_before():
    base = "import functools\nclass C:\n  def __init__(self, f): functools.update_wrapper(self, f)\n"
    source = base + "  def __call__(self, x): return 2 * self.__wrapped__(x)\n@C\ndef f(x): return x + 1\n"
    assert version(source) == version(source) != version(source.replace("2 *", "3 *"))
    assert version(source) != version(source.replace("x + 1", "x + 2"))


def test_what_has_no_python_code_is_refused():
    with pytest.raises(ConfigurationError, match=r"FROM_CODE got <built-in function len>.*give a version"):
        version_from_code(len)


DISPATCHING = """
import functools

@functools.singledispatch
def shown(value):
    return "?"

@shown.register
def _(value: int):
    return "int"

@shown.register
def _(value: str):
    return "text"

def f(value):
    return shown(value)
"""


@pytest.mark.parametrize("name", ["f", "shown"])
@pytest.mark.parametrize("change", [('"int"', '"whole"'), ('"text"', '"str"'), ('"?"', '"!"')])
def test_each_function_that_single_dispatch_chooses_from_changes_it(name: str, change: tuple[str, str]):
    assert version(DISPATCHING, name=name) == version(DISPATCHING, name=name)
    assert version(DISPATCHING.replace(*change), name=name) != version(DISPATCHING, name=name)


DECORATED = """
import functools

def twice(function):
    @functools.wraps(function)
    def call(*args):
        return function(*args) * 2
    return call

class Thrice:
    def __init__(self, function):
        functools.update_wrapper(self, function)
    def __call__(self, *args):
        return self.__wrapped__(*args) * 3

@twice
@Thrice
def f(x):
    return x + 1

def g(x):
    return f(x)
"""


@pytest.mark.parametrize("name", ["f", "g"])
@pytest.mark.parametrize("change", [("* 2", "* 4"), ("* 3", "* 5"), ("x + 1", "x + 2")])
def test_a_decorator_of_the_same_module_changes_it(name: str, change: tuple[str, str]):
    assert version(DECORATED, name=name) == version(DECORATED, name=name)
    assert version(DECORATED.replace(*change), name=name) != version(DECORATED, name=name)


HIDING = """
import functools
from functools import partial, singledispatch

def post(x):
    return x * 2

def hide(function):
    def call(*args):
        return function(*args) + 1
    return call

def show(function):
    @functools.wraps(function)
    def call(*args):
        return late(function(*args))
    return call

def late(x):
    return x + 3

@hide
def helper(x):
    return post(x)

@singledispatch
def chosen(x):
    return 0

@chosen.register(int)
@show
def _(x):
    return add(x)

def add(x):
    return x + 4

first, second = (lambda x: x + 5), (lambda x: x + 6)
bound = partial(map, partial(second))

def f(x):
    return helper(x), chosen(x), first(x), bound([x])
"""


@pytest.mark.parametrize("change", [("* 2", "* 9"), *((f"+ {number}", "+ 9") for number in (1, 3, 4, 5, 6))])
def test_what_decorators_dispatch_partials_and_lambdas_lead_to_changes_it(change: tuple[str, str]):
    assert change[0] in HIDING
    assert version(HIDING) == version(HIDING)
    assert version(HIDING.replace(*change)) != version(HIDING)


def test_the_classes_that_single_dispatch_goes_by_change_it():
    assert version(DISPATCHING) != version(DISPATCHING.replace("value: int", "value: bytes"))


CLOSURE = """
import functools

def times(factor):
    def decorate(function):
        calls = 0
        @functools.wraps(function)
        def wrapper(x):
            nonlocal calls
            calls += 1
            return function(x) * factor
        return wrapper
    return decorate
"""
HIDDEN = CLOSURE.replace("@functools.wraps(function)", "")
OBJECT = """
import functools

class Times:
    def __init__(self, function, factor):
        functools.update_wrapper(self, function)
        self.factor, self.calls = factor, 0
    def __call__(self, x):
        self.calls += 1
        return self.__wrapped__(x) * self.factor

def times(factor):
    return lambda function: Times(function, factor)
"""
HELPER = "@times(2)\ndef helper(x): return x\ndef f(x): return helper(x)\n"
MADE = "def helper(x): return x\nmade = times(2)(helper)\ndef f(x): return made(x)\n"


@pytest.mark.parametrize("use", [HELPER, MADE])
@pytest.mark.parametrize("decorator", [CLOSURE, HIDDEN, OBJECT])
def test_what_a_decorator_or_a_helper_was_given_changes_it_and_what_it_counts_does_not(decorator: str, use: str):
    called = "f(1)\nf(1)\n"
    assert version(decorator + use) == version(decorator + use + called)
    assert version(decorator + use) != version(decorator + use.replace("times(2)", "times(3)"))


def test_what_the_marked_function_itself_closes_over_is_left_to_its_key():
    source = CLOSURE + "@times(2)\ndef f(x): return x and f(x - 1)\n"
    assert version(source) == version(source.replace("times(2)", "times(3)"))


def test_names_that_change_places_change_it():
    source = "def a(x): return 1\ndef b(x): return 2\none, two = a, b\ndef f(x): return one(x) - two(x)\n"
    assert version(source) == version(source) != version(source.replace("one, two =", "two, one ="))


def test_what_a_default_calls_changes_it():
    source = "def helper(x): return late(x)\ndef late(x): return 1\ndef f(x, run=helper): return run(x)\n"
    assert version(source) == version(source) != version(source.replace("return 1", "return 2"))


def test_a_proxy_of_nothing_does_not_break_it():
    class Proxy:
        def __getattribute__(self, name: str) -> Any:
            raise RuntimeError("outside of a request")

    world: dict[str, Any] = {"__name__": "app", "request": Proxy()}
    exec("def f(x): return request", world)
    assert version_from_code(world["f"])
