import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.generation import NOWHERE, Generation
from beautyspot.testing.task_db import task


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    with closing(SQLiteTaskDB(tmp_path / "a.db")) as db:
        db.put(task())
        yield tmp_path / "a.db"


def opened(path: Path) -> Generation:
    generation = Generation(str(path))
    assert generation.open()
    return generation


def test_every_map_shows_what_another_wrote(path: Path) -> None:
    one, two = opened(path), opened(path)
    assert one.view[0] == two.view[0]
    seen = {one.view[0]}
    for writer in (one, two, Generation(str(path))):
        writer.renew()
        assert one.view[0] == two.view[0]
        seen.add(one.view[0])
    assert len(seen) == 4


def test_two_who_renew_at_once_write_two_numbers(path: Path) -> None:
    one, file = opened(path), Path(f"{path}-generation")
    before, numbers = file.read_bytes(), set[int]()
    for _ in range(2):
        file.write_bytes(before)  # as each of the two may have found it
        one.renew()
        numbers.add(opened(path).view[0])
    assert len(numbers) == 2


def test_a_name_and_a_link_to_it_have_one_file(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    one, two = opened(path), opened(link)
    one.renew()
    assert one.view[0] == two.view[0]


def test_renewing_changes_this_process_even_where_there_is_no_file(path: Path) -> None:
    generation = Generation(str(path))
    before = generation.salt
    generation.renew()
    assert generation.salt != before
    assert not Path(f"{path}-generation").exists()


def test_without_a_database_no_file_is_left(tmp_path: Path) -> None:
    generation = Generation(str(tmp_path / "none.db"))
    assert not generation.open()
    assert generation.view is NOWHERE
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o600, 0o660])
def test_who_may_write_the_database_may_write_the_file(path: Path, mode: int) -> None:
    path.chmod(mode)
    opened(path)
    assert Path(f"{path}-generation").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("size_bytes", [0, 1, 7])
def test_a_file_that_was_left_short_is_filled(path: Path, size_bytes: int) -> None:
    Path(f"{path}-generation").write_bytes(bytes(size_bytes))
    one = opened(path)
    assert Path(f"{path}-generation").stat().st_size == 8
    assert one.view[0]


def test_a_file_that_is_there_keeps_its_number(path: Path) -> None:
    before = opened(path).view[0]
    assert opened(path).view[0] == before


def replace(file: Path) -> None:
    file.with_name("new").write_bytes(os.urandom(8))
    file.with_name("new").rename(file)


@pytest.mark.parametrize("loss", [Path.unlink, replace, lambda file: os.truncate(file, 0)])
def test_a_file_that_is_gone_is_not_in_place(path: Path, loss: Any) -> None:
    generation = opened(path)
    assert generation.is_in_place()
    loss(Path(f"{path}-generation"))
    assert not generation.is_in_place()
    assert generation.open()
    assert generation.is_in_place()


UNWRITABLE = """
import sys
from beautyspot.db import SQLiteTaskDB
from beautyspot.db.generation import Generation
print(Generation(sys.argv[1]).open())
db = SQLiteTaskDB(sys.argv[1])
print([db.get("0a" * 16).result_data for _ in range(4)])
"""


@pytest.mark.parametrize("has_file", [False, True])
def test_where_it_cannot_be_written_there_is_none_and_rows_are_read(
    path: Path, has_file: bool, without_power: Any
) -> None:
    if has_file:
        opened(path)
        Path(f"{path}-generation").chmod(0o400)
    path.parent.chmod(0o500)
    try:
        assert without_power(UNWRITABLE, str(path)).split("\n", 1) == ["False", repr([b"\x01"] * 4) + "\n"]
    finally:
        path.parent.chmod(0o700)
