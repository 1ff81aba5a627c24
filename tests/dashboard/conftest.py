"""Stores to look at, pages to run without a browser, and what keeps the screenshots."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import beautyspot as bs
import beautyspot_dashboard
import pytest
from beautyspot.catalog import Catalog
from beautyspot.db import open_db
from beautyspot.records import Activity, LimitRate, Run
from beautyspot.storage import create_storage
from beautyspot_dashboard.place import Place, use
from dashboard.busy import add_limit
from servers.dashboard import dashboard
from streamlit.testing.v1 import AppTest

SCREENSHOTS = "BEAUTYSPOT_SCREENSHOTS"
"""Names the folder that keeps the screenshots; without it they go with the test's own folder."""
TALL_PX = 1400
MAIN = Path(beautyspot_dashboard.__file__).parent / "scripts" / "main.py"
RUN = Run(
    *("r1", None, "r1", "chain", "answer", None, datetime.now(UTC), 4.0, None, 0.0, "ok", None, None, None, None),
    *(None, False, None, None, ("demo",), None),
)


@pytest.fixture
def small_store(tmp_path: Path) -> Path:
    """Three results of two functions: two texts and a dict."""
    return make_small_store(tmp_path)


def make_small_store(folder: Path) -> Path:
    path = folder / "small.db"
    with bs.Spot("small", db=path, storage=folder / "blobs") as spot:
        summarise = spot.mark(tags=("draft",), version="2", content_type="text/plain")(_summarise)
        fetch = spot.mark(save_blob=True)(_fetch)
        summarise("owls")
        summarise("foxes")
        fetch(7)
    spot.parts.store.db.close()  # else the file changes when the Spot is collected
    return path


def _summarise(topic: str) -> str:
    return f"All about {topic}."


def _fetch(number: int) -> dict[str, object]:
    return {"number": number, "rows": [{"a": 1}, {"a": 2}]}


_summarise.__module__, _summarise.__qualname__ = "app", "summarise"
_fetch.__module__, _fetch.__qualname__ = "crawl", "fetch"


@pytest.fixture
def busy_store(small_store: Path) -> Path:
    """The small store with a day of activity, a trace of four runs, and a shared limit."""
    add_activity(small_store)
    return small_store


@pytest.fixture(scope="module")
def busy_dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard over a busy store, which nobody changes."""
    folder = tmp_path_factory.mktemp("busy")
    store = make_small_store(folder)
    add_activity(store)
    with dashboard(str(store), "--storage", str(folder / "blobs"), cwd=folder) as served:
        yield served.url


def add_activity(store: Path) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    names = {"app.summarise": 3, "app.translate": 2, "crawl.fetch": 1}
    activity = [
        Activity(name, now - timedelta(hours=hour), 9 * n + hour, 3 * n, hour % 7 == 0, 20.0 * n + hour, n, 900, 400)
        for hour in range(24)
        for name, n in names.items()
    ]
    with Catalog.open(store) as catalog:
        key = catalog.tasks(function="fetch").rows[0].cache_key
    with closing(open_db(store)) as db:
        db.add_activity(activity)
        db.add_runs(trace(key))
        db.advance_limit("old", now.timestamp(), 3600.0)
        add_limit(db, "api", LimitRate(0.6, 5), owed=7)
        add_limit(db, "translate (requests)", LimitRate(0.5, 3), owed=2)
        add_limit(db, "translate (tokens)", LimitRate(1200, 1), owed=12_000)
        add_limit(db, "idle", LimitRate(60, 1), owed=0)


def trace(cache_key: str) -> list[Run]:
    """Return a chain that asks a model, which fails a tool, and asks again, which a cache answers."""
    second = timedelta(seconds=1)
    start = datetime.now(UTC) - timedelta(minutes=5)
    child = RUN._replace(parent_id="r1", trace_id="r1", elapsed_s=1.0)
    model = child._replace(kind="llm", name="chat", model="gpt-test", input_tokens=1200, output_tokens=300)
    return [
        RUN._replace(started_at=start),
        model._replace(run_id="r2", started_at=start + second, cost=0.012, cache_hit=False),
        child._replace(
            run_id="r3", kind="tool", name="search", started_at=start + 2 * second, status="error", error="E"
        ),
        model._replace(
            run_id="r4", started_at=start + 3 * second, cost=0.0, cache_hit=True, elapsed_s=0.01, cache_key=cache_key
        ),
    ]


@pytest.fixture(autouse=True)
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what Streamlit takes away: it runs a page as `__main__`, which new worker processes would then run."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def run_page() -> Iterator[Callable[..., AppTest]]:
    """Return what runs a page over a store, without a browser."""
    places: list[Place] = []

    def run_page(store: Path | str, page: str, *, read_only: bool = False, **parameters: str) -> AppTest:
        blobs = [create_storage(Path(store).parent / "blobs")] if "://" not in str(store) else []
        places.append(Place(str(store), blobs, read_only))
        use(places[-1])
        app = AppTest.from_file(str(MAIN), default_timeout=120)
        app.query_params.update(parameters)
        app.switch_page(f"{page}.py")
        return app.run()

    yield run_page
    for place in places:
        place.close()


@pytest.fixture
def shoot(page: Any, tmp_path: Path) -> Callable[[str], None]:
    """Return what keeps a screenshot of the whole page under a name."""
    folder = Path(os.environ.get(SCREENSHOTS) or tmp_path / "screenshots")

    def shoot(name: str) -> None:
        size = page.viewport_size
        # The page scrolls inside itself, so that only a taller window shows all of it.
        page.set_viewport_size({"width": size["width"], "height": TALL_PX})
        page.wait_for_function("!document.querySelector('[data-testid=stSkeleton]')")
        page.locator("[data-test-script-state=notRunning]").wait_for()
        page.screenshot(path=folder / f"{name}.png")
        page.set_viewport_size(size)

    return shoot
