"""Real processes that work on one store, told what to do through pipes."""

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from waits import without_waits

HEAD = """
import asyncio, os, signal, sys, threading, warnings
import beautyspot as bs
from beautyspot.db import SQLiteTaskDB

folder = sys.argv[1]
runs = []

def say(*words):
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

def hear():
    return sys.stdin.readline().strip()

def value_of(n):
    return f"{n}," * (2000 if n % 3 == 0 else 2)

def new_spot(**options):
    options = {"db": f"{folder}/a.db", "storage": f"{folder}/blobs", "inline_limit_bytes": 1000} | options
    return bs.Spot("faults", **options)

def new_answer(spot, **options):
    def answer(n):
        runs.append(n)
        return value_of(n)
    return spot.mark(input_key_fn=str, **options)(answer)

def say_warning(message, category, *place):
    say("warning", category.__name__, message)

warnings.simplefilter("always")
warnings.showwarning = say_warning
"""
"""`answer(n)` goes to a blob if n is a multiple of three, else into its row."""


LONGEST_S = 90.0
"""Most seconds that a process may take."""


class Actor(subprocess.Popen[str]):
    """One process of a scene."""

    alarm: threading.Timer

    def hears(self) -> str:
        assert self.stdout is not None
        return self.stdout.readline().strip()

    def tell(self, line: str = "go") -> None:
        assert self.stdin is not None
        self.stdin.write(f"{line}\n")
        self.stdin.flush()

    def blocks(self) -> None:
        """Return once it waits for a lock that another process holds."""
        while f" -> POSIX  ADVISORY  WRITE {self.pid} " not in Path("/proc/locks").read_text():
            assert self.poll() is None
            time.sleep(0.005)

    def rest(self) -> list[str]:
        """Return what it still says, once it has ended well."""
        out, err = self.communicate()
        assert (self.returncode, without_waits(err)) == (0, "")
        return out.splitlines()


class Stage:
    """Starts processes on the store in `folder`, and ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.actors: list[Actor] = []

    def start(self, code: str, *, before: tuple[str, ...] = ()) -> Actor:
        command = [*before, sys.executable, "-c", HEAD + code, str(self.folder)]
        pipe = subprocess.PIPE
        actor = Actor(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        self.actors.append(actor)
        alarm = threading.Timer(LONGEST_S, actor.kill)  # whoever still listens to it then hears an end
        alarm.daemon = True
        alarm.start()
        actor.alarm = alarm
        return actor

    def run(self, code: str, *, before: tuple[str, ...] = ()) -> list[str]:
        return self.start(code, before=before).rest()

    def integrity(self) -> str:
        return self._ask("PRAGMA integrity_check")[0]

    def without_power(self) -> tuple[str, ...]:
        """Return a command in front that lets file modes bind the process, which they don't for root."""
        if os.geteuid():
            return ()
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and setpriv is not here")
        return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")

    def on_a_small_disk(self) -> tuple[str, ...]:
        """Return a command in front that gives the process a disk of 8 MB at the stage's folder."""
        alone = ("unshare", "--user", "--map-root-user", "--mount")
        mount = 'mount -t tmpfs -o size=8m none "$0" && exec "$@"'
        if shutil.which("unshare") is None or subprocess.call([*alone, "sh", "-c", mount, self.folder, "true"]):
            pytest.skip("nobody may mount a disk here; the limit on file sizes stands for a full one")
        return (*alone, "sh", "-c", mount, str(self.folder))

    def settle(self) -> None:
        """Move what was written from the WAL into the file, where damage meets it."""
        assert self._ask("PRAGMA wal_checkpoint(TRUNCATE)")[0] == 0

    def _ask(self, statement: str) -> Any:
        with closing(sqlite3.connect(self.folder / "a.db")) as connection:
            return connection.execute(statement).fetchone()

    def close(self) -> None:
        for actor in self.actors:
            actor.alarm.cancel()
            actor.kill()
            actor.communicate()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    stage.close()
