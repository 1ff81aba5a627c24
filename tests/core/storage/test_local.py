import os
import resource
import shutil
import stat
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from beautyspot.errors import StorageError
from beautyspot.storage import LocalStorage
from beautyspot.testing.blob_storage import BlobStorageContract

KEY = "0a" * 32


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "blobs")


class TestLocalStorage(BlobStorageContract):
    @pytest.fixture(params=["normal", "full"])
    def storage(self, tmp_path: Path, request: pytest.FixtureRequest) -> LocalStorage:
        return LocalStorage(tmp_path / "blobs", durability=request.param)


def files(storage: LocalStorage) -> list[str]:
    return sorted(str(path.relative_to(storage.root)) for path in Path(storage.root).rglob("*") if path.is_file())


def test_a_location_is_relative_and_sharded_by_the_key(storage: LocalStorage):
    location = storage.save(KEY, b"data")
    shard, _, name = location.partition("/")
    assert (shard, name[:65], len(name)) == ("0a", KEY + ".", 64 + 1 + 8 + 4)
    assert files(storage) == [location]


def test_nothing_is_made_before_the_first_save(storage: LocalStorage):
    assert not Path(storage.root).exists()


def test_files_and_folders_are_the_owners_alone(tmp_path: Path):
    storage = LocalStorage(tmp_path / "new" / "deep" / "blobs")
    path = Path(storage.root) / storage.save(KEY, b"secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in list(path.parents)[:4]} == {0o700}


def test_a_relative_root_does_not_follow_the_working_directory(workspace: Path):
    storage = LocalStorage("blobs")
    location = storage.save(KEY, b"data")
    Path("elsewhere").mkdir()
    os.chdir("elsewhere")
    assert storage.load(location) == b"data"
    assert storage.root == str(workspace / "blobs")


def test_a_moved_store_keeps_its_blobs(storage: LocalStorage, tmp_path: Path):
    location = storage.save(KEY, b"data")
    shutil.move(storage.root, tmp_path / "moved")
    assert LocalStorage(tmp_path / "moved").load(location) == b"data"


def test_a_removed_root_is_made_again(storage: LocalStorage):
    storage.save(KEY, b"old")
    shutil.rmtree(storage.root)
    assert storage.load(storage.save(KEY, b"new")) == b"new"


@pytest.mark.parametrize("name", ["f" * 32 + ".bin", "e" * 64 + ".bin"])
def test_flat_blobs_of_earlier_releases_are_read_and_listed(storage: LocalStorage, name: str):
    Path(storage.root).mkdir()
    (Path(storage.root) / name).write_bytes(b"old")
    assert storage.load(name) == b"old"
    assert [info.location for info in storage.iter_keys()] == [name]


def test_an_absolute_location_inside_the_root_is_read(storage: LocalStorage, tmp_path: Path):
    location = storage.save(KEY, b"data")
    (tmp_path / "link").symlink_to(storage.root)
    assert storage.load(f"{storage.root}/{location}") == b"data"
    assert LocalStorage(tmp_path / "link").load(f"{storage.root}/{location}") == b"data"


@pytest.mark.parametrize(
    "location", ["{0}/../secret", "{0}2/secret", "{0}", "{0}/", "x/{0}/secret", "/", "//secret", None, 7, b"x"]
)
def test_a_location_outside_the_root_is_refused(storage: LocalStorage, location: object):
    storage.save(KEY, b"data")
    Path(storage.root, "../secret").write_bytes(b"")
    where = location.format(storage.root) if isinstance(location, str) else location
    for method in (storage.load, storage.open, storage.delete):
        with pytest.raises(StorageError, match="not inside the storage"):
            method(where)  # type: ignore[arg-type]


def test_a_symlink_that_leads_out_is_refused(storage: LocalStorage, tmp_path: Path):
    storage.save(KEY, b"data")
    (tmp_path / "secret.bin").write_bytes(b"secret")
    (tmp_path / "blobs2").mkdir()
    (tmp_path / "blobs2" / "secret.bin").write_bytes(b"secret")
    Path(storage.root, "ff").symlink_to(tmp_path)
    Path(storage.root, "ee").symlink_to(tmp_path / "blobs2")
    Path(storage.root, "one.bin").symlink_to(tmp_path / "secret.bin")
    for location in ("ff/secret.bin", "ee/secret.bin", "one.bin"):
        for method in (storage.load, storage.open, storage.delete):
            with pytest.raises(StorageError, match="not inside the storage"):
                method(location)
    assert (tmp_path / "secret.bin").read_bytes() == b"secret"


def test_a_symlink_inside_the_root_is_followed(storage: LocalStorage):
    location = storage.save(KEY, b"data")
    Path(storage.root, "ff").symlink_to(Path(storage.root, "0a"))
    assert storage.load(location.replace("0a/", "ff/")) == b"data"


def test_files_of_others_are_not_listed(storage: LocalStorage):
    location = storage.save(KEY, b"data")
    others = ["model.bin", "notes.txt", "0a/x.bin", "0a/a.12345678.bin", f"ab/{location[3:]}", f"app/{'f' * 32}.bin"]
    for other in others:
        Path(storage.root, other).parent.mkdir(exist_ok=True)
        Path(storage.root, other).write_bytes(b"")
    Path(storage.root, "0a", location[3:-12] + "87654321.bin").symlink_to("x.bin")
    assert [info.location for info in storage.iter_keys()] == [location]
    assert list(storage.iter_unfinished()) == []


def test_half_written_files_are_listed_apart_and_can_be_deleted(storage: LocalStorage):
    location = storage.save(KEY, b"data")
    unfinished = [location.replace(".bin", ".tmp"), "f" * 32 + ".bin.tmp", "tmpabc.spot_tmp"]
    for name in unfinished:
        Path(storage.root, name).write_bytes(b"ha")
    assert [info.location for info in storage.iter_keys()] == [location]
    assert sorted(info.location for info in storage.iter_unfinished()) == sorted(unfinished)
    for name in unfinished:
        storage.delete(name)
    assert files(storage) == [location]


def test_blobs_may_be_deleted_while_they_are_listed(storage: LocalStorage):
    for number in range(300):
        storage.save(f"{number % 5:02}" * 16, b"")
    for info in storage.iter_keys():
        storage.delete(info.location)
    assert files(storage) == []


@pytest.mark.parametrize("bad", ["text", None])
def test_a_write_that_fails_leaves_nothing(storage: LocalStorage, bad: object):
    with pytest.raises(TypeError):
        storage.save_parts(KEY, [b"x" * 100_000, bad])  # type: ignore[list-item]
    assert files(storage) == []


def test_a_file_size_limit_is_a_storage_error_and_leaves_nothing(storage: LocalStorage):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StorageError, match=r"can't write blob .*File too large; raise the limit on file sizes"):
            storage.save(KEY, b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(storage) == []


def test_a_root_that_is_a_file_is_a_storage_error(storage: LocalStorage):
    Path(storage.root).write_bytes(b"")
    with pytest.raises(StorageError, match="can't write blob"):
        storage.save(KEY, b"data")
    with pytest.raises(StorageError):
        list(storage.iter_keys())


def test_a_folder_at_a_location_is_a_storage_error(storage: LocalStorage):
    storage.save(KEY, b"data")
    for method in (storage.load, storage.open, storage.delete):
        with pytest.raises(StorageError, match="0a"):
            method("0a")


def test_a_lost_blob_is_a_storage_error_that_says_so(storage: LocalStorage):
    location = storage.save(KEY, b"data")
    Path(storage.root, location).unlink()
    with pytest.raises(StorageError, match="deleted by hand or by another program"):
        storage.load(location)


SAVE_ONE = """
import sys
from beautyspot.errors import StorageError
from beautyspot.storage import LocalStorage
try:
    LocalStorage(sys.argv[1]).save(sys.argv[2], b"data")
except StorageError as error:
    print(error)
"""


def test_a_folder_that_is_not_ours_is_a_storage_error(storage: LocalStorage, without_power: Callable[..., str]):
    storage.save(KEY, b"data")
    Path(storage.root, "0a").chmod(0o500)
    assert "make the folder yours" in without_power(SAVE_ONE, str(storage.root), KEY)


def test_a_big_value_is_neither_joined_nor_copied(storage: LocalStorage):
    parts = [b"x" * 8_000_000] * 4
    storage.save(KEY, b"")
    tracemalloc.start()
    try:
        location = storage.save_parts(KEY, parts)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.reset_peak()
        assert len(storage.load(location)) == 32_000_000
        assert tracemalloc.get_traced_memory()[1] < 33_000_000
    finally:
        tracemalloc.stop()
