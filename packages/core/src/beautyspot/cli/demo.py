"""`beautyspot demo`: the main job in four seconds, offline."""

import time
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NamedTuple

from typer import Context

from beautyspot.cli.options import Json, place_of
from beautyspot.cli.output import print_json, say
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


class Run(NamedTuple):
    """What one run of the demo's program did."""

    run: str
    calls: int
    hits: int
    elapsed_s: float


def demo(context: Context, as_json: Json = False) -> None:
    """Keep the results of a slow function in a temporary folder, and call it again."""
    from beautyspot import Spot  # shown to the user just so

    place = place_of(context, None, None, as_json)
    folder = Path(mkdtemp(prefix="beautyspot-demo-"))
    database = folder / "demo.db"
    if not place.as_json:
        say(SOURCE)
    runs: list[Run] = []
    for run in ("first run", "second run"):
        with Spot("demo", db=database, storage=folder / "blobs", tpm=240) as spot:
            runs.append(_timed(run, spot.mark(spot.limiter()(summarise))))
    if place.as_json:
        print_json({"database": str(database), "runs": [run._asdict() for run in runs]})
        return
    print_table(COLUMNS, [[run.run, str(run.calls), str(run.hits), duration_text(run.elapsed_s)] for run in runs])
    say(
        f"\nThe results stay in {str(folder)!r} until you delete it. Look at them:\n"
        f"    beautyspot --db {database} stats\n    beautyspot --db {database} list"
    )


def summarise(line: str) -> str:
    """Wait as an API would, and return the longest word."""
    time.sleep(0.3)
    return max(line.split(), key=len)


def _timed(run: str, function: "Marked[[str], str]") -> Run:
    start_s = time.perf_counter()
    for line in LINES:
        function(line)
    info = function.cache_info()
    return Run(run, info.misses, info.hits, time.perf_counter() - start_s)
