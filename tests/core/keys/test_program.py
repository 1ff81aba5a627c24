"""Functions of a notebook: their keys hold what they read of their program by name."""

from functools import partial
from types import ModuleType
from typing import Any

import pytest
from beautyspot.errors import ConfigurationError
from beautyspot.keys import KeyMaker
from beautyspot.keys.code import FROM_CODE

CELLS = """
SIZE, SCALES, rows, counter = 12, (1, 2.5), [], 0

def shout(text):
    return louder(text) * SIZE

def louder(text):
    return text.upper()

def ask(x):
    global counter
    counter += 1
    rows.append(x)
    return shout("a"), SCALES, len(rows), __name__

def ping(x):
    return pong(x)

def pong(x):
    return ping(x - 1) if x else SIZE
"""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a notebook holds after its cell ran."""
    monkeypatch.setitem(__import__("sys").modules, "__main__", ModuleType("__main__"))
    world: dict[str, Any] = {"__name__": "__main__"}
    run(CELLS, world)
    return world


def run(cell: str, world: dict[str, Any]) -> None:
    exec(compile(cell, "<cell>", "exec"), world)


def key(maker: KeyMaker) -> str:
    return maker.key((1,), {})


@pytest.mark.parametrize(
    "cell",
    ["SIZE = 8", "SCALES = (1, 3)", "SIZE = 12.0", "def louder(text): return text", "def shout(text): return text"],
)
def test_an_edited_cell_above_makes_another_key_and_the_old_cell_the_old_one(world: dict[str, Any], cell: str):
    ask = KeyMaker(world["ask"])
    before = key(ask)
    run(cell, world)
    assert key(ask) != before
    run(CELLS, world)
    assert key(ask) == before


def test_the_cell_that_runs_again_makes_the_same_key(world: dict[str, Any]):
    before = key(KeyMaker(world["ask"]))
    run(CELLS, world)
    assert key(KeyMaker(world["ask"])) == before


def test_a_helper_with_a_default_without_content_is_told_by_its_code_and_the_others(world: dict[str, Any]):
    cells = "def helper(x, stop=object(), heat=0): return x\ndef f(x): return helper(x)"
    keys: list[str] = []
    for cell in (cells, cells.replace("heat=0", "heat=1"), cells.replace("return x\n", "return 2\n"), cells):
        run(cell, world)
        keys.append(key(KeyMaker(world["f"])))
    assert (keys[0] == keys[3], len(set(keys))) == (True, 3)


def test_functions_in_a_tuple_are_told_by_their_code_and_order(world: dict[str, Any]):
    cells = "def a(x): return 1\ndef b(x): return 2\nSTEPS = (a, b)\ndef f(x): return [step(x) for step in STEPS]"
    keys: list[str] = []
    for cell in (cells, cells.replace("(a, b)", "(b, a)"), cells.replace("return 2", "return 3"), cells):
        run(cell, world)
        keys.append(key(KeyMaker(world["f"])))
    assert (keys[0] == keys[3], len(set(keys))) == (True, 3)


def test_counters_and_what_is_changed_in_place_have_no_part(world: dict[str, Any]):
    ask = KeyMaker(world["ask"])
    before = key(ask)
    world["ask"](1)
    world["rows"] = [1, 2, 3]
    assert key(ask) == key(KeyMaker(world["ask"])) == before


def test_functions_that_call_each_other_are_told_by_both(world: dict[str, Any]):
    ping = KeyMaker(world["ping"])
    before = key(ping)
    run("def pong(x): return x", world)
    assert key(ping) != before


def test_an_ignored_constant_has_no_part(world: dict[str, Any]):
    ask = KeyMaker(world["ping"], ignore=("SIZE",))
    before = key(ask)
    run("SIZE = 8", world)
    assert key(ask) == before
    with pytest.raises(ConfigurationError, match="known: x, SIZE, ping, pong"):
        KeyMaker(world["ping"], ignore=("SCALE",))


def test_a_variable_that_is_deleted_is_read_again(world: dict[str, Any]):
    ask = KeyMaker(world["ask"])
    before = key(ask)
    del world["SCALES"]
    assert key(ask) != before


def test_a_module_with_a_name_is_told_by_that(world: dict[str, Any]):
    world["__name__"] = "app"
    run(CELLS, world)
    ask = KeyMaker(world["ask"])
    before = key(ask)
    run("SIZE = 8", world)
    assert key(ask) == before


METHODS = """
class Base:
    TONE, unused = "kind", 1

    def sign(self):
        return "base"

class Report(Base):
    SIZE, count = 12, 0

    def head(self, x):
        return self.line(x) + self.SIZE

    def line(self, x):
        return len(self.TONE)

    @staticmethod
    def fixed():
        return 1

    @classmethod
    def made(cls):
        return 2

    @property
    def title(self):
        return "title"

    def sign(self):
        return super().sign() + "!"

    def write(self):
        self.count += 1
        return self.head(1), self.fixed(), Report.made(), self.title, self.sign(), self.count

    def other(self):
        return 3
