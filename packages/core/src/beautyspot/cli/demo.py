"""`beautyspot demo`: the main job in four seconds, offline."""

import time
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from beautyspot.cli.output import say
from beautyspot.cli.table import Column, print_table
from beautyspot.cli.text import duration_text

if TYPE_CHECKING:
    from beautyspot import Marked

LINES = (
    "The stage hand wears black, and nobody sees him.",
    "He hands the actor a fan at the right moment.",
    "The play goes on as if nothing had happened.",
    "The stage hand wears black, and nobody sees him.",
)
SOURCE = """\
    spot = beautyspot.Spot("demo", tpm=240)

    @spot.mark
    @spot.limiter()
    def summarise(line):        # stands for a slow, paid, limited API
        time.sleep(0.3)
        return max(line.split(), key=len)
"""

COLUMNS = (Column("run"), *(Column(name, right=True) for name in ("calls made", "kept results", "time")))


def demo() -> None:
    """Keep the results of a slow function in a temporary folder, and call it again."""
    from beautyspot import Spot  # shown to the user just so

    folder = Path(mkdtemp(prefix="beautyspot-demo-"))
    database = folder / "demo.db"
    say(SOURCE)
    rows: list[list[str]] = []
    for run in ("first run", "second run"):
        with Spot("demo", db=database, storage=folder / "blobs", tpm=240) as spot:
            rows.append([run, *_timed(spot.mark(spot.limiter()(summarise)))])
    print_table(COLUMNS, rows)
    say(
        f"\nThe results stay in {str(folder)!r} until you delete it. Look at them:\n"
        f"    beautyspot --db {database} stats\n    beautyspot --db {database} list"
    )


def summarise(line: str) -> str:
    """Wait as an API would, and return the longest word."""
    time.sleep(0.3)
    return max(line.split(), key=len)


def _timed(function: "Marked[[str], str]") -> list[str]:
    start_s = time.perf_counter()
    for line in LINES:
        function(line)
    info = function.cache_info()
    return [str(info.misses), str(info.hits), duration_text(time.perf_counter() - start_s)]
