"""How soon does the dashboard show something, and does a million rows keep its reader waiting?"""

import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import md5
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from beautyspot.db import SQLiteTaskDB
from beautyspot.records import Task

from benchmarks.answers import Answer, Scale, ratio

FEW = 1_000
CHUNK = 5_000
WAIT_MS = 60_000
SETTLE_MS = 2_000
ADDRESS = re.compile(r"http://127\.0\.0\.1:\S+")
OURS = ("-c", "from beautyspot.cli import main; main()", "ui", "--no-browser", "--port", "0")
EMPTY = ("-m", "streamlit", "run", "--server.headless=true", "--server.address=127.0.0.1", "--server.port=8599")
BROWSER = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
WORDS = {"that no result has": "zzz", "that all have": "app"}


def pages(scale: Scale, folder: str) -> list[Answer]:
    """The first paint beside an empty app's, and a filter among many rows beside one among few."""
    chromium = shutil.which("chromium")
    missing = [name for name in ("streamlit", "playwright") if find_spec(name) is None] or [
        *(["chromium"] * (not chromium))
    ]
    if missing:
        return [Answer("dashboard", "ms", {}, (), f"not measured: {missing[0]} is not installed")]
    from playwright.sync_api import sync_playwright

    stores = {count: Path(folder, f"{count}.db") for count in (FEW, scale.many_rows[-1])}
    for count, path in stores.items():
        fill(path, count)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*BROWSER])
        with closing(browser):
            return [paint(scale, folder, browser, stores[FEW]), *filters(scale, folder, browser, stores)]


def paint(scale: Scale, folder: str, browser: Any, store: Path) -> Answer:
    """From the visit to a server that runs to the first words of its page, with an empty cache of the browser."""
    script = Path(folder, "empty.py")
    script.write_text('import streamlit as st\n\nst.caption("hello")\n')

    def visit(url: str) -> None:
        with closing(browser.new_context()) as context:
            page = context.new_page()
            page.goto(url)
            page.get_by_test_id("stCaptionContainer").first.wait_for(timeout=WAIT_MS)

    with served([*EMPTY, str(script)], folder) as empty, served([*OURS, str(store)], folder) as ours:
        visits = {"an empty app": lambda: visit(empty), "beautyspot": lambda: visit(ours)}
        figures = medians_ms(visits, scale.slow_rounds)
    return Answer("dashboard: first words", "ms", figures, (ratio(figures, "an empty app", 1.3),))


def filters(scale: Scale, folder: str, browser: Any, stores: Mapping[int, Path]) -> list[Answer]:
    """From the Enter behind a word to the page of what it finds."""
    with ExitStack() as open_:
        tables = {
            f"{count:,} rows": open_.enter_context(results(browser, [*OURS, str(store)], folder))
            for count, store in stores.items()
        }
        few, many = tables
        answers: list[Answer] = []
        for what, word in WORDS.items():
            asked = {name: lambda table=table, word=word: ask(*table, word) for name, table in tables.items()}
            figures = medians_ms(asked, scale.slow_rounds, lambda: [ask(*table, "f1") for table in tables.values()])
            answers.append(
                Answer(f"dashboard: filter by a word {what}", "ms", figures, (ratio(figures, few, 1.5, us=many),))
            )
    return answers


def ask(page: Any, socket: Any, word: str) -> None:
    """Search for `word` and wait until the page has answered."""
    box = page.get_by_role("textbox", name="Search")
    box.fill(word)
    # The page's own mark of a running script is not waited for: of a quick answer it is never drawn.
    with socket.expect_event("framereceived", ends_script, timeout=WAIT_MS):
        box.press("Enter")
    page.locator("[data-test-script-state=notRunning]").wait_for(timeout=WAIT_MS)


def ends_script(frame: bytes) -> bool:
    """Return whether Streamlit's server says with `frame` that all of the page has been sent."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    return ForwardMsg.FromString(frame).WhichOneof("type") == "script_finished"


@contextmanager
def results(browser: Any, command: list[str], folder: str) -> Generator[tuple[Any, Any]]:
    """Yield the page of results of a dashboard, and the socket on which its server answers."""
    with served(command, folder) as url, closing(browser.new_context()) as context:
        page = context.new_page()
        with page.expect_websocket(timeout=WAIT_MS) as opened:
            page.goto(url)
        page.get_by_role("link", name="Results").click()
        page.get_by_test_id("stDataFrame").wait_for(timeout=WAIT_MS)
        page.wait_for_timeout(SETTLE_MS)
        page.locator("[data-test-script-state=notRunning]").wait_for(timeout=WAIT_MS)
        yield page, opened.value


@contextmanager
def served(command: list[str], folder: str) -> Generator[str]:
    """Run a server and yield the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        yield next(found.group() for line in process.stdout if (found := ADDRESS.search(line)))
    finally:
        process.terminate()
        process.communicate()


def medians_ms(
    asked: Mapping[str, Callable[[], object]], rounds: int, between: Callable[[], object] = lambda: None
) -> dict[str, float]:
    """Return the median of each contender, asked in turn and in another order each time."""
    took: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(rounds + 1):
        between()
        for name in random.sample(list(asked), len(asked)):
            start_s = time.perf_counter()
            asked[name]()
            took[name].append((time.perf_counter() - start_s) * 1000)
    return {name: statistics.median(times[1:]) for name, times in took.items()}  # the first round warms up


def fill(path: Path, count: int) -> None:
    """Keep `count` results of ten functions."""
    start = datetime.now(UTC) - timedelta(days=30)
    with closing(SQLiteTaskDB(path)) as db:
        db.open()
        for first in range(0, count, CHUNK):
            numbers = range(first, min(count, first + CHUNK))
            db.upkeep.put_newer([_task(number, start + timedelta(seconds=number)) for number in numbers])


def _task(number: int, time: datetime) -> Task:
    key = md5(str(number).encode(), usedforsecurity=False).hexdigest()
    data = b"\xd9\xc8" + b"a" * 200
    kept = ("DIRECT_BLOB", "text/plain", None, data, time, None, len(data), 0.5)
    return Task(key, f"app.jobs.f{number % 10}", key[:16], str(number % 3), *kept)
