"""Object stores that fail: the caller gets its result, one warning says what to do, and what was kept stays whole."""

import gc
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import beautyspot as bs
import pytest
from beautyspot.blobs import Blobs
from beautyspot.catalog import Catalog
from beautyspot.maintenance import repair, verify
from beautyspot.maintenance.verify import MOST_UNREACHABLE
from beautyspot.storage import GCSStorage, S3Storage
from beautyspot.system_clock import SystemClock
from botocore.config import Config
from servers.object_stores import ObjectStore, juicefs_gateway
from servers.programs import free_port
from servers.proxy import FaultyProxy

pytestmark = pytest.mark.external_service
ONCE = Config(retries={"total_max_attempts": 1})
HASTE = ONCE.merge(Config(connect_timeout=0.3, read_timeout=0.3))
"""For stalls only: a store that works may take longer on a busy machine."""


def value_of(n: int) -> bytes:
    return bytes([n % 256]) * 100_000


class Scene:
    """A function whose results go to an object store through a faulty network."""

    def __init__(self, folder: Path, storage: Any, hasty: Any = None) -> None:
        self.folder, self.storage, self.hasty, self.runs = folder, storage, hasty or storage, list[int]()

    def begin(self, fault: str, proxy: FaultyProxy) -> str:
        """Let the network fail from now on, and return what the warning has to advise."""
        self.storage = self.hasty if fault == "stall" else self.storage
        begin, advice = FAULTS[fault]
        begin(proxy)
        return advice

    def new(self) -> Any:
        def answer(n: int) -> bytes:
            self.runs.append(n)
            return value_of(n)

        return bs.Spot("test", db=self.folder / "a.db", storage=self.storage).mark(ignore=("self",))(answer)

    def told(self, answer: Any, *numbers: int) -> list[str]:
        """Call with each number, which must give its value, and return what is warned of."""
        with warnings.catch_warnings(record=True) as given:
            warnings.simplefilter("always")
            assert all(answer(n) == value_of(n) for n in numbers)
        return [str(each.message) for each in given if issubclass(each.category, bs.CacheWarning)]


@pytest.fixture
def proxy(moto: ObjectStore) -> Iterator[FaultyProxy]:
    with FaultyProxy("127.0.0.1", moto.port) as proxy:
        yield proxy


@pytest.fixture
def scene(tmp_path: Path, moto: ObjectStore, proxy: FaultyProxy) -> Scene:
    options = moto.options(endpoint_url=f"http://127.0.0.1:{proxy.port}")
    uri = f"s3://{moto.new_bucket()}"
    return Scene(tmp_path, S3Storage(uri, config=ONCE, **options), hasty=S3Storage(uri, config=HASTE, **options))


