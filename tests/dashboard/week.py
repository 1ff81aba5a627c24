"""A week of somebody's work, kept by the real library on a clock of its own: every number follows from calls."""

import io
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import beautyspot as bs
from beautyspot.db import open_db
from beautyspot.records import LimitRate, Run
from beautyspot.testing import FrozenClock
from dashboard.busy import add_limit
from PIL import Image, ImageDraw

DAYS, HOURS = 7, range(9, 18)
DAY_S, HOUR_S = 86_400, 3600
PLAYS = ["Hamlet", "Macbeth", "The Tempest", "Othello", "Twelfth Night", "King Lear", "Richard III", "As You Like It"]
TOKENS = (420, 130)
COST = 0.0021


def fetch(address: str, clock: FrozenClock, seconds: float) -> str:
    """Stand for a site that answers slowly, and not always."""
    clock.advance(seconds)
    if address.endswith("/7"):
        raise ConnectionError("503 Service Unavailable")
    return f"<h1>{address}</h1><p>The house was full, and the scenery moved as if by itself.</p>" * 20


def judge(review: str, clock: FrozenClock, seconds: float) -> str:
    """Stand for a language model."""
    clock.advance(seconds)
    _, play, evening = review.split("/")
    return f"## {play}, evening {evening}\n\n**Verdict:** *carried by its hands.*\n\n- pace: good\n- light: better\n"


def draw(title: str, clock: FrozenClock, seconds: float) -> bytes:
    """Draw a poster."""
    clock.advance(seconds)
    picture = Image.new("RGB", (480, 300), ("#22223b", "#4a4e69", "#9a8c98")[len(title) % 3])
    ImageDraw.Draw(picture).text((40, 120), title, fill="#f2e9e4", font_size=48)
    picture.save(data := io.BytesIO(), "png")
    return data.getvalue()


fetch.__module__, judge.__module__, draw.__module__ = "crawl", "reviews", "posters"


class Week:
    """One Spot, its functions, and the clock that they move on."""

    def __init__(self, folder: Path) -> None:
        """Begin seven days ago."""
        self.path = folder / "experiments.db"
        self.clock = FrozenClock(time.time() - DAYS * DAY_S)
        self.chance = Random(7)
        self.runs = 0
        self.spot = bs.Spot(
            "experiments", db=self.path, storage=folder / "blobs", clock=self.clock, tpm=15, shared_limit=True
        )
        mine = ("clock", "seconds")
        self.fetch = self.spot.mark(ignore=mine, content_type=bs.ContentType.HTML)(fetch)
        self.judge = self.spot.mark(ignore=mine, version="2", tags=("exp-1",), content_type=bs.ContentType.MARKDOWN)(
            self.spot.limiter()(judge)
        )
        self.draw = self.spot.mark(ignore=mine, save_blob=True, content_type=bs.ContentType.PNG)(draw)

    def work(self) -> None:
        """Ask more each day, and much of it again."""
        begun = self.clock.time()
        for day in range(DAYS):
            for hour in HOURS:
                moment = begun + day * DAY_S + (hour - HOURS[-1]) * HOUR_S + DAY_S - 300
                self.clock.advance(max(0.0, moment - self.clock.time()))
                for _ in range(self.chance.randint(4, 9)):
                    self.ask(self.chance.choice(PLAYS), self.chance.randint(1, 6 + 2 * day))
                self.draw(self.chance.choice(PLAYS[: 2 + day]), self.clock, 1.4)
                self.spot.flush()

    def ask(self, play: str, evening: int) -> None:
        """Fetch a review and have it judged, as a chain with two steps."""
        chain, children = self.run(None, "chain", "read a review"), []
        for kind, name, marked in (("tool", "fetch", self.fetch), ("llm", "judge", self.judge)):
            run, misses = self.run(chain, kind, name), marked.cache_info().misses
            try:
                marked(f"stage/{play}/{evening}", self.clock, self.chance.uniform(0.7, 2.6))
            except ConnectionError as error:
                children.append(run._replace(status="error", error=repr(error), elapsed_s=self.since(run)))
                break
            children.append(self.ended(run, is_hit=marked.cache_info().misses == misses))
        status = children[-1].status
        for each in (chain._replace(elapsed_s=self.since(chain), status=status), *children):
            self.spot.parts.journal.add_run(each)

    def run(self, parent: Run | None, kind: str, name: str) -> Run:
        """Return a run that begins now."""
        self.runs += 1
        self.clock.advance(0.02)
        own = f"run-{self.runs:05}"
        started = datetime.fromtimestamp(self.clock.time(), UTC)
        return Run(
            own, parent and parent.run_id, parent.run_id if parent else own, kind, name,
            "small-1" if kind == "llm" else None, started, None, None, 0.0, "ok", None, None, None, None, None, False,
            None, None, ("exp-1",), None,
        )  # fmt: skip

    def ended(self, run: Run, *, is_hit: bool) -> Run:
        """Return the run with what it took, and count its tokens."""
        self.clock.advance(0.004)
        run = run._replace(elapsed_s=self.since(run))
        if run.kind != "llm":
            return run
        tally = self.spot.parts.journal.tally("reviews.judge")
        tally.tokens(saved=sum(TOKENS)) if is_hit else tally.tokens(spent=sum(TOKENS))
        return run._replace(
            input_tokens=TOKENS[0], output_tokens=TOKENS[1], cost=0.0 if is_hit else COST, cache_hit=is_hit
        )

    def since(self, run: Run) -> float:
        """Return the seconds since a run began."""
        return self.clock.time() - run.started_at.timestamp()


def make_week(folder: Path) -> Path:
    """Return the path of the store, with limits of other programs beside its own."""
    week = Week(folder)
    week.work()
    with closing(open_db(week.path)) as db:
        add_limit(db, "translate (requests)", LimitRate(0.5, 3), owed=2)
        add_limit(db, "translate (tokens)", LimitRate(1200, 1), owed=12_000)
    return week.path
