"""The packages as `pip install` gives them: built wheels in empty environments, each extra on its own."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from servers.dashboard import dashboard

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PROJECTS: dict[str, dict[str, Any]] = {
    folder.parent.name: tomllib.loads(folder.read_text())["project"]
    for folder in ROOT.glob("packages/*/pyproject.toml")
}
TOPS = {"core": "beautyspot", "dashboard": "beautyspot_dashboard", "langchain": "langchain_beautyspot"}
TOP = {name: TOPS.get(name, "llama_index/callbacks/beautyspot") for name in PROJECTS}
INSTALLS = [
    *((project["name"], "") for project in PROJECTS.values()),
    *((project["name"], extra) for project in PROJECTS.values() for extra in project.get("optional-dependencies", {})),
]
KEEP = "import beautyspot as bs; spot = bs.Spot('t'); print(spot.run(len, 'abc'), spot.run(len, 'abc'))"
DOES = {
    "": KEEP,
    "data": "import numpy as np, beautyspot as bs; print([bs.Spot('t').run(np.arange, 3).sum() for _ in range(2)])",
    "gcs": "from beautyspot.storage import create_storage; import google.cloud.storage; print(create_storage)",
    "postgres": "import psycopg; print(psycopg.pq.version())",
    "redis": "import redis; from beautyspot.db.redis import RedisTaskDB; print(RedisTaskDB)",
    "s3": "from beautyspot.storage import create_storage; print(create_storage('s3://bucket/folder'))",
    "zstd": "import beautyspot as bs; print(bs.Spot('t', compress='zstd').run('a'.__mul__, 9999)[:3])",
    "dashboard": KEEP,
    "langchain": "from langchain_beautyspot import BeautySpotCache; print(BeautySpotCache('t.db').stats())",
    "llama-index": "from llama_index.callbacks.beautyspot import cache_llm; from llama_index.core.llms import MockLLM; "
    "print(cache_llm(MockLLM(), 't.db').complete('a'))",
    "agents": "from langchain_beautyspot import CacheMiddleware; print(CacheMiddleware('t.db'))",
    "langgraph": "from langchain_beautyspot import BeautySpotNodeCache; print(BeautySpotNodeCache('t.db'))",
    "all": "import langchain_beautyspot, beautyspot_dashboard, llama_index.callbacks.beautyspot as b; print(b.install)",
}
"""By the extra: what somebody who asked for it would do first."""


def uv(*arguments: str | Path) -> None:
    found = subprocess.run([ROOT / "scripts/find-uv"], check=True, capture_output=True, text=True).stdout.strip()
    done = subprocess.run([found, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the source of every package."""
    folder = tmp_path_factory.mktemp("built")
    for name in PROJECTS:
        uv(
            "build",
            "--quiet",
            "--no-build-isolation",
            "--python",
            sys.executable,
            "-o",
            folder,
            ROOT / "packages" / name,
        )
    return folder


@pytest.fixture
def install(built: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Install what is named into an empty environment, and return the folder of its programs."""

    def install(what: str) -> Path:
        uv("venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
        python = tmp_path / "venv/bin/python"
        lock = ROOT / "requirements.lock"
        uv("pip", "install", "--quiet", "--python", python, "--constraint", lock, "--find-links", built, what)
        return python.parent

    return install


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def wheel_of(built: Path, name: str) -> zipfile.ZipFile:
    (path,) = built.glob(f"{PROJECTS[name]['name'].replace('-', '_')}-*.whl")
    return zipfile.ZipFile(path)


@pytest.mark.parametrize(("distribution", "extra"), INSTALLS)
def test_each_package_and_extra_works_on_its_own(
    install: Callable[[str], Path], tmp_path: Path, distribution: str, extra: str
) -> None:
    programs = install(f"{distribution}[{extra}]" if extra else distribution)
    module = next(TOP[name] for name, project in PROJECTS.items() if project["name"] == distribution).replace("/", ".")
    run(programs / "python", "-c", f"import {module}", cwd=tmp_path)
    assert run(programs / "python", "-c", DOES[extra], cwd=tmp_path).strip()
    if extra == "dashboard":
        browser = build_opener(HTTPCookieProcessor())
        with dashboard(cwd=tmp_path, program=[programs / "beautyspot"]) as served, browser.open(served.url) as answer:
            assert "<title>" in answer.read().decode()
    assert run(programs / "beautyspot", "--version", cwd=tmp_path).strip().endswith(PROJECTS["core"]["version"])


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_holds_its_package_and_nothing_else(built: Path, name: str) -> None:
    with wheel_of(built, name) as wheel:
        names = [each for each in wheel.namelist() if ".dist-info/" not in each]
        metadata = [each.rpartition("/")[2] for each in wheel.namelist() if ".dist-info/" in each]
    assert all(each.startswith(f"{TOP[name]}/") for each in names)
    assert f"{TOP[name]}/py.typed" in names
    assert not [each for each in names if re.search(r"test_|__pycache__|\.pyc$|conftest", each)]
    assert "LICENSE" in metadata


@pytest.mark.parametrize("name", PROJECTS)
def test_a_wheel_can_be_built_from_the_source_alone(built: Path, tmp_path: Path, name: str) -> None:
    (source,) = built.glob(f"{PROJECTS[name]['name'].replace('-', '_')}-*.tar.gz")
    with tarfile.open(source) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2, which is Debian's, has none
        archive.extractall(tmp_path)
    (folder,) = (each for each in tmp_path.iterdir() if each.is_dir())
    uv("build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", tmp_path, folder)
    with wheel_of(built, name) as expected, wheel_of(tmp_path, name) as found:
        assert sorted(found.namelist()) == sorted(expected.namelist())


def test_every_extra_has_something_to_do() -> None:
    assert DOES.keys() == {extra for _, extra in INSTALLS}
