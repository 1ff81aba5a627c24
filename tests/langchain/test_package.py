"""What `import langchain_beautyspot` loads, and what it shows."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import langchain_beautyspot
import pytest

HOSTS = {"langchain", "langgraph", "langchain_openai", "langchain_community", "sqlalchemy", "sqlmodel", "numpy"}


def loaded_by(statements: str, folder: Path) -> set[str]:
    code = f"import sys; {statements}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_import_alone_loads_no_host(tmp_path: Path):
    loaded = loaded_by("import langchain_beautyspot", tmp_path)
    assert loaded & {*HOSTS, "langchain_core", "pydantic"} == set()


def test_the_cache_loads_the_core_of_langchain_and_no_more(tmp_path: Path):
    use = "from langchain_beautyspot import BeautySpotCache; BeautySpotCache('a.db').lookup('a', 'b')"
    assert loaded_by(use, tmp_path) & HOSTS == set()


def test_all_is_one_alphabet_and_every_name_exists():
    assert langchain_beautyspot.__all__ == sorted(langchain_beautyspot.__all__, key=str.casefold)
    assert [name for name in langchain_beautyspot.__all__ if not hasattr(langchain_beautyspot, name)] == []


def test_all_names_everything_that_the_package_imports():
    tree = ast.parse(Path(inspect.getfile(langchain_beautyspot)).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {alias.name for node in imports for alias in node.names} - {"on_demand", "pass_over"} == {
        *langchain_beautyspot.__all__
    }


@pytest.mark.parametrize("name", langchain_beautyspot.__all__)
def test_every_public_name_has_a_docstring(name: str):
    assert inspect.getdoc(getattr(langchain_beautyspot, name))
