"""The web service's recipe, started as its README says and put under load."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from beautyspot.catalog import Catalog
from servers.programs import free_port, program
from workspace.blocks import block, command

RECIPE = Path(__file__).parents[2] / "recipes/fastapi"
README = RECIPE / "README.md"
UVICORN = "uvicorn upstream:app --port 9000"
GUNICORN = "gunicorn --worker-class asgi --workers 4 --bind 127.0.0.1:8000 service:app"
NAMES = [f"name-{number}" for number in range(30)]
TASKS_OF_2_0 = (
    "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
    "result_value TEXT, result_data BLOB, content_type TEXT, version TEXT, "
    "updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
)
pytestmark = [pytest.mark.external_service, pytest.mark.slow]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in RECIPE.glob("*.py"):
        shutil.copy(file, tmp_path)
    return tmp_path


@contextmanager
def running(folder: Path, path: str, *words: str, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server from its first answer on, and stop it at the end."""
    process = subprocess.Popen([sys.executable, "-m", *words], cwd=folder, env=os.environ | environment)
    try:
        deadline = time.monotonic() + 180
        while not _answers(path):
            assert process.poll() is None, f"{words} ended"
            assert time.monotonic() < deadline, f"{words} doesn't answer"
            time.sleep(0.05)  # a poll of another process
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        return bool(ask(url))
    except OSError:
        return False


def ask(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


@contextmanager
def upstream(folder: Path) -> Iterator[str]:
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with running(folder, f"{url}/asked", *command(README, UVICORN).replace("9000", port).split()):
        yield url


@contextmanager
def service(folder: Path, upstream_url: str) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    address = f"127.0.0.1:{free_port()}"
    told = command(README, GUNICORN).replace("127.0.0.1:8000", address).split()
    # Half of the 20 a second that the API allows, as a busy machine lets calls arrive in bunches.
    with running(folder, f"http://{address}/health", *told, UPSTREAM=upstream_url, TPM="600") as process:
        yield f"http://{address}", process


def siege(folder: Path, url: str, *, users: int, times: int) -> dict[str, Any]:
    """Let so many users ask for random names so many times each, and return siege's own count."""
    urls = folder / "urls.txt"
    urls.write_text("".join(f"{url}/summaries/{name}\n" for name in NAMES))
    load = [program("siege", "siege"), "--json-output", "--internet", "--benchmark", f"--file={urls}"]
    environment = os.environ | {"HOME": str(folder)}
    done = subprocess.run(
        [*load, f"--concurrent={users}", f"--reps={times}"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(re.findall(r"\{[^{}]*\}", done.stdout, re.DOTALL)[-1])


def test_under_load_each_name_is_asked_for_once_and_at_the_apis_pace(folder: Path) -> None:
    with upstream(folder) as api, service(folder, api) as (url, _):
        told = siege(folder, url, users=20, times=30)
        assert (told["transactions"], told["failed_transactions"]) == (600, 0)
        for name in NAMES:  # those that chance left out
            assert ask(f"{url}/summaries/{name}")["summary"] == f"{name} in one sentence"
        counted = ask(f"{api}/asked")
    assert counted == {"asked": dict.fromkeys(NAMES, 1), "refused": 0}


def test_four_workers_upgrade_a_file_of_an_earlier_release_once(folder: Path) -> None:
    old = folder / ".beautyspot/service.db"
    old.parent.mkdir()
    with closing(sqlite3.connect(old)) as connection:
        connection.execute(TASKS_OF_2_0)
        connection.execute("INSERT INTO tasks (cache_key, func_name, input_id) VALUES ('k', 'other', 'i')")
        connection.commit()
    with upstream(folder) as api, service(folder, api) as (url, _):
        assert siege(folder, url, users=20, times=3)["failed_transactions"] == 0
        assert set(ask(f"{api}/asked")["asked"].values()) == {1}
    with Catalog.open(old) as catalog:
        assert "other" in {each.func_name for each in catalog.functions()}


def accepted(url: str) -> int:
    """Return how many connections the workers have taken; one that still waits for them belongs to no file."""
    port, established = f":{int(url.rpartition(':')[2]):04X}", "01"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return len([row for row in rows if row[1].endswith(port) and row[3] == established and row[9] != "0"])


def test_the_readmes_request_gets_the_readmes_answer(folder: Path) -> None:
    line, shown = block(README, "$ curl http://127.0.0.1:8000/summaries/owls").removeprefix("$ ").split("\n", 1)
    with upstream(folder) as api, service(folder, api) as (url, _):
        asked = line.replace("http://127.0.0.1:8000", url).split()
        assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == shown.strip()


def test_the_api_is_asked_for_a_name_as_it_was_written(folder: Path) -> None:
    with upstream(folder) as api, service(folder, api) as (url, _):
        for written, name in {"a%23b": "a#b", "a%3Fb": "a?b", "%2e%2e": "..", "100%25": "100%"}.items():
            # Not urllib, which leaves dots alone; curl is told to.
            told = subprocess.run(
                ["curl", "-s", "--path-as-is", f"{url}/summaries/{written}"], capture_output=True, check=True
            )
            assert json.loads(told.stdout) == {"name": name, "summary": f"{name} in one sentence"}


def test_an_api_that_is_away_is_a_502_and_a_line_in_the_log(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nobody = f"http://127.0.0.1:{free_port()}"
    with service(folder, nobody) as (url, _), pytest.raises(urllib.error.HTTPError, match="502"):
        ask(f"{url}/summaries/owls")
    assert "/summaries/owls: ConnectError" in capfd.readouterr().err


def test_a_stop_under_load_finishes_what_was_begun_and_a_restart_knows_it(folder: Path) -> None:
    with upstream(folder) as api:
        with service(folder, api) as (url, process):
            asked = [f"{url}/summaries/{name}" for name in NAMES[:10]]
            load = [subprocess.Popen(["curl", "-sf", each], stdout=subprocess.PIPE, text=True) for each in asked]
            while accepted(url) < len(asked):
                time.sleep(0.01)  # a poll of another process
            process.send_signal(signal.SIGTERM)
            process.wait(30)
            answers = [each.communicate(timeout=60)[0] for each in load]
        paid = ask(f"{api}/asked")["asked"]
        with service(folder, api) as (url, _):
            for name in paid:
                ask(f"{url}/summaries/{name}")
        assert ask(f"{api}/asked")["asked"] == paid
    assert [json.loads(each)["summary"] for each in answers] == [f"{name} in one sentence" for name in NAMES[:10]]
