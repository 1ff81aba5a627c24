"""The demo's acts: run the job, kill it half-way, run it again, run it once more, and show what each cost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from demo.model_api import ModelAPI, serve
from demo.models import load_embedder, start_llm
from demo.passages import passages
from demo.screen import Act, Screen


def steps(*functions: Any) -> list[Any]:
    """Return the functions whose model is there."""
    return [function for function in functions if function.__name__ in os.environ["DEMO_STEPS"].split(",")]


def report(*functions: Any) -> None:
    """Tell the director, on standard output, how many seconds the hits saved."""
    print(json.dumps({"saved_s": sum(function.cache_info().saved_s for function in functions)}))


def play(summarize: Any, embed: Any) -> int:
    """Run the demo and return the exit code: 1 when a promise did not hold, 130 after Ctrl-C."""
    screen = Screen()
    try:
        return show(screen, summarize, embed)
    except KeyboardInterrupt:
        return screen.stopped()


def show(screen: Screen, summarize: Any, embed: Any) -> int:
    """Start the models and the API, play the acts on `screen`, and return the exit code."""
    api = ModelAPI(start_llm(), load_embedder())
    functions = [function for function, model in ((summarize, api.llm), (embed, api.embedder)) if model is not None]
    if not functions:
        return screen.no_models()
    texts = passages()
    with serve(api) as url:
        screen.opening(api, url, len(texts), len(functions))
        for function in functions:
            function.cache_clear()
        acts, broken = perform(Job(api, url, functions, screen), texts)
        screen.table(acts, refused_unpaced=rush(api, url), unpaced=RUSH)
    screen.closing(summarize if api.llm else embed, texts[0])
    return screen.verdict(broken)


def perform(job: "Job", texts: list[str]) -> tuple[list[Act], list[str]]:
    """Play the three acts, and return them with the promises that did not hold."""
    total = len(texts) * len(job.functions)
    killed = job.run("first run, killed half-way", kill_at=total // 2)
    kept = sum(function.is_cached(text) for function in job.functions for text in texts)
    resumed = job.run(f"run again, {kept} of {total} were kept")
    second = job.run("second run")
    acts = [killed, resumed, second]
    promises = {
        "the killed run kept nothing": 0 < kept < total,
        "the resumed run made other calls than the missing ones": resumed.calls == total - kept,
        "the second run called the model": second.calls == 0,
        "a paced call was refused": not any(act.refused for act in acts),
    }
    return acts, [what for what, held in promises.items() if not held]


class Job(NamedTuple):
    """quickstart.py as a process of its own, which knows the API by its address alone."""

    api: ModelAPI
    url: str
    functions: list[Any]
    screen: Screen

    def run(self, title: str, *, kill_at: int | None = None) -> Act:
        """Run the job, and kill it once the API has served `kill_at` calls."""
        self.screen.announce(title)
        served, refused, started = self.api.served, self.api.refused, time.perf_counter()
        with self.process() as process:
            if kill_at is not None:
                while self.api.served - served < kill_at and process.poll() is None:
                    time.sleep(0.01)
                process.kill()
                self.screen.end_bar()
            output = process.communicate()[0]
        elapsed_s = time.perf_counter() - started
        if kill_at is None and process.returncode:
            raise SystemExit(f"the job ended with exit code {process.returncode}; its message is above")
        saved_s = None if kill_at is not None else json.loads(output)["saved_s"]
        return Act(title, self.api.served - served, self.api.refused - refused, elapsed_s, saved_s)

    @contextmanager
    def process(self) -> Generator["subprocess.Popen[str]"]:
        """Start the job; it never outlives the block."""
        names = ",".join(function.__name__ for function in self.functions)
        environment = {**os.environ, "DEMO_API": self.url, "DEMO_STEPS": names}
        # Ctrl-C reaches every process of a terminal. The job ignores it, which it inherits; the director ends it.
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)
        process = subprocess.Popen([sys.executable, sys.argv[0]], env=environment, stdout=subprocess.PIPE, text=True)
        try:
            signal.signal(signal.SIGINT, interrupt)
            yield process
        finally:
            process.kill()
            process.wait()


RUSH = 8
"""Calls in a row that show what happens without a limiter."""


def rush(api: ModelAPI, url: str) -> int:
    """Call as fast as one can, without the limiter, and return how many calls the API refused."""
    refused = api.refused
    request = Request(f"{url}/v1/nothing", b"{}", {"Content-Type": "application/json"})
    for _ in range(RUSH):
        try:
            urlopen(request, timeout=10).close()
        except HTTPError as error:
            error.close()
    return api.refused - refused


if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as the package's first lines announce
