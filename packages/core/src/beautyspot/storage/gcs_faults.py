"""What an error of google-cloud-storage, or of what it stands on, means, and what to do about it."""

from beautyspot.errors import LostBlobError, StorageError
from beautyspot.storage.buckets import Bucket, told
from beautyspot.storage.locations import LOST

_CREDENTIALS = "run `gcloud auth application-default login`, or set GOOGLE_APPLICATION_CREDENTIALS"
_RIGHTS = "give this account the role Storage Object User on the bucket"
_NETWORK = "check the network; later calls try again"
_SERVICE = "the service is in trouble or asks for fewer requests; later calls try again"
_CHANGED = "the object was replaced by a smaller one since it was opened; open it again"
_BUCKET = "make the bucket, or correct its name in storage="
_OTHER = "look the error up in the documents of Cloud Storage, or give another storage="

_ADVICE = {
    "EOFError": _CHANGED,
    "Forbidden": _RIGHTS,
    "GoogleAuthError": _CREDENTIALS,
    "NotFound": LOST,
    "RequestException": _NETWORK,
    "RequestRangeNotSatisfiable": _CHANGED,
    "RetryError": _NETWORK,
    "ServerError": _SERVICE,
    "TooManyRequests": _SERVICE,
    "TransportError": _NETWORK,
    "Unauthorized": _CREDENTIALS,
}
"""By the name of the class or of one above it."""


def failure(verb: str, location: str, bucket: Bucket, error: Exception, /) -> StorageError:
    """Return the error that tells of `error`, without secrets, and says what to do."""
    names = [kind.__name__ for kind in type(error).__mro__]
    advice = next((_ADVICE[name] for name in names if name in _ADVICE), _OTHER)
    if advice == LOST and (verb in ("write", "list") or "bucket does not exist" in str(error)):
        advice = _BUCKET
    what = told(f"{type(error).__name__}: {error}")
    kind = LostBlobError if advice == LOST else StorageError
    return kind(f"can't {verb} blob {location!r} in {bucket.url!r}: {what}; {advice}")
