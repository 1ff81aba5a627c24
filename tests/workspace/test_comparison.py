"""What docs/comparison.md says of other caches of functions, seen by running them."""

import asyncio
import functools
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest

diskcache = pytest.importorskip("diskcache")
joblib = pytest.importorskip("joblib")
SOURCES = {
    "beautyspot": "import beautyspot as bs; keep = bs.Spot('a').mark",
    "diskcache": "import diskcache; keep = diskcache.Cache('folder').memoize()",
    "joblib.Memory": "import joblib; keep = joblib.Memory('folder', verbose=0).cache",
    "functools.cache": "import functools; keep = functools.cache",
}


class Trap:
    """A value whose pickle makes a file when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("sprung"),))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def disk(folder: Path) -> Iterator[Any]:
    with diskcache.Cache(folder / "disk") as cache:
        yield cache


@pytest.fixture
def memory(folder: Path) -> Any:
    return joblib.Memory(folder / "memory", verbose=0)


def counted(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[Any]]:
    """Return the function, and a list of what it is called with."""
    calls: list[Any] = []

    @functools.wraps(function)
    def called(x: Any) -> Any:
        calls.append(x)
        return function(x)

    return called, calls


@pytest.mark.parametrize(("name", "survives"), {**dict.fromkeys(SOURCES, True), "functools.cache": False}.items())
def test_what_survives_the_process(name: str, survives: bool, folder: Path) -> None:
    (folder / "ask.py").write_text(f"{SOURCES[name]}\n@keep\ndef ask(x):\n    print('called')\n    return x\nask(1)\n")
    said = [subprocess.run([sys.executable, "ask.py"], capture_output=True, check=True).stdout for _ in range(2)]
    assert said == [b"called\n", b"" if survives else b"called\n"]


def test_pickles_run_code_when_they_are_read(disk: Any, memory: Any) -> None:
    for keep in (disk.memoize(), memory.cache):
        make = keep(lambda: Trap())
        make(), make()
        assert Path("sprung").exists()
        Path("sprung").unlink()


def test_beautyspot_keeps_no_value_that_only_code_could_read() -> None:
    with pytest.warns(bs.CacheSaveWarning):
        bs.Spot("a").run(Trap)
    assert not Path("sprung").exists()


def test_which_keep_coroutines(disk: Any, memory: Any) -> None:
    async def ask(x: int) -> int:
        return x

    for keep in (bs.Spot("a").mark, memory.cache):
        kept = keep(ask)
        assert [asyncio.run(kept(1)), asyncio.run(kept(1))] == [1, 1]
    with pytest.warns(RuntimeWarning, match="never awaited"), pytest.raises(TypeError, match="pickle"):
        asyncio.run(disk.memoize()(ask)(1))
    once = functools.cache(ask)
    asyncio.run(once(1))
    with pytest.raises(RuntimeError, match="already awaited"):
        asyncio.run(once(1))


@pytest.mark.filterwarnings("ignore:Unable to cache to disk")
def test_only_beautyspot_keeps_a_stream(disk: Any, memory: Any) -> None:
    def words(text: str) -> Iterator[str]:
        yield from text.split()

    kept = bs.Spot("a").mark(words)
    assert [list(kept("a b")), list(kept("a b")), kept.cache_info().hits] == [["a", "b"], ["a", "b"], 1]
    with pytest.raises(TypeError, match="pickle"):
        disk.memoize()(words)("a b")
    stream, calls = counted(words)
    for _ in range(2):
        list(memory.cache(stream)("a b"))
    assert len(calls) == 2
    once = functools.cache(words)
    assert [list(once("a b")), list(once("a b"))] == [["a", "b"], []]


def measure(x: dict[str, int]) -> int:
    return len(x)


@pytest.mark.parametrize(("name", "expected"), [("disk", 2), ("memory", 1), ("spot", 1)])
def test_which_take_dicts_of_another_order_for_the_same(name: str, expected: int, disk: Any, memory: Any) -> None:
    keep = {"disk": disk.memoize(), "memory": memory.cache, "spot": bs.Spot("a").mark}[name]
    ask, calls = counted(measure)
    kept = keep(ask)
    kept({"a": 1, "b": 2}), kept({"b": 2, "a": 1})
    assert len(calls) == expected
    with pytest.raises(TypeError, match="unhashable"):
        functools.cache(measure)({"a": 1})


def test_what_becomes_of_a_result_that_cannot_be_written(disk: Any, memory: Any, folder: Path) -> None:
    disk._sql("PRAGMA max_page_count = 20")
    with pytest.raises(sqlite3.OperationalError, match="full"):
        list(map(disk.memoize()(lambda x: bytes(9_000) + bytes([x])), range(100)))
    kept = memory.cache(abs)
    kept(1)
    shutil.rmtree(folder / "memory")
    (folder / "memory").touch()
    with pytest.warns(Warning, match="Unable to cache to disk"):
        assert kept(-2) == 2
