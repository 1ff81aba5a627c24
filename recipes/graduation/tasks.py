"""The posters as Celery tasks; run as a script, it sends them and shows what was made."""

import os
import sys

import httpx
from celery import Celery, group
from celery.signals import worker_process_shutdown
from posters import draw, spot, summarise

BROKER = os.environ.get("BROKER", "redis://127.0.0.1:6379/0")

app = Celery("tasks", broker=BROKER, backend=BROKER)
# A task is done when it has ended, not when it was begun; one that is begun again finds what it had paid for.
app.conf.update(task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1)


@app.task(autoretry_for=(httpx.HTTPError,), retry_backoff=True, max_retries=5)
def make(name: str) -> None:
    """Keep the poster of what is named. It returns nothing: results lie in the store, not in the queue."""
    draw(summarise(name))


@worker_process_shutdown.connect
def flush(**_: object) -> None:
    """Write what is still held: a process of Celery's pool ends without Python's own goodbye."""
    spot.flush()


def main() -> None:
    """Send a task for each name, wait, and read the posters where the workers put them."""
    names = sys.argv[1:]
    group(make.s(name) for name in names)().get(timeout=60)
    for name in names:
        print(name, len(draw(summarise(name))), "bytes")


if __name__ == "__main__":
    main()
