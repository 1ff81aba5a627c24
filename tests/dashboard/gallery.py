"""A store with one result of every kind of content, made by real tools and kept by real calls, and a page of it."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import beautyspot as bs
import numpy as np
import pandas as pd
from beautyspot.catalog import Catalog
from beautyspot.content_types import ContentType
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from servers.dashboard import dashboard, page_of
from servers.programs import program

MAKERS: dict[str, tuple[str | None, Callable[[], Any]]] = {}
"""By the function's name: the content type that its mark gives, and the function."""

TEST_FILM = (
    *("-f", "lavfi", "-i", "testsrc=duration=5:size=320x180:rate=15"),
    *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "15"),
)


def fill(folder: Path, /, *names: str) -> Path:
    """Keep one result of each kind in a new store in `folder`, or of `names` alone, and return the database's path."""
    path = folder / "gallery.db"
    with bs.Spot("gallery", db=path, storage=folder / "blobs") as spot:
        for name in names or MAKERS:
            kind, make = MAKERS[name]
            spot.mark(make, content_type=kind, tags=("gallery",))()
    return path


def of_type(content_type: str | None) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Make the function one of the gallery's."""

    def remember(make: Callable[[], Any]) -> Callable[[], Any]:
        MAKERS[make.__name__] = (content_type, make)
        return make

    return remember


@of_type(ContentType.TEXT)
def words() -> str:
    return "The stage hand keeps every word.\n" * 3


@of_type(ContentType.JSON)
def settings() -> dict[str, Any]:
    return {"acts": [{"name": "I", "minutes": 40}, {"name": "II", "minutes": 35}], "open": True}


@of_type(ContentType.JSON)
def settings_text() -> str:
    return '{"acts": ["I", "II"], "open": true}'


@of_type(ContentType.MARKDOWN)
def programme() -> str:
    table = "| act | minutes |\n|---|---|\n| I | 40 |"
    return f"# Acts\n\n1. *First* night\n2. **Second** night\n\n{table}\n\n$a^2 + b^2 = c^2$\n"


@of_type(ContentType.HTML)
def notice() -> str:
    script = "<script>document.getElementById('said').textContent = 'A script ran.'</script>"
    return f"<h1 style='color: rebeccapurple'>A kept page</h1><p id=said>No script ran.</p>{script}"


@of_type(ContentType.MERMAID)
def sequence() -> str:
    return "sequenceDiagram\n  Caller->>beautyspot: f('a')\n  beautyspot-->>Caller: the kept value\n"


@of_type(ContentType.GRAPHVIZ)
def graph() -> str:
    return "digraph { rankdir=LR; call -> key -> store; store -> value [label=hit] }"


@of_type(ContentType.CSV)
def takings() -> str:
    return "night,seats,takings\n" + "".join(f"{n},{200 + n % 7 * 10},{4000 + n * 13 % 900}\n" for n in range(1, 31))


@of_type(ContentType.PARQUET)
def archive() -> bytes:
    target = BytesIO()
    frame().to_parquet(target)
    return target.getvalue()


@of_type(None)
def frame() -> pd.DataFrame:
    angles = np.linspace(0, 12, 200)
    return pd.DataFrame({"angle": angles, "sine": np.sin(angles), "cosine": np.cos(angles)})


@of_type(None)
def array() -> Any:
    return np.arange(12.0).reshape(3, 4)


@of_type(ContentType.PNG)
def still() -> bytes:
    return _picture("PNG")


@of_type(ContentType.JPEG)
def photograph() -> bytes:
    return _picture("JPEG")


@of_type(ContentType.WEBP)
def sketch() -> bytes:
    return _picture("WEBP")


@of_type(ContentType.GIF)
def flicker() -> bytes:
    target = BytesIO()
    frames = [Image.new("RGB", (120, 80), colour) for colour in ("teal", "gold")]
    frames[0].save(target, "GIF", save_all=True, append_images=frames[1:], duration=300, loop=0)
    return target.getvalue()


@of_type(ContentType.SVG)
def emblem() -> str:
    shape = "<ellipse cx='100' cy='50' rx='90' ry='40' fill='teal'/>"
    return f"<svg xmlns='http://www.w3.org/2000/svg' width='200' height='100'>{shape}</svg>"


