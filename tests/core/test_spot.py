"""The facade."""

import asyncio
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import beautyspot as bs
import pytest
from beautyspot.catalog import Catalog
from beautyspot.checks import shown
from beautyspot.testing import FrozenClock


async def _wanted(result: object) -> bool:
    return bool(result)


class _AsyncHook(bs.Hook):
    async def on_hit(self, event: bs.HookEvent, /) -> None:  # pyright: ignore[reportIncompatibleMethodOverride] - refused
        return


HOOK = _AsyncHook()


def test_default_folder_has_a_gitignore_and_is_for_its_owner_alone(workspace: Path):
    with bs.Spot("mine") as spot:
        spot.mark(abs)(-1)
        spot.mark(save_blob=True)(bytes)(3)
    assert (workspace / ".beautyspot/.gitignore").read_text() == "*\n"
    assert (workspace / ".beautyspot/.gitignore").stat().st_mode & 0o777 == 0o600
    modes = {
        path.relative_to(workspace).parts[1]: path.stat().st_mode & 0o777 for path in workspace.glob(".beautyspot/*")
    }
    assert modes["mine.db"] == 0o600
    assert modes["blobs"] == 0o700
    assert (workspace / ".beautyspot").stat().st_mode & 0o777 == 0o700
    blobs = [path for path in workspace.glob(".beautyspot/blobs/**/*") if path.is_file()]
    assert [path.stat().st_mode & 0o777 for path in blobs] == [0o600]


def test_a_workspace_that_is_removed_while_it_is_used_is_made_again_out_of_git(workspace: Path):
    spot = bs.Spot("mine")
    text, blob = spot.mark(str), spot.mark(save_blob=True)(bytes)
    assert (text(1), blob(1)) == ("1", b"\0")
    for n, first, then in ((2, text, blob), (3, blob, text)):
        shutil.rmtree(workspace / ".beautyspot")
        with pytest.warns(bs.CacheWarning, match="was deleted or replaced while it was in use") as warned:
            first(n), then(n), first(n)
        assert len(warned) == 1
        assert (workspace / ".beautyspot/.gitignore").read_text() == "*\n"
        assert (workspace / ".beautyspot").stat().st_mode & 0o777 == 0o700
        with bs.Spot("mine") as again:
            assert again.mark(str).is_cached(n)
            assert again.mark(bytes).is_cached(n)
    spot.shutdown()


@pytest.mark.parametrize("name", ["../evil", "", "a/b", "..", "a\\b"])
def test_name_that_leaves_the_folder_is_refused(workspace: Path, name: str):
    with pytest.raises(bs.ConfigurationError, match="not a name"):
        bs.Spot(name)


def test_a_name_leads_out_of_no_folder_where_the_file_says_where_things_lie(workspace: Path):
    spot = bs.Spot("../evil", db=workspace / "a.db")
    assert len(spot.mark(save_blob=True)(bytes)(3)) == 3
    assert list((workspace / "blobs/a").rglob("*.bin"))
    with pytest.raises(bs.ConfigurationError, match="not a name"):
        bs.Spot("../evil", db="memory://")


def test_two_spots_in_one_folder_never_share_a_blob(workspace: Path):
    one, two = bs.Spot("one"), bs.Spot("two")
    answers = [b"1" * 10, b"2" * 10]

    def ask(x: int) -> bytes:
        return answers.pop(0)

    for spot in (one, two):
        spot.mark(save_blob=True, ignore=("answers",))(ask)(1)
    assert one.mark(ignore=("answers",))(ask)(1) == b"1" * 10
    assert two.mark(ignore=("answers",))(ask)(1) == b"2" * 10


def test_changing_the_working_directory_loses_nothing(workspace: Path, monkeypatch: pytest.MonkeyPatch):
    spot = bs.Spot("app")
    marked = spot.mark(save_blob=True)(bytes)
    marked(5)
    (workspace / "elsewhere").mkdir()
    monkeypatch.chdir(workspace / "elsewhere")
    marked(5), marked(6)
    assert marked.cache_info()[:2] == (1, 2)
    assert not list((workspace / "elsewhere").iterdir())


