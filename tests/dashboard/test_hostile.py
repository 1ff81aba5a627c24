"""What is kept is anybody's: no script of it reaches the page, and nobody elsewhere learns that it was looked at."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.content_types import ContentType
from dashboard.gallery import Gallery, gallery_of
from playwright.sync_api import Browser, expect

pytestmark = [pytest.mark.external_service, pytest.mark.slow]
STEAL = "window.top.stolen = 1"
NAME = "<img src=x onerror='stolen = 1'>"
MARKUP = "<img src=TRACKER/a onerror='window.stolen = 1'><script>window.stolen = 1</script>"
PAGE = (
    f"<title>stolen</title>{MARKUP}<script>{STEAL}; fetch('TRACKER/b')</script><link rel=stylesheet href=TRACKER/c>"
    "<meta http-equiv=refresh content='0;url=TRACKER/d'><form action=TRACKER/e><input autofocus></form>"
)
SCRIPT = f"<p id=said></p><script>fetch('TRACKER/m'); said.textContent = 'It ran.'; {STEAL}</script>"
DRAWING = (
    f"<svg xmlns='http://www.w3.org/2000/svg' width='90' height='90' onload='{STEAL}'><script>{STEAL}</script>"
    "<image href='TRACKER/g' width='9' height='9'/><rect width='90' height='90' fill='red'/></svg>"
)
MERMAID = 'graph LR\n  A["<img src=TRACKER/h onerror=\'window.stolen = 1\'>"]\n  click A "javascript:window.stolen=1"\n'
GRAPHVIZ = (
    'digraph { click [URL="javascript:window.stolen=1", label="click"]; b [image="TRACKER/i.png"]; '
    "c [label=\"<img src=x onerror='window.stolen = 1'>\"] }"
)
LINKS = f"{MARKUP}\n\n[click](javascript:window.stolen=1) ![](TRACKER/f) <svg onload='window.stolen = 1'></svg>"
HOSTILE: dict[str, tuple[str | None, Any]] = {
    "page": (ContentType.HTML, PAGE),
    "script": (ContentType.HTML, SCRIPT),
    "markdown": (ContentType.MARKDOWN, LINKS),
    "drawing": (ContentType.SVG, DRAWING),
    "mermaid": (ContentType.MERMAID, MERMAID),
    "graphviz": (ContentType.GRAPHVIZ, GRAPHVIZ),
    "json": (ContentType.JSON, {MARKUP: [MARKUP], "url": "TRACKER/j.png"}),
    "table": (ContentType.CSV, f"a,b\n{MARKUP},TRACKER/k.png\n=HYPERLINK('TRACKER/l'),2\n"),
    "words": (None, MARKUP),
    "type": (f"text/html{MARKUP}", MARKUP),
}


@pytest.fixture(scope="module")
def tracker() -> Iterator[tuple[str, list[str]]]:
    """An address elsewhere, and what was asked of it."""
    asked: list[str] = []

    class Tracker(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tracker)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def quiet(tracker: tuple[str, list[str]]) -> None:
    tracker[1].clear()


@pytest.fixture(scope="module")
def hostile(
    tmp_path_factory: pytest.TempPathFactory, browser: Browser, tracker: tuple[str, list[str]]
) -> Iterator[Gallery]:
    folder = tmp_path_factory.mktemp("hostile")
    with bs.Spot("hostile", db=folder / "gallery.db", storage=folder / "blobs") as spot:
        for name, (kind, value) in HOSTILE.items():
            function = _named(name, _aimed(value, tracker[0]))
            spot.mark(function, content_type=kind and _aimed(kind, tracker[0]), tags=(MARKUP,))()
    with gallery_of(folder / "gallery.db", browser) as gallery:
        yield gallery


def _aimed(value: Any, address: str) -> Any:
    if isinstance(value, dict):
        return {_aimed(key, address): _aimed(each, address) for key, each in value.items()}
    if isinstance(value, list):
        return [_aimed(each, address) for each in value]
    return value.replace("TRACKER", address)


def _named(name: str, value: Any) -> Callable[[], Any]:
    """Return a function whose name is hostile, too."""

    def function() -> Any:
        return value

    function.__qualname__ = function.__name__ = f"{name}{NAME}"
    return function


@pytest.mark.parametrize("name", HOSTILE)
def test_no_script_of_a_kept_value_runs_and_nothing_elsewhere_is_asked(
    hostile: Gallery, tracker: tuple[str, list[str]], name: str
) -> None:
    page = hostile.show(f"{name}{NAME}")
    for link in page.get_by_text("click", exact=True).filter(visible=True).all():
        link.click(force=True, no_wait_after=True)
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.wait_for_timeout(300)  # time for what must not happen
    assert page.evaluate("window.stolen") is None
    assert "stolen" not in page.title()
    assert tracker[1] == []


def test_scripts_that_were_asked_for_can_not_reach_the_page_or_fetch_anything(
    hostile: Gallery, tracker: tuple[str, list[str]]
) -> None:
    page = hostile.show(f"script{NAME}")
    page.get_by_text("Run the page's scripts").click()
    expect(page.frame_locator("iframe").get_by_text("It ran.")).to_be_visible()
    assert page.evaluate("window.stolen") is None
    assert tracker[1] == []


def test_a_page_that_is_opened_alone_is_kept_apart_as_well(hostile: Gallery, tracker: tuple[str, list[str]]) -> None:
    key = hostile.keys[f"page{NAME}"]
    page = hostile.page.context.new_page()
    page.goto(f"{hostile.url}/kept/{key}?scripts=1")
    page.wait_for_timeout(300)  # as above
    assert page.evaluate("window.origin") == "null"
    page.close()
    assert tracker[1] == []
