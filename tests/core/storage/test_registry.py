from pathlib import Path

import pytest
from beautyspot.errors import ConfigurationError
from beautyspot.storage import SCHEMES, LocalStorage, MemoryStorage, create_storage


@pytest.mark.parametrize("make", [str, Path, lambda path: f"file://{path}", lambda path: f"file://localhost{path}"])
def test_a_path_or_a_file_url_is_a_folder(tmp_path: Path, make: type[str]):
    storage = create_storage(make(tmp_path / "blobs"))
    assert isinstance(storage, LocalStorage)
    assert storage.root == str(tmp_path / "blobs")


def test_a_file_url_may_hold_escapes(tmp_path: Path):
    storage = create_storage(f"file://{tmp_path}/my%20blobs")
    assert isinstance(storage, LocalStorage)
    assert storage.root == f"{tmp_path}/my blobs"


def test_memory_is_a_storage_of_its_own_each_time():
    one, two = create_storage("memory://"), create_storage("memory://", durability="full")
    assert isinstance(one, MemoryStorage)
    assert isinstance(two, MemoryStorage)
    assert one is not two


def test_a_storage_passes_through():
    storage = MemoryStorage()
    assert create_storage(storage, durability="full") is storage


@pytest.mark.parametrize(
    "url", ["gs:/bucket/prefix", "s3://bucket/prefix", "postgresql+psycopg://host/db", "ftp://host/x", "http://host/x"]
)
def test_an_unknown_scheme_is_refused_and_never_a_folder(workspace: Path, url: str):
    with pytest.raises(ConfigurationError, match=r"unknown storage scheme '[\w+]+' in .* this machine only: .*file://"):
        create_storage(url)
    assert list(workspace.iterdir()) == []


@pytest.mark.parametrize("url", ["file:/data", "file:data", "memory:", "file://host/data"])
def test_a_url_written_wrong_is_refused_with_the_right_form(url: str):
    with pytest.raises(ConfigurationError, match="://"):
        create_storage(url)


@pytest.mark.parametrize("path", ["C:/data", "a:b", "./gs:", "12:30 notes", "~/blobs"])
def test_a_colon_in_a_path_makes_no_url(path: str):
    assert isinstance(create_storage(path), LocalStorage)


def test_a_thing_that_is_no_storage_is_refused_with_what_it_lacks():
    with pytest.raises(ConfigurationError, match="has no save, load, open, delete, iter_keys"):
        create_storage(42)  # type: ignore[arg-type]


def test_options_that_a_storage_does_not_take_are_named(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"\['endpoint'\]"):
        create_storage(tmp_path, endpoint="x")


def test_options_that_were_never_given_are_not_named(tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"options \['endpoint'\]"):
        create_storage(tmp_path, durability="normal", endpoint="x")


def test_an_unknown_durability_is_refused(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="unknown durability 'some'; known: 'normal', 'full'"):
        create_storage(tmp_path, durability="some")


def test_every_scheme_makes_a_storage():
    assert all(hasattr(create_storage(f"{scheme}:///tmp"), "save") for scheme in ("file", "memory"))
    assert {"file", "memory"} <= set(SCHEMES)