def test_limiter_without_tpm_says_how_to_mend_it(workspace: Path):
    with pytest.raises(bs.ConfigurationError, match="tpm=60"):
        bs.Spot("app").limiter()


@pytest.mark.parametrize(
    ("options", "named"), [({"burst": 0}, "burst got 0"), ({"shared_limit": True}, "shared_limit got True")]
)
def test_what_speaks_of_a_limit_that_is_not_there_is_refused(workspace: Path, options: Any, named: str):
    with pytest.raises(bs.ConfigurationError, match=rf"{named}; give tpm= as well"):
        bs.Spot("app", **options)


@pytest.mark.parametrize("options", [{}, {"db": "memory://"}])
def test_a_name_too_long_for_a_file_is_refused_before_anything_is_kept_under_it(workspace: Path, options: Any):
    for name in ("x" * 300, "ü" * 101):
        with pytest.raises(bs.ConfigurationError, match="up to 200 bytes"):
            bs.Spot(name, **options)
    assert bs.Spot("ü" * 100).run(abs, -1) == 1


def test_a_path_from_the_home_folder_is_one(workspace: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(workspace / "home"))
    for place in ("~/a.db", Path("~/a.db"), "sqlite:///~/a.db"):
        assert bs.Spot("app", db=place).run(abs, -1) == 1
        with Catalog.open(place) as catalog:
            assert len(catalog.functions()) == 1
    assert [path.name for path in workspace.iterdir()] == ["home"]


def test_cost_that_no_call_can_be_asked_for_is_refused_at_the_decoration(spot: bs.Spot):
    def answer(self: object, text: str, *, times: int, more: int = 0) -> str:
        return text * times

    for cost in (lambda: 1, lambda text: 1, lambda self, text, *, time: 1):
        for function in (answer, spot.mark(ignore=("self",))(answer), staticmethod(answer)):
            with pytest.raises(bs.ConfigurationError, match=r"can't take the arguments of .*answer'; give a number"):
                spot.limiter(cost=cost)(function)
    for cost in (lambda self, text, times: 1, lambda *args, **named: 1, lambda self, text, *, times, more=1: 1, len):
        assert spot.limiter(cost=cost)(answer) is not None


def test_limiter_without_parentheses_costs_one_cell(spot: bs.Spot, clock: FrozenClock):
    paced = spot.limiter(abs)
    assert [paced(-1), paced(-2)] == [1, 2]
    assert clock.slept == [1.0]


def test_cost_of_a_limiter_is_a_number_or_a_function_of_the_arguments(spot: bs.Spot, clock: FrozenClock):
    for decorate in (spot.limiter(2), spot.limiter(cost=2), spot.limiter(cost=lambda x: 2)):
        assert decorate(abs)(-1) == 1
    spot.limiter(cost=0)(abs)(-1)
    assert clock.slept == [2.0, 2.0]


def test_a_lambda_by_position_is_refused_as_it_may_be_a_cost(spot: bs.Spot, clock: FrozenClock):
    with pytest.raises(bs.ConfigurationError, match=r"limiter\(cost=…\)"):
        spot.limiter(lambda text: len(text))
    paced = spot.limiter()(lambda text: len(text))
    assert [paced("a"), paced("ab")] == [1, 2]
    assert clock.slept == [1.0]


@pytest.mark.parametrize("cost", [-1, float("nan"), "2", None, True])
def test_wrong_cost_is_refused_at_decoration(spot: bs.Spot, cost: Any):
    with pytest.raises(bs.ConfigurationError, match="not a cost"):
        spot.limiter(cost=cost)
    with pytest.raises(bs.ConfigurationError, match="can't be called"):
        spot.limiter()(cost)


def test_cost_that_can_never_pass_is_refused_at_decoration(spot: bs.Spot):
    with pytest.raises(bs.LimitExceeded, match="whole minute"):
        spot.limiter(cost=61)


def test_run_takes_options_with_an_underscore(spot: bs.Spot):
    def add(a: int, *, b: int) -> int:
        return a + b

    assert [spot.run(add, 1, b=2, _version="1") for _ in range(2)] == [3, 3]
    assert spot.mark(version="1")(add).is_cached(1, b=2)
    assert not spot.mark(add).is_cached(1, b=2)


