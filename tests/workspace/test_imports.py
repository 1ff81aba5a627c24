"""What `import beautyspot` loads, and what it shows."""

import ast
import importlib
import importlib.util
import inspect
import pydoc
import re
import subprocess
import sys
import typing
from pathlib import Path

import beautyspot
import pytest
from beautyspot import marking

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


SAID: typing.Any = {"capture_output": True, "text": True, "check": True}
NOT_FOR_A_FIRST_HIT = {
    # Of the standard library: together they take as long as everything else that a fresh process does.
    "enum", "hashlib", "importlib.metadata", "json", "re", "typing", "warnings",
    # Of ours: what a miss, a limit, a blob, a stream, a batch or an unusual function needs.
    "beautyspot.adapters", "beautyspot.arguments", "beautyspot.catalog", "beautyspot.clocks",
    "beautyspot.content_types", "beautyspot.db.journal", "beautyspot.db.listing", "beautyspot.db.memory",
    "beautyspot.db.uses", "beautyspot.durations", "beautyspot.flight.claim", "beautyspot.hooks",
    "beautyspot.keys.callables", "beautyspot.keys.code", "beautyspot.keys.identity", "beautyspot.keys.injected",
    "beautyspot.keys.policies", "beautyspot.limiters", "beautyspot.maintenance", "beautyspot.protocols",
    "beautyspot.renamed", "beautyspot.serializers.encoder", "beautyspot.storage.memory", "beautyspot.walk.batch",
    "beautyspot.walk.limit", "beautyspot.walk.misses", "beautyspot.walk.streams",
}  # fmt: skip


JOB = """
import beautyspot
spot = beautyspot.Spot("job", db=sys.argv[1], storage=sys.argv[2])
@spot.mark
def double(number): return 2 * number
double(1)
print("hits", double.cache_info().hits, *sys.modules)
"""


def test_a_first_hit_loads_nothing_that_only_other_calls_need(tmp_path: Path) -> None:
    job = tmp_path / "job.py"
    job.write_text(code_with_path(JOB), "utf-8")
    command = [sys.executable, "-I", "-S", str(job), str(tmp_path / "job.db"), str(tmp_path / "blobs")]
    runs = [subprocess.run(command, **SAID).stdout.split() for _ in range(2)]
    assert [run[:2] for run in runs] == [["hits", "0"], ["hits", "1"]]
    of_sqlite = subprocess.run([*command[:3], "-c", "import sqlite3, sys; print(*sys.modules)"], **SAID).stdout.split()
    assert set(runs[1]) & NOT_FOR_A_FIRST_HIT <= set(of_sqlite)  # from Python 3.13 on it needs `warnings` itself
    assert {name for name in NOT_FOR_A_FIRST_HIT if importlib.util.find_spec(name) is None} == set()  # no old names


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


def test_the_hints_of_a_marked_function_are_those_of_the_users(tmp_path: Path) -> None:
    @beautyspot.Spot("x", db=tmp_path / "x.db").mark
    def double(number: int) -> str: ...

    assert typing.get_type_hints(double) == {"number": int, "return": str}
    assert str(inspect.signature(double)) == "(number: int) -> str"


@pytest.mark.parametrize(
    "name", sorted({*beautyspot.__all__} - {"FROM_CODE", "LocalStorage", "MsgpackSerializer", "Spot"})
)
def test_the_hints_of_a_public_class_can_be_read(name: str) -> None:
    """Those left out name types that are imported for checkers alone: a first hit must not wait for them."""
    thing = getattr(beautyspot, name)
    typing.get_type_hints(thing)
    for method in vars(thing).values() if inspect.isclass(thing) else ():
        if inspect.isfunction(method) and method.__module__.startswith("beautyspot"):
            typing.get_type_hints(method)


def test_the_keywords_of_mark_are_those_that_type_checkers_know() -> None:
    assert tuple(beautyspot.MarkArguments.__annotations__) == marking.KNOWN


def test_help_explains_every_keyword_of_mark() -> None:
    assert "MarkArguments" in pydoc.render_doc(beautyspot.Spot.mark)
    shown = pydoc.render_doc(beautyspot.MarkArguments, renderer=pydoc.plaintext)
    assert [name for name in marking.KNOWN if f"    {name}: " not in shown] == []


def bare(shown: str) -> str:
    """Return a signature without what Python 3.13 does otherwise: more lines, and annotations without quotes."""
    return re.sub(r"[\s|']", "", shown).replace(",)", ")")


def test_help_and_signatures_show_every_parameter_of_a_spot() -> None:
    assert {"db", "storage", "tpm", "clock"} <= set(inspect.signature(beautyspot.Spot).parameters)
    shown = pydoc.render_doc(beautyspot.Spot, renderer=pydoc.plaintext)
    for name, method in vars(beautyspot.Spot).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            assert bare(f"{name}{inspect.signature(method)}") in bare(shown)
