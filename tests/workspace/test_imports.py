"""What `import beautyspot` loads, and what it shows."""

import ast
import importlib
import importlib.util
import inspect
import subprocess
import sys
from pathlib import Path

import beautyspot
import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {
    "alembic",
    "asyncio",
    "boto3",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "pydantic",
    "rich",
    "sqlalchemy",
    "sqlmodel",
    "typer",
}
ON_DEMAND = ("db", "flight", "keys", "limiters", "storage", "walk")
PACKAGES = ("beautyspot", *(f"beautyspot.{room}" for room in ON_DEMAND))
SLOW_STANDARD_LIBRARY = {"concurrent.futures", "dataclasses", "inspect", "logging", "pathlib"}


def loaded_by(statements: str) -> set[str]:
    code = f"import sys; before = set(sys.modules); {statements}; print(*(set(sys.modules) - before))"
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code_with_path(code)], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def code_with_path(code: str) -> str:
    # -S keeps editable installs from loading modules of their own at start.
    return f"import sys; sys.path[:0] = {[entry for entry in sys.path if entry]!r}; {code}"


def test_import_loads_no_heavy_library() -> None:
    assert loaded_by("import beautyspot") & HEAVY == set()


def test_a_hit_loads_no_heavy_library(tmp_path: Path) -> None:
    spot = f"beautyspot.Spot('x', db={str(tmp_path / 'x.db')!r}, storage={str(tmp_path)!r})"
    call = f"import beautyspot; f = {spot}.mark(len)"
    assert loaded_by(f"{call}; f('abc'); f('abc')") & HEAVY == set()


def test_import_loads_no_slow_part_of_the_standard_library() -> None:
    assert loaded_by("import beautyspot") & SLOW_STANDARD_LIBRARY == set()


def test_all_is_one_alphabet() -> None:
    assert beautyspot.__all__ == sorted(beautyspot.__all__, key=str.casefold)


@pytest.mark.parametrize("package", [*PACKAGES, "beautyspot.testing"])
def test_every_name_in_all_exists(package: str) -> None:
    loaded = importlib.import_module(package)
    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []


def names_for_checkers(package: str) -> set[str]:
    """Return what the imports of a package name, those under TYPE_CHECKING too."""
    tree = ast.parse(Path(importlib.import_module(package).__file__ or "").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.asname or alias.name for node in imports for alias in node.names} - {"on_demand"}


@pytest.mark.parametrize("package", PACKAGES)
def test_all_names_everything_that_a_package_imports(package: str) -> None:
    assert names_for_checkers(package) == set(importlib.import_module(package).__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_no_name_of_a_package_is_that_of_its_module(package: str) -> None:
    # Once imported, the module would stand in the place of what was to be imported on demand.
    package_ = importlib.import_module(package)
    assert [name for name in package_.__all__ if importlib.util.find_spec(f"{package}.{name}")] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_lists_names_that_nobody_asked_for_yet(package: str) -> None:
    assert set(importlib.import_module(package).__all__) <= set(dir(importlib.import_module(package)))


def test_a_name_that_no_package_has_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'beautyspot.keys' has no attribute 'KeyRing'"):
        _ = importlib.import_module("beautyspot.keys").KeyRing


@pytest.mark.parametrize("name", beautyspot.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    thing = getattr(beautyspot, name)
    if inspect.isclass(thing) or inspect.isroutine(thing):
        assert inspect.getdoc(thing)


def test_the_package_tells_type_checkers_that_it_is_typed() -> None:
    assert (ROOT / "packages/core/src/beautyspot/py.typed").exists()
