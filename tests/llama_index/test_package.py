"""What `import llama_index.callbacks.beautyspot` loads, and what it shows."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from llama_index.callbacks import beautyspot as package

FOLDER = Path(inspect.getfile(package)).parent


def test_the_import_alone_loads_no_host(tmp_path: Path) -> None:
    code = "import sys, llama_index.callbacks.beautyspot; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {"llama_index.core", "llama_index_instrumentation", "pydantic", "sqlalchemy", "numpy", "asyncio"}
    assert loaded & {*done.stdout.split()} == set()


def test_the_folders_above_are_namespaces_that_llamaindex_shares() -> None:
    assert [each for each in (FOLDER.parent, FOLDER.parents[1]) if (each / "__init__.py").exists()] == []


def test_all_is_one_alphabet_and_every_name_exists() -> None:
    assert package.__all__ == sorted(package.__all__, key=str.casefold)
    assert [name for name in package.__all__ if not hasattr(package, name)] == []


def test_all_names_everything_that_the_package_imports() -> None:
    tree = ast.parse((FOLDER / "__init__.py").read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {alias.name for node in imports for alias in node.names} - {"on_demand", "pass_over"} == {*package.__all__}


@pytest.mark.parametrize("name", package.__all__)
def test_every_public_name_has_a_docstring(name: str) -> None:
    assert inspect.getdoc(getattr(package, name))