@of_type(ContentType.AUDIO_WAV)
def gong() -> bytes:
    return _tone(220, "-f", "wav")


@of_type(ContentType.AUDIO_MP3)
def song() -> bytes:
    return _tone(440, "-f", "mp3")


@of_type(ContentType.AUDIO_OGG)
def hum() -> bytes:
    return _tone(330, "-c:a", "libvorbis", "-f", "ogg")


@of_type(ContentType.AUDIO_FLAC)
def whistle() -> bytes:
    return _tone(880, "-f", "flac")


@of_type(ContentType.VIDEO_WEBM)
def clip() -> bytes:
    return _ffmpeg("-f", "lavfi", "-i", "testsrc=duration=3:size=320x180:rate=15", "-c:v", "libvpx", "-f", "webm")


@of_type(ContentType.VIDEO_MP4)
def film() -> bytes:
    return _ffmpeg(*TEST_FILM, "-movflags", "frag_keyframe+empty_moov", "-f", "mp4")


@of_type(ContentType.PDF)
def leaflet() -> bytes:
    target = BytesIO()
    pages = [Image.linear_gradient("L").resize((300, 200)), Image.radial_gradient("L").resize((300, 200))]
    pages[0].save(target, "PDF", save_all=True, append_images=pages[1:])
    return target.getvalue()


@of_type(ContentType.BYTES)
def noise() -> bytes:
    return bytes(range(256)) * 40


@of_type(None)
def shapes() -> list[Any]:
    return [1, "two", b"three", {"four": (4, 4.0)}, None]


def long_film(folder: Path, /, size_bytes: int) -> bytes:
    """Return a film of so many bytes whose index lies at its end, behind a box that players pass over."""
    path = folder / "film.mp4"
    _ffmpeg(*TEST_FILM, "-f", "mp4", str(path))
    short = path.read_bytes()
    index = short.rindex(b"moov") - 4
    filling = size_bytes - len(short)
    # Source: ISO/IEC 14496-12, sections 4.2 and 8.1.2: a box is its size, its name and its content.
    return short[:index] + filling.to_bytes(4, "big") + b"free" + bytes(filling - 8) + short[index:]


def _picture(format_: str) -> bytes:
    target = BytesIO()
    Image.linear_gradient("L").resize((240, 160)).convert("RGB").save(target, format_)
    return target.getvalue()


def _tone(pitch_hz: int, *output: str) -> bytes:
    return _ffmpeg("-f", "lavfi", "-i", f"sine=frequency={pitch_hz}:duration=2", *output)


def _ffmpeg(*arguments: str) -> bytes:
    target = () if str(arguments[-1]).endswith(".mp4") else ("-",)
    command = [program("ffmpeg", "ffmpeg"), "-loglevel", "error", *arguments, *target]
    return subprocess.run(command, check=True, capture_output=True, timeout=300).stdout


class Gallery(NamedTuple):
    """A page of a dashboard over a store with one result of each function."""

    page: Page
    url: str
    keys: dict[str, str]
    """By the function's bare name."""
    process_id: int
    """The server's."""

    def show(self, name: str) -> Page:
        """Choose the result of this function, and return the page that shows it."""
        self.page.goto(f"{self.url}/results?text={self.keys[name]}")
        table = self.page.get_by_test_id("stDataFrame").first
        expect(table.get_by_test_id("glide-cell-1-0")).to_be_attached()
        expect(self.page.get_by_test_id("stSkeleton")).to_have_count(0)  # what comes above moves the table down
        table.click(position={"x": 14, "y": 35 + 17})
        expect(self.page.get_by_test_id("stMarkdown").get_by_text(self.keys[name])).to_be_visible()
        return self.page


@contextmanager
def gallery_of(database: Path, browser: Browser) -> Iterator[Gallery]:
    with Catalog.open(database) as catalog:
        keys = {task.func_name.rpartition(".")[2]: task.cache_key for task in catalog.tasks(limit=200).rows}
    storage = ("--storage", str(database.with_name("blobs")))
    with dashboard(str(database), *storage, cwd=database.parent) as served, page_of(browser, height=900) as page:
        page.goto(served.url)
        yield Gallery(page, served.url.partition("/?")[0], keys, served.process.pid)
