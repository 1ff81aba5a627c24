"""S3, as moto plays it and as the gateway of juicefs does."""

import os
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from beautyspot.errors import ConfigurationError, StorageError
from beautyspot.storage import S3Storage
from beautyspot.storage.locations import new_location
from beautyspot.storage.s3_upload import MULTIPART_BYTES, put
from beautyspot.testing import BlobStorageContract
from botocore.config import Config
from botocore.exceptions import ClientError
from servers.object_stores import SECRET, ObjectStore
from servers.proxy import FaultyProxy

pytestmark = pytest.mark.external_service
KEY = "0a" * 32


@pytest.fixture
def storage(moto: ObjectStore) -> S3Storage:
    return S3Storage(f"s3://{moto.new_bucket()}/some/prefix", **moto.options())


class TestMoto(BlobStorageContract):
    @pytest.fixture
    def storage(self, moto: ObjectStore) -> S3Storage:
        return S3Storage(f"s3://{moto.new_bucket()}/some/prefix", client=moto.client)


class TestJuiceFS(BlobStorageContract):
    @pytest.fixture
    def storage(self, juicefs: ObjectStore) -> S3Storage:
        return S3Storage(f"s3://{juicefs.new_bucket()}", client=juicefs.client)


@pytest.mark.parametrize("size_bytes", [MULTIPART_BYTES, MULTIPART_BYTES + 1])
def test_a_big_blob_goes_in_parts_and_comes_back_whole(moto: ObjectStore, storage: S3Storage, size_bytes: int):
    parts = [os.urandom(MULTIPART_BYTES), b"!" * (size_bytes - MULTIPART_BYTES)]
    location = storage.save_parts(KEY, parts)
    with storage.open(location) as stream:
        assert stream.read() == b"".join(parts)
    head = moto.client.head_object(Bucket=storage.bucket.name, Key=f"some/prefix/{location}")
    assert head["ETag"].strip('"').partition("-")[2] == ("5" if size_bytes > MULTIPART_BYTES else "")


@pytest.mark.parametrize("size_bytes", [5, MULTIPART_BYTES + 1])
def test_no_object_is_written_over(moto: ObjectStore, storage: S3Storage, size_bytes: int):
    location = storage.save(KEY, b"first")
    place = {"Bucket": storage.bucket.name, "Key": f"some/prefix/{location}"}
    with pytest.raises(ClientError, match="PreconditionFailed"):
        put(moto.client, place, [memoryview(bytes(size_bytes))], condition={"IfNoneMatch": "*"})
    assert storage.load(location) == b"first"
    assert list(storage.iter_unfinished()) == []


def test_an_upload_that_was_left_can_be_found_and_removed(moto: ObjectStore, storage: S3Storage):
    place = {"Bucket": storage.bucket.name, "Key": "some/prefix/" + new_location(KEY)}
    moto.client.create_multipart_upload(**place)
    (left,) = storage.iter_unfinished()
    assert list(storage.iter_keys()) == []
    storage.delete(left.location)
    assert list(storage.iter_unfinished()) == []
    storage.delete(left.location)


def test_an_interrupted_upload_is_taken_back(storage: S3Storage):
    with pytest.raises(TypeError):
        storage.save_parts(KEY, [bytes(MULTIPART_BYTES), 7])  # type: ignore[list-item]
    assert list(storage.iter_keys()) == list(storage.iter_unfinished()) == []


@pytest.mark.parametrize(
    ("options", "known"),
    [({"enpoint_url": "x"}, "known: api_version, .*endpoint_url"), ({"client": 1, "verify": 0}, "none")],
)
def test_options_that_nobody_knows_are_refused_at_once(options: dict[str, Any], known: str):
    with pytest.raises(ConfigurationError, match=rf"got the options \['(enpoint_url|verify)'\]; .*{known}"):
        S3Storage("s3://bucket", **options)


def test_a_config_of_ones_own_changes_what_it_names():
    storage = S3Storage("s3://bucket", config=Config(read_timeout=99), region_name="us-east-1")
    config = storage._client().meta.config
    assert (config.read_timeout, config.connect_timeout, config.retries["total_max_attempts"]) == (99, 5, 3)


FAULTS = [
    ({"aws_secret_access_key": "wrong"}, "SignatureDoesNotMatch: .*; check AWS_ACCESS_KEY_ID"),
    ({"aws_access_key_id": "nobody"}, "InvalidAccessKeyId: .*; check AWS_ACCESS_KEY_ID"),
    ({"endpoint_url": "http://127.0.0.1:1"}, "EndpointConnectionError: .*; check the network and the endpoint"),
    ({"endpoint_url": "nonsense"}, "ValueError: Invalid endpoint: .*; check the network and the endpoint"),
]


