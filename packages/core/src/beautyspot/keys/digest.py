"""The hash that keys are made of: BLAKE2b (RFC 7693), cut by its own parameter and not by a slice."""

try:
    # The module behind `hashlib`, which brings OpenSSL along: 2.5 ms of a fresh process's first hit.
    from _blake2 import blake2b
except ImportError:  # a Python built without it
    from hashlib import blake2b

KEY_BYTES = 16
"""128 bits: two of 10**15 keys agree with a probability of 10**-9."""


def digest(data: bytes, /, *, size_bytes: int = KEY_BYTES) -> bytes:
    """Return the digest of `data`."""
    return blake2b(data, digest_size=size_bytes).digest()


def hasher(beginning: bytes, /) -> blake2b:
    """Return a hash object that has read the beginning of what a key is made of; copies of it read the rest."""
    return blake2b(beginning, digest_size=KEY_BYTES)
