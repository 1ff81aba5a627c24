import pytest
from beautyspot.errors import ConfigurationError, StorageError
from beautyspot.storage.buckets import Bucket, told

BUCKET = Bucket.of("s3://bucket/some/prefix/", "s3")
LOCATION = "0a/" + "0a" * 16 + ".12345678.bin"


@pytest.mark.parametrize("url", ["s3://bucket", "s3://bucket/"])
def test_a_prefix_may_be_left_out(url: str):
    assert Bucket.of(url, "s3") == ("s3", "bucket", "")


@pytest.mark.parametrize("url", ["s3://", "s3:///x", "gs://bucket", "s3://b/../x", "s3://b/x//y"])
def test_a_url_that_names_no_place_is_refused(url: str):
    with pytest.raises(ConfigurationError, match="write 's3://bucket'"):
        Bucket.of(url, "s3")


@pytest.mark.parametrize(
    ("url", "mark"),
    [("s3://b/my data", "a space"), ("s3://b c", "a space"), ("s3://b?x=1", r"'\?'"), ("s3://b/\n", r"'\\n'")],
)
def test_a_mark_that_no_place_may_have_is_named(url: str, mark: str):
    with pytest.raises(ConfigurationError, match=f"has {mark} in it; write 's3://bucket/prefix' without it"):
        Bucket.of(url, "s3")


def test_credentials_in_a_url_are_refused_and_not_shown():
    with pytest.raises(ConfigurationError, match="credentials") as raised:
        Bucket.of("s3://me:sesame@bucket/prefix", "s3")
    assert "sesame" not in str(raised.value)


def test_a_location_may_be_relative_or_a_url_as_earlier_releases_wrote_it():
    name = f"some/prefix/{LOCATION}"
    assert BUCKET.object_at(LOCATION) == BUCKET.object_at(f"s3://bucket/{name}") == name


@pytest.mark.parametrize(
    "location",
    [
        "s3://other/some/prefix/x",
        "s3://bucket/x",
        "s3://bucket/some/prefix/../x",
        "s3://bucket/some/prefix",
        "/x",
        7,
        None,
    ],
)
def test_a_location_from_outside_is_refused(location: object):
    with pytest.raises(StorageError, match="is not inside the storage 's3://bucket/some/prefix'; the row"):
        BUCKET.object_at(location)


def test_objects_of_others_are_no_blobs():
    assert BUCKET.location_of(f"some/prefix/{LOCATION}") == LOCATION
    assert BUCKET.location_of(f"some/prefix/{'f' * 64}.bin") == f"{'f' * 64}.bin"  # of an earlier release
    assert [BUCKET.location_of(f"some/prefix/{name}") for name in ("model.bin", "a/b/c", f"x/{LOCATION}", "")] == [
        None
    ] * 4


def test_a_password_in_a_url_is_not_told_nor_more_than_a_line():
    assert told("can't reach\n  http://me:sesame@host/x") == "can't reach http://…@host/x"
    assert len(told("x" * 1000)) == 300
