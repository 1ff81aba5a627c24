"""The dashboard as a process of its own, and a real browser to look at it with."""

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from servers.programs import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ADDRESS = re.compile(r"http://\S+")
TIMEOUT_MS = 60_000
"""Of a busy machine; Playwright's own are 5 s and 30 s."""
HERE = (sys.executable, "-c", "from beautyspot.cli import main; main()")


class Served(NamedTuple):
    """A dashboard that runs."""

    url: str
    """With its token."""
    process: "subprocess.Popen[str]"
    said: str
    """What it printed up to there."""


@contextmanager
def dashboard(*arguments: str, cwd: Path, program: Sequence[str | Path] = HERE) -> Iterator[Served]:
    """Run `beautyspot ui`, of this environment or another, and yield its address and process."""
    command = [*program, "ui", "--no-browser", "--port", "0"]
    process = subprocess.Popen([*command, *arguments], cwd=cwd, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if found := ADDRESS.search(line):
                yield Served(found.group(), process, said)
                break
        else:
            raise AssertionError(said)
    finally:
        process.terminate()
        process.communicate(timeout=60)


# Of a module: as long as Playwright is there, its event loop is the running one, and no other can run in the process.
@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import expect, sync_playwright  # 0.3 s, which every other test would pay

    expect.set_options(timeout=TIMEOUT_MS)
    chromium = program("chromium", "chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    with page_of(browser) as page:
        yield page


@contextmanager
def page_of(browser: "Browser", *, width: int = 1280, height: int = 800, **settings: Any) -> "Iterator[Page]":
    """Yield a new page of that many pixels, with nothing stored from another.

    Args:
        browser: Opens it.
        width: Of the page.
        height: Of the page.
        settings: More arguments of `Browser.new_context`.
    """
    context = browser.new_context(viewport={"width": width, "height": height}, **{"locale": "en-GB"} | settings)
    context.set_default_timeout(TIMEOUT_MS)
    with closing(context):
        yield context.new_page()
