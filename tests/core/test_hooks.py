"""What a user's own code can watch."""

import logging
import threading
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest


class Diary(bs.Hook):
    def __init__(self) -> None:
        self.turns: list[tuple[str, object]] = []

    def pre_execute(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("pre_execute", event.args))

    def on_hit(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("on_hit", event.value))

    def on_miss(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("on_miss", event.value))

    def on_error(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("on_error", type(event.error)))

    def on_save_error(self, event: bs.HookEvent, /) -> None:
        self.turns.append(("on_save_error", type(event.error)))


def test_hooks_see_every_turn_of_a_call(spot: bs.Spot):
    diary = Diary()

    @spot.mark(hooks=(diary,))
    def half(x: int) -> float:
        return 10 / x

    half(5), half(5)
    with pytest.raises(ZeroDivisionError):
        half(0)
    assert diary.turns[:3] == [("pre_execute", (5,)), ("on_miss", 2.0), ("on_hit", 2.0)]
    assert diary.turns[3:] == [("pre_execute", (0,)), ("on_error", ZeroDivisionError)]


def lock() -> Any:
    return threading.Lock()


def test_hooks_see_a_result_that_is_not_kept(spot: bs.Spot):
    diary = Diary()
    with pytest.warns(bs.CacheSaveWarning):
        spot.mark(hooks=(diary,))(lock)()
    assert ("on_save_error", bs.SerializationError) in diary.turns


def test_hooks_see_a_result_that_is_not_kept_where_that_raises(tmp_path: Path):
    diary = Diary()
    spot = bs.Spot(db=tmp_path / "a.db", storage=tmp_path / "b", on_save_error="raise", hooks=(diary,))
    with pytest.raises(bs.SerializationError):
        spot.mark(lock)()
    assert ("on_save_error", bs.SerializationError) in diary.turns


def test_raising_hook_is_logged_and_never_fatal(spot: bs.Spot, caplog: pytest.LogCaptureFixture):
    class Broken(bs.Hook):
        def on_miss(self, event: bs.HookEvent, /) -> None:
            raise RuntimeError("hook down")

    with caplog.at_level(logging.ERROR, "beautyspot"):
        assert spot.mark(hooks=(Broken(),))(abs)(-1) == 1
    assert "hook down" in caplog.text