FAULTS: dict[str, tuple[Callable[[FaultyProxy], None], str]] = {
    "reset": (FaultyProxy.reset, "check the network and the endpoint"),
    "stall": (FaultyProxy.stall, "check the network and the endpoint"),
    "half an answer": (lambda proxy: proxy.cut_after(60), "check the network and the endpoint"),
    "500": (FaultyProxy.answer_500, "the service is in trouble"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_result_that_the_store_does_not_take_is_kept_in_its_row(scene: Scene, proxy: FaultyProxy, fault: str):
    advice = scene.begin(fault, proxy)
    (warning,) = scene.told(scene.new(), 1, 2)
    assert advice in warning
    assert "kept in the database row instead" in warning
    assert scene.told(scene.new(), 1, 2) == []
    assert scene.runs == [1, 2]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_result_that_the_store_does_not_give_is_a_counted_miss(scene: Scene, proxy: FaultyProxy, fault: str):
    scene.new()(1)
    advice = scene.begin(fault, proxy)
    answer = scene.new()
    warning, *others = scene.told(answer, 1)
    assert (advice in warning, "could not be read" in warning, scene.runs) == (True, True, [1, 1])
    assert all("kept in the database row" in other for other in others)
    assert answer.cache_info().misses == 1


def test_a_store_that_comes_back_takes_results_again(scene: Scene, proxy: FaultyProxy):
    answer = scene.new()
    scene.told(answer, 0)  # who loads boto3 on a busy machine takes long enough to seem stalled
    proxy.reset()
    scene.told(answer, 1)
    assert list(scene.told(answer, 1)) == []
    proxy.heal()
    assert scene.told(answer, 2) == []
    assert [info.size_bytes > 100_000 for info in scene.storage.iter_keys()] == [True] * 2


def test_a_store_is_asked_again_soon_after_it_is_back(moto: ObjectStore, proxy: FaultyProxy):
    options = moto.options(endpoint_url=f"http://127.0.0.1:{proxy.port}")
    blobs = Blobs(S3Storage(f"s3://{moto.new_bucket()}", **options), SystemClock())
    location = blobs.save("a" * 32, [b"paid"])
    proxy.reset()
    for reason in ("can't read blob", "the storage rests"):
        with pytest.raises(bs.StorageError, match=reason):
            blobs.load(location)
    proxy.heal()
    deadline_s = time.monotonic() + 5  # the failure took two
    while time.monotonic() < deadline_s:
        with suppress(bs.StorageError):
            assert blobs.load(location) == b"paid"
            return
    pytest.fail("nobody asks a store that is well")


def test_an_outage_ends_a_verification_and_a_repair_and_calls_nothing_damaged(scene: Scene, proxy: FaultyProxy):
    scene.told(scene.new(), *range(6))
    path = scene.folder / "a.db"
    proxy.answer_500()
    with Catalog.open(path) as catalog:
        found = verify(catalog, [scene.storage])
    assert (found.damaged, found.is_sound, found.is_whole) == ((), False, False)
    assert (found.tasks, len(found.unreachable)) == (MOST_UNREACHABLE, MOST_UNREACHABLE)
    with pytest.raises(bs.StorageError, match=r"results could not be read, .*nothing was changed .*; run it again"):
        repair(path, [scene.storage])
    proxy.heal()
    assert repair(path, [scene.storage]).kept == 6


def test_a_verification_goes_on_after_an_answer_that_was_lost(scene: Scene, proxy: FaultyProxy):
    scene.told(scene.new(), *range(6))
    proxy.cut_after(60, once=True)
    with Catalog.open(scene.folder / "a.db") as catalog:
        found = verify(catalog, [scene.storage])
    assert (found.tasks, found.damaged, len(found.unreachable), found.is_whole) == (6, (), 1, True)


def test_a_slow_store_is_waited_for(moto: ObjectStore, proxy: FaultyProxy, tmp_path: Path):
    options = moto.options(endpoint_url=f"http://127.0.0.1:{proxy.port}")
    scene = Scene(tmp_path, S3Storage(f"s3://{moto.new_bucket()}", **options))
    proxy.slow(300_000)
    assert scene.told(scene.new(), 1) == []
    assert scene.told(scene.new(), 1) == []
    assert scene.runs == [1]


def test_a_lost_blob_is_a_counted_miss(scene: Scene):
    scene.new()(1)
    for info in scene.storage.iter_keys():
        scene.storage.delete(info.location)
    (warning,) = scene.told(scene.new(), 1)
    assert "it was deleted by hand or by another program" in warning
    assert scene.told(scene.new(), 1) == []


@pytest.mark.parametrize(
    ("changes", "advice"),
    [({"aws_secret_access_key": "wrong"}, "check AWS_ACCESS_KEY_ID"), ({}, "make the bucket, or correct its name")],
)
def test_wrong_credentials_and_a_missing_bucket_are_told_once(
    juicefs: ObjectStore, tmp_path: Path, changes: dict[str, Any], advice: str
):
    bucket = juicefs.new_bucket() if changes else "no-such-bucket"
    scene = Scene(tmp_path, S3Storage(f"s3://{bucket}", **juicefs.options(**changes)))
    (warning,) = scene.told(scene.new(), 1, 2, 3)
    assert advice in warning
    assert scene.told(scene.new(), 1, 2, 3) == []


@pytest.fixture
def left_sockets() -> Iterator[None]:
    """Drop the sockets that google-cloud-storage leaves after an error, before they are another test's trouble."""
    yield
    gc.collect()


@pytest.mark.usefixtures("left_sockets")
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("fault", FAULTS)
def test_google_cloud_storage_that_fails_loses_nothing(
    gcs: str, gcs_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
):
    with FaultyProxy("127.0.0.1", int(gcs.rpartition(":")[2])) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{proxy.port}")
        scene = Scene(tmp_path, GCSStorage(f"gs://{gcs_bucket}"))
        scene.new()(1)
        for name, patience_s in {"RETRY_S": 0.3, "SILENCE_S": 0.3}.items():
            monkeypatch.setattr(f"beautyspot.storage.gcs.{name}", patience_s)
        scene.begin(fault, proxy)
        told = scene.told(scene.new(), 1, 2)
        assert [each for each in told if "check the network" not in each and "service is in trouble" not in each] == []
        assert 1 <= len(told) <= 2
        proxy.heal()
        assert scene.told(scene.new(), 1, 2) == []
        assert scene.runs == [1, 1, 2]


UPLOADS = """
from beautyspot.storage import S3Storage
storage = S3Storage({uri!r}, **{options!r})
storage.save("0a" * 32, bytes({size_bytes}))
"""


@pytest.mark.parametrize(("name", "size_bytes"), [("juicefs", 20_000_000), ("moto", 70_000_000)])
def test_a_writer_that_is_killed_leaves_no_half_blob(
    stage: Any, request: pytest.FixtureRequest, name: str, size_bytes: int
):
    store: ObjectStore = request.getfixturevalue(name)
    storage = S3Storage(f"s3://{store.new_bucket()}", client=store.client)
    with FaultyProxy("127.0.0.1", store.port) as proxy:
        proxy.slow(5_000_000)
        options = store.options(endpoint_url=f"http://127.0.0.1:{proxy.port}")
        writer = stage.start(UPLOADS.format(uri=storage.bucket.url, options=options, size_bytes=size_bytes))
        while proxy.asked_bytes < 2_000_000:
            assert writer.poll() is None
        writer.kill()
        writer.wait()
    assert list(storage.iter_keys()) == []
    for left in storage.iter_unfinished():
        storage.delete(left.location)
    assert list(storage.iter_unfinished()) == []


def test_a_server_that_is_killed_and_comes_back_has_every_result(tmp_path: Path):
    port = free_port()
    store = ObjectStore(port)
    (tmp_path / "server").mkdir()
    with juicefs_gateway(tmp_path / "server", port) as server:
        scene = Scene(tmp_path, S3Storage(f"s3://{store.new_bucket()}", config=ONCE, **store.options()))
        answer = scene.new()
        assert scene.told(answer, *range(20)) == []
        server.kill()
        server.wait()
        assert len(scene.told(answer, *range(20, 23))) == 1
    with juicefs_gateway(tmp_path / "server", port):
        assert scene.told(scene.new(), *range(23)) == []
    assert scene.runs == list(range(23))
