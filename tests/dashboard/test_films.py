"""A film of 500 MB: it starts at once, seeks, and never lies in the server's memory."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.content_types import ContentType
from dashboard.gallery import Gallery, gallery_of, long_film
from playwright.sync_api import Browser, Response

pytestmark = [pytest.mark.external_service, pytest.mark.slow]
SIZE_BYTES = 500_000_000
PLAYER = "document.querySelector('video')"


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Gallery]:
    folder = tmp_path_factory.mktemp("cinema")
    with bs.Spot("cinema", db=folder / "gallery.db", storage=folder / "blobs") as spot:

        @spot.mark(content_type=ContentType.VIDEO_MP4)
        def film() -> bytes:
            return long_film(folder, SIZE_BYTES)

        film()
    with gallery_of(folder / "gallery.db", browser) as gallery:
        yield gallery


@pytest.fixture
def parts(cinema: Gallery) -> list[Response]:
    """The answers that the player got."""
    parts: list[Response] = []
    cinema.page.on("response", lambda answer: parts.append(answer) if "/kept/" in answer.url else None)
    return parts


def test_a_long_film_starts_and_seeks_by_ranges(cinema: Gallery, parts: list[Response]) -> None:
    page = cinema.show("film")
    page.wait_for_function(f"{PLAYER}?.readyState >= 2")
    page.evaluate(f"{PLAYER}.currentTime = 4")
    page.wait_for_function(f"{PLAYER}.currentTime === 4 && !{PLAYER}.seeking && {PLAYER}.readyState >= 2")
    assert page.evaluate(f"{PLAYER}.duration") == pytest.approx(5, abs=0.1)
    assert {answer.status for answer in parts} == {206}
    starts = [int(re.findall(r"bytes (\d+)-", answer.headers["content-range"])[0]) for answer in parts]
    assert any(start > SIZE_BYTES * 0.9 for start in starts), "the index at the end was asked for on its own"


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process's memory from /proc")
def test_playing_a_long_film_takes_the_server_little_memory(cinema: Gallery) -> None:
    before = _memory_bytes(cinema.process_id, "VmRSS")
    Path(f"/proc/{cinema.process_id}/clear_refs").write_text("5")  # the peak is that of what follows
    page = cinema.show("film")
    page.wait_for_function(f"{PLAYER}?.readyState >= 2")
    page.evaluate(f"{PLAYER}.play()")
    page.wait_for_function(f"{PLAYER}.ended")
    assert _memory_bytes(cinema.process_id, "VmHWM") - before < 100_000_000


def _memory_bytes(process_id: int, name: str) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    return int(re.findall(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[0]) * 1024
