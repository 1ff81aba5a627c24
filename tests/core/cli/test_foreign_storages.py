"""The commands and a storage of another package, in a trouble that it tells in its own way."""

import json
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog

from .conftest import Run

SLOTS = """
import os
from beautyspot.storage import LocalStorage

class Slots(LocalStorage):
    @classmethod
    def from_url(cls, url, *, durability="normal"):
        return cls(url.partition("://")[2])

def ailing(name):
    def method(self, *arguments):
        if os.path.exists("ails"):
            raise RuntimeError("throttled; slow down")
        return getattr(LocalStorage, name)(self, *arguments)
    return method

for name in ("save", "save_parts", "load", "open", "delete", "iter_keys"):
    setattr(Slots, name, ailing(name))
"""


@pytest.fixture
def ailing(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of a result in a storage that is in trouble."""
    info = workspace / "slots-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slots\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[beautyspot.storage]\nslots = slots:Slots\n")
    (workspace / "slots.py").write_text(SLOTS)
    monkeypatch.syspath_prepend(workspace)
    with bs.Spot("mine", storage="slots://elsewhere") as spot:
        small = spot.mark(version="1")(abs)
        blob = spot.mark(version="1", save_blob=True)(bytes)
        small(1)
        blob(10)
    (workspace / "ails").touch()
    return blob.key(10)


def results() -> int:
    with Catalog.open(".beautyspot/mine.db") as catalog:
        return catalog.size().tasks


def test_verify_names_the_result_and_goes_on(ailing: str, run: Run) -> None:
    done = run("--storage", "slots://elsewhere", "verify")
    assert (done.code, done.out.count(ailing)) == (1, 1)
    assert "RuntimeError: throttled, slow down" in done.out
    assert "2 results" in done.out + done.err
    assert "0 damaged, 1 that could not be read" in done.err
    assert "run it again when it answers" in done.err


def test_a_script_can_tell_what_was_not_read_from_what_is_damaged(ailing: str, run: Run) -> None:
    document = json.loads(run("--storage", "slots://elsewhere", "verify", "--json").out)
    assert (document["damaged"], [each["key"] for each in document["unreachable"]]) == ([], [ailing])
    assert document["is_whole"]


def test_repair_says_what_it_could_not_read_and_drops_nothing(ailing: str, run: Run) -> None:
    done = run("--storage", "slots://elsewhere", "repair", "--yes")
    assert (done.code, results()) == (0, 2)
    assert "1 result could not be read, as the blob storage is in trouble" in done.err


@pytest.mark.parametrize("command", [("show", "KEY"), ("clean", "--yes"), ("doctor",), ("export", "a.bsz")])
def test_a_command_says_what_is_wrong(ailing: str, run: Run, command: tuple[str, ...]) -> None:
    done = run("--storage", "slots://elsewhere", *(ailing if word == "KEY" else word for word in command))
    assert done.code == 1
    assert "throttled" in done.out + done.err


def test_delete_says_that_the_blob_is_left(ailing: str, run: Run) -> None:
    done = run("--storage", "slots://elsewhere", "delete", ailing, "--yes")
    assert (done.code, results()) == (0, 1)
    assert "1 blob" in done.out + done.err