"""


def rerun(world: dict[str, Any], old: str, new: str) -> str:
    """Run the cell of the class with an edit, and return the key of a call of its method."""
    assert METHODS.count(old) == 1
    run(METHODS.replace(old, new), world)
    return key(KeyMaker(world["Report"].write))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return self.line(x) + self.SIZE", "return self.line(x) - self.SIZE"),
        ("return len(self.TONE)", "return 4"),
        ("return 1", "return 8"),
        ("return 2", "return 8"),
        ('return "title"', "return 8"),
        ('return "base"', 'return "ground"'),
        ('TONE, unused = "kind"', 'TONE, unused = "curt"'),
        ("SIZE, count = 12", "SIZE, count = 8"),
    ],
)
def test_an_edited_method_that_a_method_calls_makes_another_key(world: dict[str, Any], old: str, new: str):
    before = rerun(world, old, old)
    assert rerun(world, old, new) != before
    assert rerun(world, old, old) == before


@pytest.mark.parametrize(
    ("old", "new"), [("return 3", "return 8"), ("unused = ", "another = "), ("count = 12, 0", "count = 12, 7")]
)
def test_what_a_method_does_not_read_or_counts_has_no_part(world: dict[str, Any], old: str, new: str):
    assert rerun(world, old, new) == rerun(world, old, old)


def test_a_method_that_is_replaced_in_its_class_makes_another_key(world: dict[str, Any]):
    run(METHODS, world)
    write = KeyMaker(world["Report"].write)
    before = key(write)
    world["Report"].head = lambda self, x: 4
    assert key(write) != before


def test_an_instance_of_the_class_before_the_edit_keeps_its_keys(world: dict[str, Any]):
    run(METHODS, world)
    write = KeyMaker(world["Report"].write)
    before = key(write)
    run(METHODS.replace("return 1", "return 8"), world)
    assert key(write) == before


def test_a_class_within_a_function_or_a_class_is_found(world: dict[str, Any]):
    cell = """
class Outer:
    class Inner:
        def head(self): return 1
        def write(self): return self.head()

def make():
    class Local:
        def head(self): return 1
        def write(self): return __class__.head(self)
    return Local
"""
    for path in ("Outer.Inner.write", "make().write"):
        run(cell, world)
        before = key(KeyMaker(eval(path, world)))
        run(cell.replace("return 1", "return 8"), world)
        assert key(KeyMaker(eval(path, world))) != before


def test_a_method_calls_no_method_of_a_class_in_a_module(world: dict[str, Any]):
    world["__name__"] = "app"
    assert rerun(world, "return 1", "return 8") == rerun(world, "return 1", "return 1")


PARTIALS = """
import functools, json

def louder(size, text, *, end):
    return text.upper() * size + end + more

more = "!"
shout = functools.partial(louder, 12, end="?")
dump = functools.partial(json.dumps, indent=2)

def ask(x):
    return shout("a"), dump(x)
"""


@pytest.mark.parametrize(
    ("old", "new"), [("upper", "lower"), ("12", "8"), ('"?"', '"."'), ('"!"', '"."'), ("indent=2", "indent=3")]
)
def test_an_edited_partial_or_what_it_calls_makes_another_key(world: dict[str, Any], old: str, new: str):
    run(PARTIALS, world)
    before = key(KeyMaker(world["ask"]))
    run(PARTIALS.replace(old, new), world)
    assert key(KeyMaker(world["ask"])) != before
    run(PARTIALS, world)
    assert key(KeyMaker(world["ask"])) == before


def test_a_class_that_is_added_to_under_its_own_name_is_told_by_both(world: dict[str, Any]):
    added = "class Report(Report):\n    def head(self, x): return super().head(x)"
    for old, new in (("SIZE, count = 12", "SIZE, count = 8"), ("return len(self.TONE)", "return 4")):
        keys: list[str] = []
        for cell in (METHODS, METHODS.replace(old, new), METHODS):
            run(cell, world)
            run(added, world)
            keys += [key(KeyMaker(world["Report"].write)), KeyMaker(world["Report"].head).key((1, 2), {})]
        assert keys[:2] == keys[4:]
        assert not {*keys[:2]} & {*keys[2:4]}


class Proxy:
    """Stands for what isn't there, and says so to whoever asks anything."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("outside of a request")


def test_a_proxy_of_nothing_does_not_break_the_call(world: dict[str, Any]):
    world["request"], world["part"] = Proxy(), partial(max, Proxy())
    run("def ask(x): return request, part", world)
    assert key(KeyMaker(world["ask"])) == key(KeyMaker(world["ask"]))


class Client:
    """Makes up whatever attribute it is asked for, as clients of remote calls do."""

    def __init__(self, parent: "Client | None" = None) -> None:
        self.parent = parent

    def __getattr__(self, name: str) -> "Client":
        return Client(self)

    def __call__(self, *args: Any) -> None: ...


def test_a_client_that_makes_up_attributes_is_not_asked_for_ever(world: dict[str, Any]):
    world["client"] = Client()
    run(
        "from functools import partial\nask_it = partial(client, 1)\ndef ask(x): return client.ask(x), ask_it(x)", world
    )
    assert key(KeyMaker(world["ask"])) == key(KeyMaker(world["ask"], version=None))
    assert KeyMaker(world["ask"], version=FROM_CODE).version
