"""The command: `python -m benchmarks`, which `make bench` calls."""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

from benchmarks.answers import QUICK, Answer, Question, Scale
from benchmarks.machine import machine
from benchmarks.report import as_json, markdown, show, write_into


def questions() -> dict[str, Question]:
    """Return every question by its name."""
    from benchmarks import (
        blobs,
        compression,
        coroutines,
        crowds,
        dashboard,
        hits,
        langchain_cache,
        langchain_runs,
        limits,
        llama_index_llms,
        llama_index_runs,
        llama_index_stores,
        memory,
        misses,
        object_store,
        postgres,
        processes,
        redis_hits,
        scale,
        stampede,
    )

    return {
        "hit": hits.small,
        "hit-dict": hits.dictionary,
        "hit-prompt": hits.prompt,
        "repeated": memory.repeated,
        "first-touch": memory.first,
        "threads": crowds.hits,
        "worst-insert": crowds.inserts,
        "async": coroutines.hits,
        "miss": misses.kept,
        "fresh": processes.first_hit,
        "blob": blobs.round_trip,
        "stampede": stampede.executions,
        "limiter": limits.reserve,
        "postgres": postgres.calls,
        "redis": redis_hits.hits,
        "s3": object_store.round_trip,
        "compress": compression.saving,
        "langchain": langchain_cache.hits,
        "recorder": langchain_runs.calls,
        "llama-index": llama_index_llms.hits,
        "llama-index-recorder": llama_index_runs.calls,
        "llama-index-vectors": llama_index_stores.vectors,
        "llama-index-ingestion": llama_index_stores.ingestion,
        "dashboard": dashboard.pages,
        "scale": scale.rows,
    }


def arguments() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help="one question; may be given several times")
    parser.add_argument("--quick", action="store_true", help="about a minute: fewer rows and rounds")
    parser.add_argument("--check", action="store_true", help="end with 1 if a target is missed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured")
    told = "put the table behind the mark in a document; may be given several times"
    parser.add_argument("--markdown", type=Path, action="append", default=[], metavar="FILE", help=told)
    return parser.parse_args()


def main() -> int:
    """Ask, show, and say whether that was all right."""
    given, known = arguments(), questions()
    for name in given.only or ():
        if name not in known:
            raise SystemExit(f"unknown question {name!r}; known: {', '.join(known)}")
    answers: list[Answer] = []
    failed: list[str] = []
    for name in given.only or known:
        try:
            answers += ask(name, known[name], QUICK if given.quick else Scale())
        except Exception:  # what the other questions measured is minutes of work
            traceback.print_exc()
            failed.append(name)
    show(answers, machine())
    if given.json:
        given.json.write_text(as_json(answers, machine()), "utf-8")
    if failed:
        print(f"failed: {', '.join(failed)}; documents keep the table they have", file=sys.stderr)
        return 1
    for document in given.markdown:
        write_into(document, markdown(answers, machine()))
    missed = any(not target.met for answer in answers for target in answer.targets)
    return int(given.check and missed)


def ask(name: str, question: Question, scale: Scale) -> list[Answer]:
    """Ask one question in a folder that is gone afterwards."""
    start_s = time.perf_counter()
    print(f"{name}: ", end="", file=sys.stderr, flush=True)
    # Other programs' files may still be in use by their threads; what is left of them is the system's to clean.
    with tempfile.TemporaryDirectory(prefix="beautyspot-bench-", ignore_cleanup_errors=True) as folder:
        answers = question(scale, folder)
    print(f"{time.perf_counter() - start_s:.0f} s", file=sys.stderr)
    return answers


if __name__ == "__main__":
    sys.exit(main())
