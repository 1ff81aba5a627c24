"""Two functions of one name, by accident or because somebody works on one."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import beautyspot as bs
import pytest

TWICE = """
@spot.mark
def price(x):
    return 1

{more}
def price(x):
    return 2
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file of a module that is not imported yet."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path / "shop.py"
    sys.modules.pop("shop", None)


def load(shop: Path, spot: bs.Spot, code: str) -> ModuleType:
    (shop.parent / "spots.py").write_text("spot = None")
    spots = importlib.import_module("spots")
    spots.spot = spot  # type: ignore[attr-defined]
    shop.write_text("from spots import spot\n" + code)
    known = sys.modules.get("shop")
    importlib.invalidate_caches()
    try:
        return importlib.reload(known) if known else importlib.import_module("shop")
    finally:
        sys.modules.pop("spots")


def test_a_name_that_is_defined_twice_in_a_module_is_warned_of_with_both_places(shop: Path, spot: bs.Spot) -> None:
    with pytest.warns(bs.CacheWarning, match=r"shop.price.*shop\.py:3 and .*shop\.py:7.*version=") as warned:
        load(shop, spot, TWICE.format(more="@spot.mark"))
    assert len(warned) == 1
    assert warned[0].filename == str(shop)


@pytest.mark.parametrize("more", ["@spot.mark(version='2')", "@spot.mark(version=bs.FROM_CODE)", "@spot.limiter"])
def test_functions_that_are_told_apart_may_share_a_name(shop: Path, spot: bs.Spot, more: str) -> None:
    load(shop, spot, "import beautyspot as bs\n" + TWICE.format(more=more))


def test_one_function_may_be_marked_twice(shop: Path, spot: bs.Spot) -> None:
    module = load(shop, spot, "def price(x):\n    return 1\n")
    assert [spot.mark(module.price)(1), spot.mark(module.price)(1), spot.run(module.price, 1)] == [1, 1, 1]


@pytest.mark.parametrize("edited", ["{}", "\n\n{}", "def other(x): return 0\n{}"])
def test_a_module_that_is_edited_and_reloaded_is_no_namesake(shop: Path, spot: bs.Spot, edited: str) -> None:
    code = "@spot.mark\ndef price(x):\n    return {}\n"
    assert load(shop, spot, code.format(1)).price(1) == 1
    load(shop, spot, edited.format(code.format(22)))


def test_functions_of_one_name_in_two_files_are_warned_of(tmp_path: Path, spot: bs.Spot) -> None:
    functions = []
    for number in (1, 2):
        path = tmp_path / f"{number}.py"
        path.write_text(f"def run(x):\n    return {number}\n")
        world = {"__name__": "job"}
        exec(compile(path.read_text(), path, "exec"), world)
        functions.append(world["run"])
    first = spot.mark(functions[0])
    with pytest.warns(bs.CacheWarning, match=r"'job.run'.*1\.py:1 and .*2\.py:1"):
        second = spot.mark(functions[1])
    assert [first(1), second(1)] == [1, 1]


def test_a_package_and_its_main_file_are_warned_of_when_each_has_a_function_of_one_name(
    tmp_path: Path, spot: bs.Spot
) -> None:
    functions = []
    for module, file in (("app", "__init__.py"), ("app.__main__", "__main__.py")):
        path = tmp_path / file
        path.write_text(f"def run(x):\n    return {module!r}\n")
        world = {"__name__": module}
        exec(compile(path.read_text(), path, "exec"), world)
        functions.append(world["run"])
    spot.mark(functions[0])
    with pytest.warns(bs.CacheWarning, match=r"'app.run'.*__init__\.py:1 and .*__main__\.py:1"):
        spot.mark(functions[1])


def test_functions_of_one_name_are_warned_of_whichever_spot_of_a_file_marks_them(tmp_path: Path) -> None:
    def mark(number: int, db: Path) -> bs.Spot:
        path = tmp_path / f"{number}.py"
        path.write_text(f"def run(x):\n    return {number}\n")
        world = {"__name__": "tasks"}
        exec(compile(path.read_text(), path, "exec"), world)
        spot = bs.Spot("ts", db=db, storage=tmp_path)
        spot.mark(world["run"])
        return spot

    spots = [mark(1, tmp_path / "one.db"), mark(2, tmp_path / "another.db")]
    with pytest.warns(bs.CacheWarning, match=r"'tasks.run'.*1\.py:1 and .*3\.py:1"):
        spots.append(mark(3, tmp_path / "one.db"))


def run_text(text: str, spot: bs.Spot, place: str = "<plugin>") -> ModuleType:
    module = ModuleType("plugin")
    module.__dict__["spot"] = spot
    exec(compile(text, place, "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("place", ["<plugin>", "<another>"])
def test_functions_of_one_name_that_lie_in_no_file_are_warned_of(place: str, spot: bs.Spot) -> None:
    text = "@spot.mark\ndef run(x):\n    return {}\n"
    first = run_text(text.format(1), spot)
    assert run_text(text.format(1), spot).run(1) == first.run(1) == 1
    with pytest.warns(bs.CacheWarning, match=rf"'plugin.run'.*\(<plugin>:1 and {place}:1\)"):
        run_text(text.format(2), spot, place)


def test_a_cell_that_is_edited_and_run_again_is_no_namesake(
    tmp_path: Path, spot: bs.Spot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    for number in (1, 2):
        cell = tmp_path / f"{number}.py"  # as ipykernel keeps each text of a cell
        cell.write_text("")
        world = {"__name__": "__main__", "spot": spot}
        exec(compile(f"@spot.mark\ndef run(x):\n    return {number}\n", cell, "exec"), world)
