"""Puts one object into a bucket of S3, where there is none yet."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from beautyspot.storage.streams import PART_BYTES, PartsReader, in_parallel

MULTIPART_BYTES = 64 * 1024 * 1024
"""Largest blob that is sent in one request."""
MOST_PARTS = 10_000
"""Of one upload, by S3's own limits."""


def put(client: Any, place: dict[str, str], views: Sequence[memoryview], *, condition: dict[str, Any]) -> None:
    """Put the bytes of `views` at `place`, in one request or in parts that go side by side.

    Args:
        client: boto3's, whose stubs want each keyword by itself.
        place: `Bucket` and `Key`.
        views: Of single bytes.
        condition: `{"IfNoneMatch": "*"}`, or nothing for a server that knows no conditions.

    boto3's `upload_fileobj` would refuse the condition (boto3 issue 4366).
    """
    size_bytes = sum(map(len, views))
    if size_bytes <= MULTIPART_BYTES:
        client.put_object(**place, Body=PartsReader(views, 0, size_bytes), **condition)
    else:
        _put_in_parts(client, place, views, size_bytes, condition)


def _put_in_parts(
    client: Any, place: dict[str, str], views: Sequence[memoryview], size_bytes: int, condition: dict[str, Any]
) -> None:
    part_bytes = max(PART_BYTES, -(-size_bytes // MOST_PARTS))
    upload = {**place, "UploadId": client.create_multipart_upload(**place)["UploadId"]}

    def send(start: int) -> dict[str, Any]:
        number = start // part_bytes + 1
        body = PartsReader(views, start, min(start + part_bytes, size_bytes))
        return {"PartNumber": number, "ETag": client.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}

    try:
        parts = in_parallel(send, range(0, size_bytes, part_bytes))
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts}, **condition)
    except BaseException as error:  # Ctrl-C, too; re-raised
        _abort(client, upload, error)
        raise


def _abort(client: Any, upload: dict[str, str], error: BaseException) -> None:
    """Free what the parts took, unless the network is the trouble: then `iter_unfinished` finds them later."""
    from botocore.exceptions import BotoCoreError, ClientError  # loaded with the client

    if not isinstance(error, BotoCoreError):
        with suppress(BotoCoreError, ClientError):
            client.abort_multipart_upload(**upload)
