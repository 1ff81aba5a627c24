"""What `import beautyspot` loads, and what it shows."""

import ast
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


@pytest.mark.parametrize("module", ["beautyspot", "beautyspot.db", "beautyspot.storage", "beautyspot.testing"])
def test_every_name_in_all_exists(module: str) -> None:
    loaded = __import__(module, fromlist=["__all__"])
    assert [name for name in loaded.__all__ if not hasattr(loaded, name)] == []


def test_all_names_everything_that_the_package_imports() -> None:
    tree = ast.parse(Path(beautyspot.__file__).read_text("utf-8"))
    imports = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    assert {name for name in imported if not name.startswith("_")} == set(beautyspot.__all__)


@pytest.mark.parametrize("name", beautyspot.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    thing = getattr(beautyspot, name)
    if inspect.isclass(thing) or inspect.isroutine(thing):
        assert inspect.getdoc(thing)


def test_the_package_tells_type_checkers_that_it_is_typed() -> None:
    assert (ROOT / "packages/core/src/beautyspot/py.typed").exists()
