"""Objects that are no functions, and the packages that know how to mark them."""

import subprocess
import sys
from pathlib import Path

import pytest
from beautyspot import ConfigurationError, Spot

PLUGIN = """
class Box:
    def __init__(self, inside): self.inside = inside

def adapt(thing, parts, settings):
    from beautyspot.marking import mark
    return Box(mark(thing.inside, parts, settings)) if isinstance(thing, Box) else None
"""
SCRIPT = """
import sys
sys.path.insert(0, sys.argv[1])
from boxes import Box
from beautyspot import Spot
calls = []
def note(number): calls.append(number)
marked = Spot("x", db=sys.argv[1] + "/x.db", storage=sys.argv[1]).mark(Box(note))
marked.inside(1), marked.inside(1)
print(type(marked) is Box, calls)
"""


def test_a_package_teaches_mark_its_own_objects(tmp_path: Path) -> None:
    (tmp_path / "boxes.py").write_text(PLUGIN)
    info = tmp_path / "boxes-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: boxes\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[beautyspot.adapters]\nboxes = boxes:adapt\n")
    run = subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False)
    assert run.stdout.strip() == "True [1]", run.stderr


def test_what_no_package_knows_and_nobody_can_call_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="can't be called; put it directly above a function"):
        Spot("x", db=tmp_path / "x.db").mark(tmp_path)  # type: ignore[arg-type]


def test_a_callable_of_the_users_own_is_marked_as_before(tmp_path: Path) -> None:
    class Adder:
        def __init__(self) -> None:
            self.calls = 0

        def __call__(self, number: int) -> int:
            self.calls += 1
            return number + 1

    adder = Adder()
    marked = Spot("x", db=tmp_path / "x.db").mark(input_key_fn=lambda number: number)(adder.__call__)
    assert (marked(1), marked(1), adder.calls) == (2, 2, 1)
