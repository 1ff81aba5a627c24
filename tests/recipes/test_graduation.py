"""The same marked functions as a script, as Celery tasks and as a DAG of Airflow, each really run."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from beautyspot.catalog import Catalog
from servers.object_stores import ObjectStore, running
from servers.postgres import Postgres
from servers.programs import free_port
from workspace.blocks import command

ROOT = Path(__file__).parents[2]
RECIPES = ROOT / "recipes"
README = RECIPES / "graduation/README.md"
SCRIPT = "python posters.py owls bats"
WORKER = "celery -A tasks worker --concurrency 2"
MIGRATE = "beautyspot migrate --from .beautyspot/posters.db --to $POSTERS_DB --blobs --to-storage $POSTERS_STORAGE"
BIN = Path(sys.executable).parent
NAMES = ["owls", "bats", "moths", *(f"name-{number}" for number in range(9))]
pytestmark = [pytest.mark.external_service, pytest.mark.slow]


class Stage(NamedTuple):
    """A folder with the recipe, and the environment that its programs run in."""

    folder: Path
    environment: dict[str, str]

    def run(self, line: str, more: str = "", **changes: str) -> str:
        """Run this line of the README, with more words behind it."""
        done = subprocess.run(
            f"{command(README, line)} {more}",
            cwd=self.folder,
            env=self.environment | changes,
            shell=True,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def asked(self) -> dict[str, Any]:
        """Return what the API counted."""
        with urllib.request.urlopen(f"{self.environment['API']}/asked", timeout=60) as answer:
            return json.load(answer)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """The recipe before it graduates: a folder, and an API that counts."""
    for file in (RECIPES / "graduation").glob("*.py"):
        shutil.copy(file, tmp_path)
    port = free_port()
    api = [sys.executable, "-m", "uvicorn", "upstream:app", "--app-dir", str(RECIPES / "fastapi"), f"--port={port}"]
    url = f"http://127.0.0.1:{port}"
    with running(api, f"{url}/asked", RATE="10"):
        yield Stage(tmp_path, os.environ | {"API": url, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"})


@pytest.fixture
def graduated(stage: Stage, postgres: Postgres, moto: ObjectStore, redis_url: str) -> Stage:
    """The same folder, told where the servers are."""
    keys = {"AWS_ACCESS_KEY_ID": "tester", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    places = {
        "POSTERS_DB": postgres.url(postgres.create()),
        "POSTERS_STORAGE": f"s3://{moto.new_bucket()}/posters",
        "AWS_ENDPOINT_URL": moto.options()["endpoint_url"],
        "BROKER": redis_url,
    }
    return stage._replace(environment=stage.environment | keys | places)


@contextmanager
def workers(stage: Stage, *names: str) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run workers of two processes each from the moment all are ready, and stop them warmly."""
    logs = {name: stage.folder / f"{name}.log" for name in names}
    started = [
        subprocess.Popen(
            shlex.split(f"{command(README, WORKER)} --loglevel INFO --hostname {name}@%h --logfile {log}"),
            cwd=stage.folder,
            env=stage.environment,
        )
        for name, log in logs.items()
    ]
    try:
        deadline = time.monotonic() + 180
        while not all(log.exists() and " ready." in log.read_text() for log in logs.values()):
            assert {process.poll() for process in started} == {None}
            assert time.monotonic() < deadline
            time.sleep(0.05)  # a poll of another process
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            process.wait(30)


def test_celery_workers_go_on_from_what_the_script_kept_and_ask_for_each_name_once(
    stage: Stage, graduated: Stage
) -> None:
    kept = stage.run(SCRIPT, "name-0 name-1")
    assert sum(stage.asked()["asked"].values()) == 4
    graduated.run(MIGRATE, "--yes")
    twice = [*NAMES[:3], *sorted(NAMES[3:] * 2)]  # with the README's own three: each twice, as a queue may deliver
    with workers(graduated, "one", "two"):
        made = graduated.run("python tasks.py owls bats moths", " ".join(twice)).splitlines()
    assert Counter(Counter(made).values()) == {2: len(NAMES)}
    assert set(kept.splitlines()) < set(made)
    assert graduated.asked() == {"asked": dict.fromkeys(NAMES, 1), "refused": 0}
    with Catalog.open(graduated.environment["POSTERS_DB"]) as catalog:
        assert {each.func_name: each.misses for each in catalog.functions()}["posters.summarise"] == len(NAMES)


def test_the_api_is_asked_for_a_name_as_it_was_written(stage: Stage) -> None:
    stage.run(SCRIPT, "'a#b' 'a?b' '..'")
    assert {"a#b", "a?b", ".."} < set(stage.asked()["asked"])


def test_a_process_of_a_worker_that_is_killed_loses_no_task_and_at_most_the_answer_on_its_way(
    stage: Stage, redis_url: str
) -> None:
    here = stage._replace(environment=stage.environment | {"BROKER": redis_url})
    with workers(here, "one") as [process]:
        sent = subprocess.Popen([sys.executable, "tasks.py", *NAMES], cwd=here.folder, env=here.environment)
        while sum(here.asked()["asked"].values()) < 3:
            time.sleep(0.01)  # a poll of another process
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        assert sent.wait(60) == 0
    asked = here.asked()["asked"]
    assert set(asked) == set(NAMES)
    assert sum(asked.values()) <= len(NAMES) + 1


@pytest.fixture(scope="session")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment of its own: Airflow pins hundreds of versions that nothing else here wants."""
    folder = tmp_path_factory.mktemp("airflow")
    uv = subprocess.run([ROOT / "scripts/find-uv"], check=True, capture_output=True, text=True).stdout.strip()
    told = shlex.split(command(README, "pip install 'apache-airflow>=3,<4' 'beautyspot[postgres,s3]' httpx pillow"))[2:]
    wanted = [each.replace("beautyspot", str(ROOT / "packages/core")) for each in told]
    wanted += ["--constraint", str(ROOT / "requirements/airflow.txt")]
    for words in (["venv", f"--python={sys.executable}", folder], ["pip", "install", f"--python={folder}", *wanted]):
        subprocess.run([uv, *words, "--quiet"], check=True, timeout=600)
    return folder / "bin"


def test_a_dag_of_airflow_goes_on_from_the_same_store(graduated: Stage, airflow: Path) -> None:
    kept = graduated.run(SCRIPT)
    settings = {
        "HOME": str(graduated.folder),
        "AIRFLOW_HOME": str(graduated.folder / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "PATH": f"{airflow}{os.pathsep}{graduated.environment['PATH']}",
    }
    graduated.run("mkdir -p ~/airflow/dags && cp posters.py dag.py ~/airflow/dags/", **settings)
    graduated.run("airflow db migrate", **settings)
    graduated.run("airflow dags test posters", **settings)
    assert graduated.asked() == {"asked": dict.fromkeys(["owls", "bats", "moths", "newts"], 1), "refused": 0}
    made = graduated.run(SCRIPT, "moths newts", API="http://127.0.0.1:9")
    assert made.startswith(kept)