def test_run_of_a_coroutine_function_is_awaited(spot: bs.Spot):
    async def double(x: int) -> int:
        return 2 * x

    async def scene() -> int:
        return await spot.run(double, 4)

    assert asyncio.run(scene()) == 8


def test_cached_run_marks_several_functions_for_a_block(spot: bs.Spot):
    def one() -> int:
        return 1

    def two() -> int:
        return 2

    with spot.cached_run(one, two, version="7") as (first, second):
        assert (first(), second()) == (1, 2)
    with spot.cached_run(one, version="7") as again:
        assert again.is_cached()


def test_invalidate_by_tag_function_and_age(spot: bs.Spot, clock: FrozenClock):
    @spot.mark(tags=("exp-1",))
    def one(x: int) -> int:
        return x

    @spot.mark
    def two(x: int) -> int:
        return x

    one(1), one(2), two(1)
    clock.advance(3600)
    two(2)
    assert spot.invalidate(tags=["exp-1"]) == 2
    assert spot.invalidate(function=two, older_than=timedelta(minutes=30)) == 1
    assert (one.is_cached(1), two.is_cached(1), two.is_cached(2)) == (False, False, True)
    with pytest.raises(bs.ConfigurationError, match="no condition"):
        spot.invalidate()


def test_invalidate_takes_a_function_that_is_not_marked(spot: bs.Spot):
    spot.mark(scale)(1), spot.mark(Scale.double)(Scale, 1), spot.mark(version="1")(scale)(2)
    assert spot.invalidate(function=scale) == 2
    assert spot.invalidate(function=Scale().double) == 1


def test_invalidate_takes_a_marked_method_of_a_class_or_an_instance(spot: bs.Spot):
    class Scale:
        @spot.mark(ignore=("self",))
        def double(self, x: int) -> int:
            return 2 * x

    for method in (Scale.double, Scale().double):
        Scale().double(1)
        assert spot.invalidate(function=method) == 1


@pytest.mark.parametrize("wrong", [{"function": 5}, {"tags": "exp-1"}, {"tags": 5}, {"older_than": "x"}])
def test_wrong_condition_of_invalidate_is_refused_with_its_value(spot: bs.Spot, wrong: dict[str, Any]):
    (value,) = wrong.values()
    with pytest.raises(bs.ConfigurationError, match=re.escape(repr(value))):
        spot.invalidate(**wrong)


def test_clearing_one_function_leaves_the_others(spot: bs.Spot):
    one, two = spot.mark(abs), spot.mark(bytes)
    one(-1), one(-2), two(3)
    assert one.cache_clear() == 2
    assert (one.is_cached(-1), two.is_cached(3)) == (False, True)


@pytest.mark.parametrize(
    ("option", "now"),
    [
        ({"storage_path": "blobs2"}, "storage"),
        ({"blob_warning_threshold": 10}, "inline_limit_bytes"),
        ({"io_workers": 2}, "executor"),
    ],
)
def test_keyword_of_release_2_works_and_names_the_new_one(workspace: Path, option: dict[str, Any], now: str):
    with pytest.warns(DeprecationWarning, match=now) as warned:
        spot = bs.Spot("app", **option)
    assert warned[0].filename == __file__
    assert spot.mark(bytes)(20) == bytes(20)


def test_keyword_of_release_2_beside_its_new_name_is_refused(workspace: Path):
    with (
        pytest.warns(DeprecationWarning, match="storage"),
        pytest.raises(bs.ConfigurationError, match=r"storage_path='x' and storage='y'"),
    ):
        bs.Spot("app", storage_path="x", storage="y")


def test_options_for_s3_are_named_where_the_storage_takes_none(workspace: Path):
    with (
        pytest.warns(DeprecationWarning, match="storage, which takes a storage made with its own options"),
        pytest.raises(bs.ConfigurationError, match=r"options \['a'\]"),
    ):
        bs.Spot("app", s3_opts={"a": 1})


