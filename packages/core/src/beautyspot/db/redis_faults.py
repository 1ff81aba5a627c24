"""What Redis's errors mean to whoever called, and what they can do."""

from beautyspot.errors import StorageError

NO_UNICODE = "give tags, versions and texts of input_key_fn that are Unicode, without lone surrogates"
# By class name, so that naming them loads no redis; the first one that an error is an instance of counts.
NEXT_STEPS = {
    "OutOfMemoryError": "raise the server's maxmemory, or delete old results with spot.invalidate(older_than='30d')",
    "ReadOnlyError": "this is a replica; give the URL of the primary",
    "NoPermissionError": "give a user who may use these commands and keys, as redis://user:password@host/0",
    "AuthenticationError": "give the right user and password in the URL, as redis://user:password@host/0",
    "AuthorizationError": "give the right user and password in the URL, as redis://user:password@host/0",
    "BusyLoadingError": "the server reads its data from disk; wait until it is done",
    "MaxConnectionsError": "allow more with ?max_connections=… in the URL",
    "TimeoutError": "see that the network and the server are well, with rediss:// only if it speaks TLS, or wait "
    "longer with ?socket_timeout=… in the URL",
    "ConnectionError": "see that the server runs and can be reached at this address, with rediss:// and ?ssl_… for TLS",
    "MovedError": "this is a cluster, which is not supported; give the URL of a single server",
    "UnicodeError": NO_UNICODE,
}
OTHERWISE = "see that it is a Redis 6 or later, and that nobody else uses its keys, or give another ?prefix="


def storage_error(name: str, error: BaseException, /) -> StorageError:
    """Return the `StorageError` that says what became of the database `name`, and what to do."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    if "can't access at least one of the keys" in str(error):  # within a script it is no NoPermissionError
        kinds.insert(0, "NoPermissionError")
    step = next((step for kind, step in NEXT_STEPS.items() if kind in kinds), OTHERWISE)
    reason = str(error).replace("; ", ", ")  # what follows the last semicolon is the next step
    return StorageError(f"{reason} ({name!r}); {step}")
