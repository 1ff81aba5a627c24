"""How much does the S3 storage add to what boto3 does itself?"""

import io
import os
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from beautyspot.storage import S3Storage

from benchmarks.answers import Answer, Scale, ratio
from benchmarks.blobs import big
from benchmarks.interleave import seconds, shuffled

QUESTION = "S3 on loopback (juicefs gateway)"
BUCKET, KEY = "bench", "0a" * 32
LONGEST_START_S = 20.0
OPTIONS = {"region_name": "us-east-1", "aws_access_key_id": "bench", "aws_secret_access_key": "bench-bench"}


def round_trip(scale: Scale, folder: str) -> list[Answer]:
    """Save and load, beside `upload_fileobj` and `download_fileobj`, always to a new key and from another process."""
    beside = Path(sys.executable).parent
    program = shutil.which("juicefs") or shutil.which("juicefs", path=str(beside))
    if program is None:
        return [Answer(QUESTION, "ms", {}, (), "not measured: juicefs is not installed")]
    with gateway(program, folder) as port:
        options: dict[str, Any] = {"endpoint_url": f"http://127.0.0.1:{port}", **OPTIONS}
        saves, loads = timed(scale, options)
    size = f"{scale.blob_mb} MB"
    return [
        Answer(f"{QUESTION}, save {size}", "ms", saves, (ratio(saves, "upload_fileobj", 1.2),)),
        Answer(f"{QUESTION}, load {size}", "ms", loads, (ratio(loads, "download_fileobj", 1.2),)),
    ]


def timed(scale: Scale, options: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Return the medians of saving and of loading, in milliseconds."""
    from boto3.session import Session  # an extra; 430 ms

    client: Any = Session().client("s3", **options)
    client.create_bucket(Bucket=BUCKET)
    storage, data = S3Storage(f"s3://{BUCKET}/ours", **options), big(scale.blob_mb)
    # What saves under a name, loads it and deletes it.
    pairs: dict[str, tuple[Callable[[], Any], Callable[[Any], Any], Callable[[Any], Any]]] = {
        "beautyspot": (lambda: storage.save(KEY, data), storage.load, storage.delete),
        "boto3": (
            lambda: client.upload_fileobj(io.BytesIO(data), BUCKET, "theirs"),
            lambda _: client.download_fileobj(BUCKET, "theirs", io.BytesIO()),
            lambda _: client.delete_object(Bucket=BUCKET, Key="theirs"),
        ),
    }
    saves: dict[str, list[float]] = {name: [] for name in pairs}
    loads: dict[str, list[float]] = {name: [] for name in pairs}
    for number in range(1 + scale.slow_rounds):
        for name in shuffled(pairs):
            save, load, delete = pairs[name]
            start_s = time.perf_counter()
            location = save()
            saved_s = time.perf_counter() - start_s
            loaded_s = seconds(load, location)
            delete(location)
            if number:
                saves[name].append(saved_s)
                loads[name].append(loaded_s)
    return _named(saves, "upload_fileobj"), _named(loads, "download_fileobj")


def _named(times: dict[str, list[float]], theirs: str) -> dict[str, float]:
    names = {"beautyspot": "beautyspot", "boto3": theirs}
    return {names[name]: statistics.median(all_times) * 1e3 for name, all_times in times.items()}


@contextmanager
def gateway(program: str, folder: str) -> Iterator[int]:
    """Run a gateway that keeps its objects in `folder`, and give its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files = f"sqlite3://{folder}/meta.db"
    form = [program, "format", "--storage", "file", "--bucket", f"{folder}/objects/", files, "bench"]
    subprocess.run(form, check=True, capture_output=True)
    root = {"MINIO_ROOT_USER": OPTIONS["aws_access_key_id"], "MINIO_ROOT_PASSWORD": OPTIONS["aws_secret_access_key"]}
    command = [program, "gateway", files, f"127.0.0.1:{port}", "--multi-buckets", "--no-banner", "--no-usage-report"]
    own = ["--log", f"{folder}/log", "--cache-dir", f"{folder}/cache"]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen([*command, *own], stdout=quiet, stderr=quiet, env=os.environ | root)
    try:
        wait_for(port)
        yield port
    finally:
        server.kill()
        server.wait()


def wait_for(port: int) -> None:
    """Return once somebody listens on the port."""
    end_s = time.monotonic() + LONGEST_START_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > end_s:
                raise
            time.sleep(0.02)
