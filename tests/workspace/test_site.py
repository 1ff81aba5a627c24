"""The site builds without a warning, has a place for every public name, and needs nothing from elsewhere."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from workspace.public import FACES, members_of, names_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|link\b(?=[^>]*rel="?stylesheet))[^>]*(?:src|href)="?(?:https?:)?//"""
)
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


@pytest.mark.parametrize("face", FACES)
def test_every_public_member_of_a_class_has_its_place(site: Path, face: str) -> None:
    module = importlib.import_module(face)
    members = [
        f"{face}.{name}.{member}"
        for name in names_of(module)
        if inspect.isclass(getattr(module, name))
        for member in members_of(getattr(module, name))
        if member not in ("__init__", "model_post_init")  # the latter is put there by pydantic
    ]
    text = (site / f"reference/api/{face}/index.html").read_text() if members else ""
    assert [member for member in members if f'id="{member}"' not in text] == []


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


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = {page.relative_to(site).as_posix(): page.read_text() for page in site.rglob("*.html")}
    assert len(pages) > 60
    assert {name for name, text in pages.items() if FETCHED.search(text) or 'class="mermaid"' in text} == set()


@pytest.fixture
def url(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.external_service
def test_diagrams_are_drawn_without_a_network(site: Path, url: str, page: "Page") -> None:
    elsewhere: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(url) else elsewhere.append(request.url))
    drawn = [each.parent for each in site.rglob("index.html") if 'class="diagram"' in each.read_text()]
    assert len(drawn) > 3
    for folder in drawn:
        page.goto(f"{url}/{folder.relative_to(site)}/")
        diagrams = page.locator(".diagram")
        page.wait_for_selector("body[data-diagrams=drawn]")
        assert diagrams.locator("> svg").count() == diagrams.count()
        if place := os.environ.get("BEAUTYSPOT_SCREENSHOTS"):
            diagrams.first.screenshot(path=f"{place}/site-{folder.name}.png")
    assert elsewhere == []