def test_wrong_number_of_workers_is_refused(workspace: Path):
    with (
        pytest.warns(DeprecationWarning, match="executor"),
        pytest.raises(bs.ConfigurationError, match="io_workers got 'x'"),
    ):
        bs.Spot("app", io_workers="x")


def test_version_is_that_of_the_distribution():
    assert bs.__version__ == metadata.version("beautyspot")
    assert "__version__" in dir(bs)


def test_unknown_keyword_is_named(workspace: Path):
    with pytest.raises(bs.ConfigurationError, match="tmp"):
        bs.Spot("app", tmp=60)
    with pytest.raises(TypeError, match="ttll"):
        bs.Spot("app").mark(ttll=3)  # pyright: ignore


def test_names_of_release_1_say_what_they_are_called_now(spot: bs.Spot):
    with pytest.raises(AttributeError, match=r"Spot.*mark"):
        bs.Project  # noqa: B018 - the error is what is tested
    with pytest.raises(AttributeError, match="mark"):
        spot.task  # noqa: B018 - as above
    with pytest.raises(ImportError, match="it is called Spot now"):
        from beautyspot import Project  # type: ignore[attr-defined] # noqa: F401
    assert not hasattr(bs, "Project")


def test_the_module_of_old_names_itself_can_be_asked_for_any(tmp_path: Path):
    (script := tmp_path / "asks.py").write_text(
        "import beautyspot.renamed as r; print(hasattr(r, 'x'), hasattr(r, 'task'))"
    )
    asked = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert asked.stdout == "False False\n", asked.stderr


@pytest.mark.parametrize("ttl", [0, -1, "7 days", float("nan"), True, "d"])
def test_wrong_ttl_is_refused_at_decoration(spot: bs.Spot, ttl: Any):
    with pytest.raises(bs.ConfigurationError, match="span of time"):
        spot.mark(ttl=ttl)


def test_default_ttl_is_overridden_by_the_mark(tmp_path: Path):
    clock = FrozenClock()
    with bs.Spot(db=tmp_path / "a.db", storage=tmp_path / "b", default_ttl="1h", clock=clock) as spot:
        short, ever = spot.mark(abs), spot.mark(ttl=None)(bytes)
        short(-1), ever(2)
        clock.advance(3601)
        assert (short.is_cached(-1), ever.is_cached(2)) == (False, True)


def test_one_word_where_words_belong_is_refused(spot: bs.Spot):
    with pytest.raises(bs.ConfigurationError, match="sequence of strings"):
        spot.mark(tags="exp-1")


@pytest.mark.parametrize(
    "option",
    [
        {"inline_limit_bytes": "x"},
        {"inline_limit_bytes": -1},
        {"serializer": 5},
        {"serializer": bs.MsgpackSerializer},
        {"executor": 5},
        {"clock": 5},
        {"hooks": 5},
        {"hooks": (5,)},
        {"hooks": bs.Hook()},
        {"hooks": (bs.Hook,)},
        {"name": 5},
        {"db": ""},
        {"db": "."},
        {"storage": ""},
        {"default_save_blob": "yes"},
        {"default_content_type": 5},
        {"default_content_type": "png"},
        {"default_ttl": 1e18},
        {"default_ttl": "x"},
        {"default_version": 2},
        {"prune_every": "x"},
        {"shared_limit": "yes"},
        {"db": "file:u.db?mode=memory"},
    ],
    ids=lambda option: next(iter(option)),
)
def test_wrong_option_of_a_spot_is_refused_with_its_name_and_value(workspace: Path, option: dict[str, Any]):
    ((name, value),) = option.items()
    with pytest.raises(bs.ConfigurationError, match=f"(?s)(?=.*{re.escape(shown(value))})(?=.*{name})"):
        bs.Spot(**option)
    assert list(workspace.iterdir()) in ([], [workspace / ".beautyspot"])


