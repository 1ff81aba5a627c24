"""The names of scripts, workers and programs without a name, as the keys of real processes have them."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

JOB = """
import multiprocessing, sys
import beautyspot as bs
from dataclasses import dataclass

spot = bs.Spot("job")

@dataclass
class Point:
    x: int

@spot.mark
def double(point):
    return 2 * point.x

def key(_):
    return double.key(Point(1))

if __name__ == "__main__":
    print(key(0), file=sys.stderr)
"""

POOL = """
    with multiprocessing.get_context({method!r}).Pool(1) as pool:
        print(*pool.map(key, [0]), file=sys.stderr)
"""

CELL = """
import beautyspot as bs
spot = bs.Spot("cells")

@spot.mark
def clean(text):
    {more}
    return {prefix!r} + text

print(clean("x"), clean.cache_info().hits)
"""


def run(folder: Path, *arguments: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, input=text, capture_output=True, text=True, check=True, timeout=60)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    path = tmp_path / "job.py"
    path.write_text(JOB)
    return path


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_worker_makes_the_keys_of_its_script(job: Path, method: str):
    job.write_text(JOB + POOL.format(method=method))
    keys = run(job.parent, "job.py").stderr.split()
    assert len(keys) == 2
    assert keys[0] == keys[1]


@pytest.mark.parametrize("runner", [["cProfile"], ["trace", "--listfuncs"], ["pdb", "-c", "continue"]])
def test_a_script_has_its_own_keys_under_a_profiler(job: Path, runner: list[str]):
    plain = run(job.parent, "job.py").stderr.split()
    assert run(job.parent, "-m", *runner, "job.py", text="quit").stderr.split() == plain


def test_a_script_that_is_imported_or_run_as_a_module_has_the_keys_of_its_file(job: Path):
    plain = run(job.parent, "job.py").stderr
    assert run(job.parent, "-m", "job").stderr == plain
    assert run(job.parent, "-c", "import job; print(job.key(0), file=job.sys.stderr)").stderr == plain


def test_a_folder_or_archive_that_is_run_is_named_by_itself(job: Path):
    plain = run(job.parent, "job.py").stderr
    (job.parent / "a/job").mkdir(parents=True)
    job.rename(job.parent / "a/job/__main__.py")
    assert run(job.parent, "a/job").stderr == plain
    with zipfile.ZipFile(job.parent / "other", "w") as archive:
        archive.write(job.parent / "a/job/__main__.py", "__main__.py")
    assert run(job.parent, "other").stderr != plain


@pytest.mark.parametrize("mark", ["@spot.mark", "@spot.mark(version=bs.FROM_CODE)"])
def test_a_package_has_the_keys_of_its_main_file_when_that_is_run_and_when_a_command_imports_it(job: Path, mark: str):
    (job.parent / "app").mkdir()
    (job.parent / "app/__init__.py").touch()
    main = job.parent / "app/__main__.py"
    main.write_text(JOB.replace("@spot.mark", mark))
    plain = run(job.parent, "-m", "app").stderr
    assert run(job.parent, "app").stderr == plain
    assert run(job.parent, "-c", "from app.__main__ import key, sys; print(key(0), file=sys.stderr)").stderr == plain


def test_an_argument_that_is_refused_has_one_name(job: Path):
    job.write_text(JOB.replace("@dataclass\n", "").replace("    x: int", "    def __init__(self, x): ..."))
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(job.parent, "job.py")
    assert "is a 'job.Point', and job.Point has no content" in failed.value.stderr


@pytest.mark.parametrize("by", [["-c"], ["-"], ["-q", "-m", "code", "-q"], ["-m", "asyncio"]], ids=" ".join)
@pytest.mark.skipif(sys.version_info[:3] == (3, 13, 0), reason="asyncio's shell of Python 3.13.0 reads single lines")
def test_programs_without_a_name_hit_as_they_are_and_never_share_results(tmp_path: Path, by: list[str]):
    def said(prefix: str, more: str = "") -> str:
        cell = CELL.format(prefix=prefix, more=more)
        done = run(tmp_path, *by, cell) if by == ["-c"] else run(tmp_path, *by, text=cell)
        return done.stdout.split(">>> ")[-2 if "-m" in by else -1].strip()

    assert [said("a"), said("b"), said("a"), said("b")] == ["ax 0", "bx 0", "ax 1", "bx 1"]
    assert said("a", more="# told apart by what it does") == "ax 1"
