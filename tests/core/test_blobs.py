"""The rest that a blob storage gets which keeps its callers waiting, and what ends it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from beautyspot.blobs import REST_S, Blobs, Rest
from beautyspot.errors import DamagedEntryError, LostBlobError, StorageError
from beautyspot.protocols import Buffer
from beautyspot.serializers import MsgpackSerializer
from beautyspot.storage import LocalStorage
from beautyspot.testing import FrozenClock

SILENT = StorageError("no answer; check the network")


class StallingFolder(LocalStorage):
    """A real folder whose readers wait in vain while it stalls, and its writers, where that takes very long."""

    stalls = False
    wait_s = 3.0
    waits = 0

    def __init__(self, folder: Path, clock: FrozenClock) -> None:
        super().__init__(folder)
        self._clock = clock

    def load(self, location: str, /) -> bytes:
        self._wait()
        return super().load(location)

    def save_parts(self, key: str, parts: Sequence[Buffer], /) -> str:
        if self.wait_s > REST_S:
            self._wait()
        return super().save_parts(key, parts)

    def _wait(self) -> None:
        if self.stalls:
            self.waits += 1
            self._clock.advance(self.wait_s)
            raise SILENT


class SlowDecoder(MsgpackSerializer):
    """Takes its time to find that a value can't be read."""

    def __init__(self, clock: FrozenClock, error: Exception) -> None:
        super().__init__()
        self._clock, self._error = clock, error

    def load_stream(self, stream: BinaryIO, /) -> Any:
        self._clock.advance(60)
        raise self._error


@pytest.fixture
def folder(tmp_path: Path, clock: FrozenClock) -> StallingFolder:
    return StallingFolder(tmp_path, clock)


@pytest.fixture
def blobs(folder: StallingFolder, clock: FrozenClock) -> Blobs:
    return Blobs(folder, clock)


def failing(clock: FrozenClock, took_s: float, error: Exception = SILENT) -> Callable[[], None]:
    def ask() -> None:
        clock.advance(took_s)
        raise error

    return ask


def rests(rest: Rest) -> bool:
    try:
        rest.unless(lambda: None)
    except StorageError:
        return True
    return False


def rest_s(rest: Rest, clock: FrozenClock) -> int:
    """Return after how many whole seconds the storage is asked again, in vain once more."""
    for seconds in range(100):
        try:
            rest.unless(failing(clock, 2, RuntimeError("asked")))
        except RuntimeError:
            return seconds
        except StorageError:
            clock.advance(1)
    raise AssertionError("it rests for ever")


@pytest.mark.parametrize("error", [DamagedEntryError("half a value"), ValueError("no such class")])
def test_a_value_that_takes_long_to_decode_and_is_damaged_costs_no_other(
    blobs: Blobs, clock: FrozenClock, error: Exception
) -> None:
    location = blobs.save("a" * 32, [b"paid"])
    with pytest.raises(type(error)):
        blobs.load_value(location, SlowDecoder(clock, error))
    assert blobs.load(location) == b"paid"


def test_a_stream_that_breaks_off_after_a_while_is_the_storages_doing(blobs: Blobs, clock: FrozenClock) -> None:
    location = blobs.save("a" * 32, [b"paid"])
    with pytest.raises(TimeoutError):
        blobs.load_value(location, SlowDecoder(clock, TimeoutError()))
    with pytest.raises(StorageError, match=r"rests after 60 s of waiting: TimeoutError\(\)"):
        blobs.load(location)


def test_that_nothing_is_there_is_an_answer_however_late(clock: FrozenClock) -> None:
    rest = Rest(clock)
    with pytest.raises(LostBlobError):
        rest.unless(failing(clock, 60, LostBlobError("nothing is there; run its call again")))
    assert not rests(rest)


def test_a_storage_rests_as_long_as_it_took_and_twice_as_long_each_time(clock: FrozenClock) -> None:
    rest = Rest(clock)
    with pytest.raises(StorageError, match="no answer"):
        rest.unless(failing(clock, 2))
    assert [rest_s(rest, clock) for _ in range(5)] == [2, 4, 8, REST_S, REST_S]


def test_an_answer_ends_the_rest_and_the_next_one_is_short_again(clock: FrozenClock) -> None:
    rest = Rest(clock)
    for _ in range(4):
        rest_s(rest, clock)
    clock.advance(REST_S)
    assert not rests(rest)
    assert [rest_s(rest, clock), rest_s(rest, clock)] == [0, 2]


def test_one_caller_looks_whether_it_is_back_and_no_other_joins(clock: FrozenClock) -> None:
    rest = Rest(clock)
    assert rest_s(rest, clock) == 0
    clock.advance(2)
    assert rest.unless(lambda: rests(rest))
    assert not rests(rest)


def test_calls_that_wait_side_by_side_make_one_rest(clock: FrozenClock) -> None:
    rest = Rest(clock)

    def ask_while_another_fails() -> None:
        with pytest.raises(StorageError):
            rest.unless(failing(clock, 2))
        raise SILENT

    with pytest.raises(StorageError):
        rest.unless(ask_while_another_fails)
    assert rest_s(rest, clock) == 2


def test_a_blob_that_is_saved_ends_the_rest_from_reading(
    folder: StallingFolder, blobs: Blobs, clock: FrozenClock
) -> None:
    location = blobs.save("a" * 32, [b"paid"])
    folder.stalls = True
    with pytest.raises(StorageError, match="no answer"):
        blobs.load(location)
    folder.stalls = False
    with pytest.raises(StorageError, match="rests"):
        blobs.load(location)
    blobs.save("b" * 32, [b"more"])
    assert blobs.load(location) == b"paid"


def test_a_job_on_a_silent_storage_does_not_wait_for_reads_and_saves_by_turns(
    folder: StallingFolder, blobs: Blobs, clock: FrozenClock
) -> None:
    location = blobs.save("a" * 32, [b"paid"])
    folder.stalls, folder.wait_s = True, 25
    for _ in range(90):  # calls of a tenth of a second each
        with pytest.raises(StorageError):
            blobs.load(location)
        clock.advance(0.1)
        with pytest.raises(StorageError):
            blobs.save("b" * 32, [b"more"])
    assert folder.waits == 1