@pytest.mark.parametrize(
    "option",
    [
        {"cache_if": 5},
        {"input_key_fn": 5},
        {"hooks": (5,)},
        {"tags": 5},
        {"tags": (1,)},
        {"ignore": "self"},
        {"save_blob": "yes"},
        {"save_blob": 1},
        {"content_type": 5},
        {"ttl": "999999w"},
    ],
    ids=lambda option: next(iter(option)),
)
def test_wrong_option_of_a_mark_is_refused_with_its_value(spot: bs.Spot, option: dict[str, Any]):
    (value,) = option.values()
    with pytest.raises(bs.ConfigurationError, match=re.escape(repr(value))):
        spot.mark(**option)


@pytest.mark.parametrize("option", [{"cache_if": _wanted}, {"input_key_fn": _wanted}, {"hooks": (HOOK,)}])
def test_what_nobody_would_await_is_refused_at_the_mark(spot: bs.Spot, option: dict[str, Any]):
    with pytest.raises(bs.ConfigurationError, match=r"neither async|with plain methods"):
        spot.mark(**option)


async def _async_cost(text: str) -> int:
    return len(text)


def _yielded_cost(text: str) -> Iterator[int]:
    yield len(text)


@pytest.mark.parametrize("cost", [_async_cost, _yielded_cost, partial(_async_cost, "a")])
def test_a_cost_that_nobody_would_await_is_refused_at_the_decoration(spot: bs.Spot, cost: Any):
    with pytest.raises(bs.ConfigurationError, match=r"cost got .*neither async nor a generator"):
        spot.limiter(cost=cost)


def test_a_callable_that_answers_every_question_about_itself_is_taken(spot: bs.Spot):
    assert spot.mark(cache_if=Mock(return_value=False))(abs)(-1) == 1


def test_none_stands_for_no_tags_no_hooks_and_nothing_ignored(spot: bs.Spot):
    nothing: Any = {"tags": None, "hooks": None, "ignore": None}
    assert spot.mark(**nothing)(abs)(-1) == 1


def test_words_may_come_from_a_generator(spot: bs.Spot):
    tags: Any = (f"exp-{number}" for number in range(2))
    spot.mark(tags=tags)(abs)(-1)
    assert spot.invalidate(tags=["exp-1"]) == 1


def test_version_separates_results(spot: bs.Spot):
    one, two = spot.mark(version="1")(abs), spot.mark(version="2")(abs)
    one(-1)
    assert (one.is_cached(-1), two.is_cached(-1)) == (True, False)


def test_using_a_spot_after_shutdown_opens_it_again(spot: bs.Spot):
    marked = spot.mark(abs)
    marked(-1)
    spot.shutdown(wait=True)
    assert marked(-1) == 1
    assert marked.cache_info().hits == 1


def test_content_type_is_written_beside_the_result(spot: bs.Spot, tmp_path: Path):
    import sqlite3

    spot.mark(content_type=bs.ContentType.MARKDOWN)(str)("# hello")
    with sqlite3.connect(tmp_path / "test.db") as connection:
        assert connection.execute("SELECT content_type, size_bytes FROM tasks").fetchall() == [("text/markdown", 8)]
    connection.close()


def test_spots_can_be_made_in_many_threads(tmp_path: Path):
    errors: list[BaseException] = []

    def work(i: int) -> None:
        try:
            spot = bs.Spot(db=tmp_path / "shared.db", storage=tmp_path / "b")
            assert spot.mark(abs)(-i) == i
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def scale(x: int) -> int:
    return 3 * x


class Scale:
    def double(self, x: int) -> int:
        return 2 * x


def test_a_spot_shows_its_name_and_where_results_lie(workspace: Path):
    assert repr(bs.Spot("app")) == (
        f"Spot('app', db=SQLiteTaskDB('{workspace}/.beautyspot/app.db'), "
        f"storage=LocalStorage('{workspace}/.beautyspot/blobs/app'))"
    )
    spot = bs.Spot("app", db="memory://", storage="memory://")
    assert repr(spot) == "Spot('app', db=MemoryTaskDB(), storage=MemoryStorage())"


def test_a_working_folder_that_was_deleted_is_told_with_a_next_step(workspace: Path, monkeypatch: pytest.MonkeyPatch):
    gone = workspace / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(bs.ConfigurationError, match="has been deleted; cd into one that is there, or give db="):
        bs.Spot("here")
