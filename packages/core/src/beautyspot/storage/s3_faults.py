"""What an error of boto3 means, and what to do about it."""

from typing import Any

from beautyspot.errors import LostBlobError, StorageError
from beautyspot.storage.buckets import Bucket, told
from beautyspot.storage.locations import LOST

CONFLICTS = frozenset(
    ("PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "NoSuchUpload", "409", "412")
)
"""Something is at the location already: another's, or ours, if the answer to a first attempt was lost."""
UNCONDITIONAL = frozenset(("NotImplemented", "501"))
"""The server knows no conditional put."""
ONE_BY_ONE = frozenset(("NotImplemented", "501", "MethodNotAllowed", "405", "MissingContentMD5"))
"""The server doesn't delete several objects in one request, or not in one that boto3 sends today."""
PAUSES_S = (0.25, 0.5, 1.0)
"""Before a request is sent again that found nobody to take it, or lost its connection before an answer began."""

_CREDENTIALS = (
    "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in again, and try `aws sts get-caller-identity`"
)
_RIGHTS = "give these credentials s3:GetObject, s3:PutObject, s3:DeleteObject and s3:ListBucket on the bucket"
_BUCKET = "make the bucket, or correct its name in storage="
_REGION = "give the bucket's own region, as S3Storage(…, region_name=…) or AWS_REGION"
_ENDPOINT = "check the network and the endpoint (endpoint_url=, AWS_ENDPOINT_URL); later calls try again"
_SERVICE = "the service is in trouble or asks for fewer requests; later calls try again"
_CHANGED = "the object was replaced by a smaller one since it was opened; open it again"
_CLOCK = "set this machine's clock"
_OTHER = "look the error up in the storage's documents, or give another storage="

_ADVICE = {
    "404": LOST,
    "NoSuchKey": LOST,
    "NoSuchBucket": _BUCKET,
    "InvalidBucketName": _BUCKET,
    "403": _RIGHTS,
    "AccessDenied": _RIGHTS,
    "AllAccessDisabled": _RIGHTS,
    "ExpiredToken": _CREDENTIALS,
    "InvalidAccessKeyId": _CREDENTIALS,
    "InvalidClientTokenId": _CREDENTIALS,
    "InvalidToken": _CREDENTIALS,
    "SignatureDoesNotMatch": _CREDENTIALS,
    "UnrecognizedClientException": _CREDENTIALS,
    "301": _REGION,
    "AuthorizationHeaderMalformed": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "PermanentRedirect": _REGION,
    "416": _CHANGED,
    "InvalidRange": _CHANGED,
    "RequestTimeTooSkewed": _CLOCK,
    "500": _SERVICE,
    "502": _SERVICE,
    "503": _SERVICE,
    "504": _SERVICE,
    "InternalError": _SERVICE,
    "ServiceUnavailable": _SERVICE,
    "SlowDown": _SERVICE,
}
_ADVICE_OF_CLASS = {
    "NoCredentialsError": "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`",
    "PartialCredentialsError": _CREDENTIALS,
    "CredentialRetrievalError": _CREDENTIALS,
    "TokenRetrievalError": _CREDENTIALS,
    "SSOError": _CREDENTIALS,
    "ProfileNotFound": "correct AWS_PROFILE, or make the profile with `aws configure`",
    "ParamValidationError": _BUCKET,
    "ConnectionError": _ENDPOINT,
    "HTTPClientError": _ENDPOINT,
    "ValueError": _ENDPOINT,
}
"""By the name of the class or of one above it."""


def pause_s(attempts: int, caught_exception: object = None, **_: object) -> float | None:
    """Return how long to wait after so many attempts; None to leave it to botocore, whose event `needs-retry` asks.

    From 1.44 on its attempts are over within 0.15 s, and no router or server that restarts is back by then.
    """
    is_brief = type(caught_exception).__name__ in ("EndpointConnectionError", "ConnectionClosedError")
    return PAUSES_S[attempts - 1] if is_brief and attempts <= len(PAUSES_S) else None


def code_of(error: Any, /) -> str:
    """Return the code that the server gave a `ClientError`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def failure(verb: str, location: str, bucket: Bucket, error: Exception, /) -> StorageError:
    """Return the error that tells of `error`, without secrets, and says what to do."""
    if getattr(error, "response", None):
        code = code_of(error)
        what = f"{code}: {error.response.get('Error', {}).get('Message', '')}".rstrip(": ")  # type: ignore[attr-defined]
        advice = _ADVICE.get(code, _OTHER)
    else:
        what = f"{type(error).__name__}: {error}"
        names = [kind.__name__ for kind in type(error).__mro__]
        advice = next((_ADVICE_OF_CLASS[name] for name in names if name in _ADVICE_OF_CLASS), _OTHER)
    kind = LostBlobError if advice == LOST else StorageError
    return kind(f"can't {verb} blob {location!r} in {bucket.url!r}: {told(what)}; {advice}")