@pytest.mark.parametrize(("changes", "message"), FAULTS)
def test_each_fault_says_what_to_do_and_no_secret(juicefs: ObjectStore, changes: dict[str, Any], message: str):
    config = Config(retries={"total_max_attempts": 1})
    storage = S3Storage(f"s3://{juicefs.new_bucket()}", config=config, **juicefs.options(**changes))
    for attempt in (lambda: storage.save(KEY, b"data"), lambda: list(storage.iter_keys())):
        with pytest.raises(StorageError, match=message) as raised:
            attempt()
        assert SECRET not in f"{raised.value!r}{storage!r}"


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, juicefs: ObjectStore):
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    storage = S3Storage("s3://bucket", endpoint_url=juicefs.options()["endpoint_url"])
    with pytest.raises(StorageError, match=r"NoCredentialsError: .*; set AWS_ACCESS_KEY_ID"):
        storage.save(KEY, b"data")


@pytest.mark.parametrize("size_bytes", [100_000, 20_000_000])
def test_an_answer_that_breaks_off_is_asked_for_again(moto: ObjectStore, size_bytes: int):
    with FaultyProxy("127.0.0.1", moto.port) as proxy:
        storage = S3Storage(f"s3://{moto.new_bucket()}", **moto.options(endpoint_url=f"http://127.0.0.1:{proxy.port}"))
        location = storage.save(KEY, bytes(size_bytes))
        proxy.cut_after(size_bytes // 2, once=True)
        assert storage.load(location) == bytes(size_bytes)


@pytest.mark.parametrize("operation", ["load", "save"])
def test_a_network_that_is_back_in_half_a_second_is_no_failure(moto: ObjectStore, operation: str):
    with FaultyProxy("127.0.0.1", moto.port) as proxy:
        storage = S3Storage(f"s3://{moto.new_bucket()}", **moto.options(endpoint_url=f"http://127.0.0.1:{proxy.port}"))
        location = storage.save(KEY, b"data")
        proxy.reset()
        back = Timer(0.4, proxy.heal)
        back.start()
        try:
            assert storage.load(location if operation == "load" else storage.save(KEY, b"data")) == b"data"
        finally:
            back.join()


def requests_of(storage: S3Storage) -> list[str]:
    """Return a list that fills with the names of the operations that the storage asks for."""
    asked: list[str] = []
    events = storage._client().meta.events
    events.register("before-send.s3", lambda event_name, **_: asked.append(event_name.rpartition(".")[2]))
    return asked


def test_many_blobs_are_deleted_by_one_request(storage: S3Storage):
    locations = [storage.save(KEY, b"data") for _ in range(30)]
    asked = requests_of(storage)
    assert storage.delete_many([*locations[1:], new_location(KEY)]) == []
    assert asked == ["DeleteObjects"]
    assert [blob.location for blob in storage.iter_keys()] == locations[:1]


def test_uploads_and_what_is_outside_go_or_stay_on_their_own(moto: ObjectStore, storage: S3Storage):
    moto.client.create_multipart_upload(Bucket=storage.bucket.name, Key="some/prefix/" + new_location(KEY))
    (left,) = storage.iter_unfinished()
    location = storage.save(KEY, b"data")
    assert storage.delete_many([location, left.location, "../other.bin"]) == ["../other.bin"]
    assert [*storage.iter_keys(), *storage.iter_unfinished()] == []


def test_a_server_that_deletes_one_at_a_time_is_asked_so(juicefs: ObjectStore):
    storage = S3Storage(f"s3://{juicefs.new_bucket()}", **juicefs.options())
    for _ in range(2):
        locations = [storage.save(KEY, b"data") for _ in range(3)]
        assert storage.delete_many(locations) == []
        asked = requests_of(storage)
    assert list(storage.iter_keys()) == []
    assert storage.delete_many([new_location(KEY)]) == []
    assert asked.count("DeleteObjects") == 0 < asked.count("DeleteObject")


@pytest.mark.parametrize("error", [{"Code": "InternalError"}, {"Code": "InternalError", "Key": "some%2Fother"}])
def test_blobs_are_deleted_one_by_one_where_a_server_doesnt_say_which_it_left(
    storage: S3Storage, error: dict[str, str]
):
    locations = [storage.save(KEY, b"data") for _ in range(3)]
    events = storage._client().meta.events
    events.register("after-call.s3.DeleteObjects", lambda parsed, **_: parsed.update(Errors=[error]))
    asked = requests_of(storage)
    assert storage.delete_many(locations) == []
    assert asked == ["DeleteObjects", *["DeleteObject"] * 3]


def test_what_the_server_refuses_to_delete_is_told(moto: ObjectStore, storage: S3Storage):
    moto.client.put_bucket_versioning(Bucket=storage.bucket.name, VersioningConfiguration={"Status": "Enabled"})
    location = storage.save(KEY, b"data")
    assert storage.delete_many([location]) == []  # a marker is put over it
    storage.bucket = storage.bucket._replace(name="nowhere")
    with pytest.raises(StorageError, match=r"NoSuchBucket: .*; make the bucket"):
        storage.delete_many([location])
