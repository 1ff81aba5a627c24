"""Results of earlier releases are hits for the same calls.

The rows are written here as those releases wrote them; keys and bytes are what they computed.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial, wraps
from hashlib import md5, sha256
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.keys.legacy import legacy_keys
from beautyspot.maintenance import migrate
from beautyspot.testing import FrozenClock

RELEASE_2 = (
    "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
    "result_value TEXT, result_data BLOB, content_type TEXT, version TEXT, "
    "updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
)
RELEASE_1 = (
    "CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, input_id TEXT, result_type TEXT, "
    "result_value TEXT, content_type TEXT, version TEXT, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
)
INLINE = (
    "INSERT INTO tasks (cache_key, func_name, input_id, result_type, result_data) VALUES (?, ?, '', 'DIRECT_BLOB', ?)"
)
IN_FILE = "INSERT INTO tasks (cache_key, func_name, input_id, result_type, result_value) VALUES (?, ?, '', ?, ?)"

ADD_1_2 = "7a56e213637131802eca4fc474df84e1"
MAKE_POINT_3_4 = "53309a236012f9985ecc90d6ce634dda"
MAKE_POINT_INLINE_5_6 = "32de866ba587624ba2c385a34c75f77b"


class Point:
    def __init__(self, x: int, y: int) -> None:
        self.x, self.y = x, y


def add(a: int, b: int) -> int:
    raise AssertionError("ran")


def one(point: Point) -> int:
    raise AssertionError("ran")


def make_point(x: int, y: int) -> Point:
    raise AssertionError("ran")


def make_point_inline(x: int, y: int) -> Point:
    raise AssertionError("ran")


def write(path: Path, schema: str, statement: str, *rows: tuple[Any, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    connection.execute(schema)
    connection.executemany(statement, rows)
    connection.commit()
    connection.close()


def key_of_add(*args: Any) -> str:
    """Return the key that releases 1.3 to 2.4 made."""
    return next(legacy_keys("add", args, {}, [None]))


def rows_of(path: Path) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    rows = connection.execute("SELECT func_name, cache_key FROM tasks ORDER BY 1").fetchall()
    connection.close()
    return rows


@pytest.fixture
def old(workspace: Path) -> Path:
    """A default store of release 2 with two rows."""
    path = workspace / ".beautyspot/app.db"
    write(path, RELEASE_2, INLINE, (ADD_1_2, "add", b"\x03"), (key_of_add(2, 3), "add", b"\x05"))
    return path


def test_old_row_is_a_hit_and_moves_to_its_new_key(old: Path):
    marked = bs.Spot("app").mark(add)
    assert [marked(1, 2), marked(a=1, b=2)] == [3, 3]
    assert marked.cache_info()[:2] == (2, 0)
    assert rows_of(old) == [("add", key_of_add(2, 3)), (f"{add.__module__}.add", marked.key(1, 2))]


def test_invalidated_old_row_does_not_come_back(old: Path):
    marked = bs.Spot("app").mark(add)
    assert marked.is_cached(1, 2)
    assert marked.invalidate(1, 2)
    with pytest.raises(AssertionError, match="ran"):
        marked(1, 2)


@pytest.mark.parametrize("module", ["__main__", "app.__main__", "app.tools"])
def test_old_row_of_release_2_7_is_found_by_the_name_that_python_has(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, module: str
):
    monkeypatch.setattr(add, "__module__", module)
    key = [*legacy_keys("add", (1, 2), {}, [None], qualified_names=[f"{module}.add"])][2]
    write(workspace / ".beautyspot/app.db", RELEASE_2, INLINE, (key, "add", b"\x03"))
    assert bs.Spot("app").mark(add)(1, 2) == 3


def test_old_row_whose_expiry_nobody_can_read_is_a_warned_miss(old: Path):
    marked = bs.Spot("app").mark(add)
    assert marked.is_cached(1, 2)
    connection = sqlite3.connect(old)
    connection.execute("UPDATE tasks SET expires_at = 'soon'")
    connection.commit()
    connection.close()
    with pytest.warns(bs.CacheReadWarning, match="is no time"), pytest.raises(AssertionError, match="ran"):
        marked(1, 2)


def test_refreshed_old_row_does_not_come_back(old: Path):
    def fresh(a: int, b: int) -> int:
        return 33

    fresh.__name__ = "add"
    marked = bs.Spot("app").mark(fresh)
    assert marked.refresh(1, 2) == 33
    assert ADD_1_2 not in [key for _, key in rows_of(old)]


def test_first_function_of_a_name_gets_the_rows_and_the_other_a_warning(old: Path):
    spot = bs.Spot("app")
    spot.mark(add)(1, 2)

    def other(a: int, b: int) -> int:
        return 33

    other.__name__ = "add"
    with pytest.warns(bs.LegacyNameWarning, match="belong to"):
        assert spot.mark(other)(2, 3) == 33


def closure_of(n: int) -> Any:
    def add(a: int, b: int) -> int:
        return a * n + b

    return add


def with_default(n: int) -> Any:
    def add(a: int, b: int, n: int = n) -> int:
        return a * n + b

    return add


@pytest.mark.parametrize("make", [closure_of, with_default])
def test_functions_of_one_factory_get_no_old_rows_and_one_warning(old: Path, make: Any):
    marked = bs.Spot("app").mark(make(100))
    with pytest.warns(bs.LegacyNameWarning, match="made anew by each call") as told:
        assert [marked(1, 2), marked(2, 3)] == [102, 203]
    assert len(told) == 1
    assert marked.cache_clear() == 2
    assert [name for name, _ in rows_of(old)] == ["add", "add"]


def test_a_lambda_gets_no_old_row_of_another(workspace: Path):
    key = next(legacy_keys("<lambda>", (1,), {}, [None]))
    write(workspace / ".beautyspot/app.db", RELEASE_2, INLINE, (key, "<lambda>", b"\x02"))
    times = bs.Spot("app").mark(lambda x: x * 100)
    with pytest.warns(bs.LegacyNameWarning, match="is a lambda"):
        assert times(1) == 100


def test_a_decorated_partial_gets_no_old_row_of_its_wrappers_name(workspace: Path):
    @wraps(partial(max, 100))
    def wrapper(number: int) -> int:
        return max(100, number)

    key = next(legacy_keys("wrapper", (1,), {}, [None]))
    write(workspace / ".beautyspot/app.db", RELEASE_2, INLINE, (key, "wrapper", b"\x02"))
    assert bs.Spot("app").mark(wrapper)(1) == 100


def test_a_function_made_in_another_that_holds_nothing_of_it_gets_its_old_rows(old: Path):
    def add(a: int, b: int) -> int:
        raise AssertionError("ran")

    assert bs.Spot("app").mark(add)(1, 2) == 3


def test_old_row_older_than_its_ttl_is_no_hit(old: Path):
    marked = bs.Spot("app", clock=FrozenClock(4_000_000_000.0)).mark(ttl="7d")(add)
    assert not marked.is_cached(1, 2)
    with pytest.raises(AssertionError, match="ran"):
        marked(1, 2)


@pytest.mark.parametrize("payload", [b"3,4", b"\xc4\x033,4"], ids=["raw, up to 2.2", "nested, from 2.3"])
def test_old_custom_type_in_a_blob_is_read(workspace: Path, payload: bytes):
    packed = bytes([0xC7, len(payload), 10]) + payload
    location = f".beautyspot/blobs/{MAKE_POINT_3_4}.bin"
    write(workspace / ".beautyspot/app.db", RELEASE_2, IN_FILE, (MAKE_POINT_3_4, "make_point", "FILE", location))
    (workspace / ".beautyspot/blobs").mkdir()
    (workspace / location).write_bytes(packed)
    spot = bs.Spot("app")
    spot.register_type(Point, 10, encode_point, decode_point)
    marked = spot.mark(make_point)
    for _ in range(2):
        point = marked(3, 4)
        assert (point.x, point.y) == (3, 4)


def encode_point(point: Point) -> bytes:
    return f"{point.x},{point.y}".encode()


def decode_point(data: bytes) -> Point:
    x, y = data.decode().split(",")
    return Point(int(x), int(y))


def test_old_custom_type_in_a_row_is_read(workspace: Path):
    data = b"\xc7\x03\x0a5,6"
    write(workspace / ".beautyspot/app.db", RELEASE_2, INLINE, (MAKE_POINT_INLINE_5_6, "make_point_inline", data))
    spot = bs.Spot("app")
    spot.register_type(Point, 10, encode_point, decode_point)
    assert spot.mark(make_point_inline)(5, 6).y == 6


def test_release_1_beside_the_script_is_found_and_its_json_read(workspace: Path):
    keys = list(legacy_keys("add", (1, 2), {}, [None]))
    write(workspace / "app.db", RELEASE_1, IN_FILE, (keys[-1], "add", "DIRECT", '{"sum": NaN, "of": [1, 2]}'))
    spot = bs.Spot("app")
    assert spot.mark(add)(1, 2)["of"] == [1, 2]  # type: ignore[index]
    assert not (workspace / ".beautyspot/app.db").exists()


def test_pickle_of_release_0_is_never_read(workspace: Path):
    (workspace / "blobs").mkdir()
    (workspace / "blobs/x.pkl").write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    keys = list(legacy_keys("add", (1, 2), {}, [None]))
    write(workspace / "app.db", RELEASE_1, IN_FILE, (keys[-1], "add", "FILE", "./blobs/x.pkl"))
    with pytest.warns(bs.CacheReadWarning, match="pickle"), pytest.raises(AssertionError, match="ran"):
        bs.Spot("app").mark(add)(1, 2)
    assert not (workspace / "pwned").exists()


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", ".beautyspot/blobs/link.bin"])
def test_old_row_reads_no_file_outside_its_folders(workspace: Path, location: str):
    (workspace / "secret.bin").write_bytes(b"\x03")
    (workspace / ".beautyspot/blobs").mkdir(parents=True)
    (workspace / ".beautyspot/blobs/link.bin").symlink_to(workspace / "secret.bin")
    write(workspace / ".beautyspot/app.db", RELEASE_2, IN_FILE, (ADD_1_2, "add", "FILE", location))
    with pytest.warns(bs.CacheReadWarning), pytest.raises(AssertionError, match="ran"):
        bs.Spot("app").mark(add)(1, 2)


def test_call_that_has_no_key_today_hits_its_old_row(workspace: Path):
    marked = bs.Spot("app").mark(add)
    key = key_of_add(Point(1, 2), 2)
    write(workspace / ".beautyspot/app.db", RELEASE_2, INLINE, (key, "add", b"\x07"))
    assert marked(Point(1, 2), 2) == 7  # type: ignore[arg-type]
    with pytest.raises(bs.UnkeyableArgument):
        marked(Point(1, 3), 2)  # type: ignore[arg-type]


def test_call_of_a_map_that_has_no_key_today_hits_its_old_row(workspace: Path):
    marked = bs.Spot("app").mark(one)
    write(
        workspace / ".beautyspot/app.db",
        RELEASE_2,
        INLINE,
        (next(legacy_keys("one", (Point(1, 2),), {}, [None])), "one", b"\x07"),
    )
    assert marked.map([Point(1, 2)], progress=False) == [7]
    hit, error = marked.map([Point(1, 2), Point(1, 3)], progress=False, on_error="collect")
    assert hit == 7
    assert isinstance(error, bs.UnkeyableArgument)


def test_version_that_came_from_the_default_is_looked_for_without_it_too(old: Path):
    assert bs.Spot("app", default_version="9").mark(add)(1, 2) == 3


def test_old_row_of_a_policy_is_a_hit_for_the_same_choice_of_today(workspace: Path):
    path = workspace / ".beautyspot/app.db"
    ids = [sha256(content).hexdigest() for content in (b"\x91\x01", b".txthello")]
    keys = [md5(f"add:{each}".encode()).hexdigest() for each in ids]
    write(path, RELEASE_2, INLINE, *((key, "add", bytes([number])) for number, key in enumerate(keys)))
    (workspace / "f.txt").write_text("hello")
    spot = bs.Spot("app")
    assert spot.mark(ignore=("b",))(add)(1, 99) == 0
    assert spot.mark(input_key_fn=bs.KeyPolicy(b=bs.KeyPolicy.IGNORE))(add)(a=1, b=7) == 0


def test_old_row_of_a_file_is_a_hit_while_the_file_is_the_same(workspace: Path):
    path = workspace / ".beautyspot/app.db"
    key = md5(f"size:{sha256(b'.txthello').hexdigest()}".encode()).hexdigest()
    write(path, RELEASE_2, INLINE, (key, "size", b"\x05"))
    (workspace / "f.txt").write_text("hello")

    def size(path: str) -> int:
        raise AssertionError("ran")

    assert bs.Spot("app").mark(input_key_fn=bs.KeyGen.from_file_content)(size)("f.txt") == 5


def test_a_copied_file_gives_the_same_hits(old: Path) -> None:
    with closing(SQLiteTaskDB(old)) as source, closing(SQLiteTaskDB("new.db")) as target:
        assert migrate(source, target).tasks == 2
    with bs.Spot("app", db="new.db") as spot:
        marked = spot.mark(add)
        assert (marked(1, 2), marked(2, 3)) == (3, 5)


def test_a_generator_takes_no_row_of_a_function_of_its_name(old: Path):
    def add(a: int, b: int) -> Iterator[int]:
        yield a + b

    assert list(bs.Spot("app").mark(add)(1, 2)) == [3]


@pytest.mark.parametrize(
    "clear",
    [
        lambda spot, marked: marked.cache_clear(),
        lambda spot, marked: spot.invalidate(function=marked),
        lambda spot, marked: spot.invalidate(function=add),
        lambda spot, marked: spot.invalidate(function="add"),
    ],
)
def test_what_clears_a_function_clears_its_old_rows(old: Path, clear: Any):
    spot = bs.Spot("app")
    marked = spot.mark(add)
    assert marked(1, 2) == 3
    assert clear(spot, marked) == 2
    with pytest.raises(AssertionError, match="ran"):
        marked(2, 3)


def test_old_rows_that_another_function_has_stay_when_one_of_its_name_is_cleared(old: Path):
    spot = bs.Spot("app")
    marked = spot.mark(add)
    assert marked(1, 2) == 3

    def other(a: int, b: int) -> int:
        return 33

    other.__name__ = "add"
    with pytest.warns(bs.LegacyNameWarning, match="belong to"):
        assert spot.mark(other).cache_clear() == 0
    assert spot.invalidate(function=marked, older_than="7d") == 0
    assert marked(2, 3) == 5


def test_an_adopted_row_keeps_its_age_and_expires_when_it_would_have(old: Path):
    written = sqlite3.connect(old)
    written.execute("UPDATE tasks SET updated_at = '2026-01-01 00:00:00'")
    written.commit()
    written.close()
    clock = FrozenClock(datetime(2026, 1, 30, tzinfo=UTC).timestamp())
    marked = bs.Spot("app", clock=clock).mark(ttl="30d")(add)
    assert marked(1, 2) == 3
    clock.advance(2 * 86_400)
    assert not marked.is_cached(1, 2)


def test_an_adopted_row_is_as_old_as_its_old_row_when_one_asks_for_the_older(old: Path):
    clock = FrozenClock(4_000_000_000.0)
    spot = bs.Spot("app", clock=clock)
    assert spot.mark(add)(1, 2) == 3
    spot.mark(lambda: 1)()
    assert spot.invalidate(older_than="1d") == 2
