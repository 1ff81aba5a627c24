"""The site builds without a warning, and has a place for every public name."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from workspace.public import FACES, names_of

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.parametrize("face", FACES)
def test_every_public_name_has_its_place(site: Path, face: str) -> None:
    names = names_of(importlib.import_module(face))
    page = site / f"reference/api/{face}/index.html"
    text = page.read_text() if names else ""
    assert [name for name in names if f'id="{face}.{name}"' not in text] == []


@pytest.mark.parametrize("name", ["Spot", "MarkArguments"])
def test_what_may_be_left_out_is_not_called_required(site: Path, name: str) -> None:
    text = (site / "reference/api/beautyspot/index.html").read_text()
    entry = text.partition(f'id="beautyspot.{name}"')[2].partition('class="doc doc-heading"')[0]
    assert entry
    assert "<em>required</em>" not in entry


@pytest.mark.parametrize("index", ["decisions", "explanation", "how-to", "migrate", "recipes", "reference"])
def test_an_index_leads_to_every_page_beside_it(site: Path, index: str) -> None:
    article = (site / index / "index.html").read_text().partition("<article")[2].partition("</article>")[0]
    pages = {page.parent.relative_to(site / index).as_posix() for page in (site / index).glob("**/index.html")} - {"."}
    assert pages
    assert {page for page in pages if f'href="{page}/"' not in article} == set()
