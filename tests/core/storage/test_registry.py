import subprocess
import sys
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


@pytest.mark.parametrize("spec", ["a\0b", Path("a\0b"), "file:///a%00b"])
def test_a_folder_that_no_blob_could_be_kept_in_is_refused_at_once(spec: str | Path):
    with pytest.raises(ConfigurationError, match=r"'.*a\\x00b' has a null character"):
        create_storage(spec)


def test_memory_is_a_storage_of_its_own_each_time():
    one, two = create_storage("memory://"), create_storage("memory://", durability="full")
    assert isinstance(one, MemoryStorage)
    assert isinstance(two, MemoryStorage)
    assert one is not two


def test_a_storage_passes_through():
    storage = MemoryStorage()
    assert create_storage(storage, durability="full") is storage


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://host/db", "ftp://host/x", "http://host/x", "az:/x", "s3-like://x"]
)
def test_an_unknown_scheme_is_refused_and_never_a_folder(workspace: Path, url: str):
    with pytest.raises(
        ConfigurationError, match=r"unknown storage scheme '[\w+-]+' in .*gs://, memory://, s3://.*'beauty"
    ):
        create_storage(url)
    assert list(workspace.iterdir()) == []


AZURE_BLOBS = """
from beautyspot.storage import MemoryStorage

class Blobs(MemoryStorage):
    pass

class Hasty(MemoryStorage):
    @classmethod
    def from_url(cls, url):
        return cls()

class Half:
    @classmethod
    def from_url(cls, url, **options):
        return cls()

def function():
    pass
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with a storage of its own, and others that are broken."""
    info = tmp_path / "azure_blobs-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: azure-blobs\nVersion: 1\n")
    schemes = {"az": "Blobs", "az-2": "Blobs", "nothing": "Nothing", "hasty": "Hasty", "half": "Half", "fn": "function"}
    entries = "".join(f"{scheme} = azure_blobs:{name}\n" for scheme, name in schemes.items())
    (info / "entry_points.txt").write_text(f"[beautyspot.storage]\n{entries}")
    (tmp_path / "azure_blobs.py").write_text(AZURE_BLOBS)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("scheme", ["az", "az-2"])
def test_an_installed_package_may_bring_a_scheme(scheme: str):
    assert type(create_storage(f"{scheme}://container/prefix", durability="full")).__name__ == "Blobs"


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("scheme", "what"),
    [
        ("nothing", r"'azure_blobs:Nothing' for nothing:// can't be made \(Attr.*; .* mend the package"),
        ("hasty", r"'azure_blobs:Hasty' for hasty:// can't be made \(TypeError: .*durability"),
        ("fn", r"'azure_blobs:function' for fn:// can't be made \(AttributeError: .*from_url"),
        ("half", "<Half object> has no save, load, open, delete, iter_keys"),
    ],
)
def test_a_broken_package_is_named(scheme: str, what: str):
    with pytest.raises(ConfigurationError, match=what):
        create_storage(f"{scheme}://container", durability="normal")


@pytest.mark.parametrize(("url", "extra"), [("s3://bucket/prefix", "s3"), ("gs://bucket/prefix", "gcs")])
def test_a_missing_library_is_named_with_the_extra_that_brings_it(url: str, extra: str):
    code = f"""
import sys
sys.modules["boto3"] = sys.modules["google.cloud.storage"] = None  # as if it were not installed
import beautyspot as bs
try:
    bs.Spot("x", storage={url!r})
except bs.ConfigurationError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == f"{url!r} needs an extra; pip install 'beautyspot[{extra}]'\n"


@pytest.mark.parametrize("url", ["file:/data", "file:data", "memory:", "file://host/data", "gs:/bucket", "s3:"])
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
