"""The hashes that keys are made of: BLAKE2b (RFC 7693) for short calls, SHA-256 (FIPS 180-4) for long ones."""

try:
    # The module behind `hashlib`, which brings OpenSSL along: 2.5 ms of a fresh process's first hit.
    from _blake2 import blake2b
except ImportError:  # a Python built without it
    from hashlib import blake2b

KEY_BYTES = 16
"""128 bits: two of 10**15 keys agree with a probability of 10**-9."""
LONG_BYTES = 4096
"""From here on SHA-256, which processors have instructions for: 5.5 µs for 10 kB instead of 7.8."""


def digest(data: bytes, /, *, size_bytes: int = KEY_BYTES) -> bytes:
    """Return the digest of `data`."""
    return blake2b(data, digest_size=size_bytes).digest()


def hasher(beginning: bytes, /) -> blake2b:
    """Return a hash object that has read the beginning of what a key is made of; copies of it read the rest."""
    return blake2b(beginning, digest_size=KEY_BYTES)


def long_digest(beginning: bytes, data: bytes, /) -> str:
    """Return the digest of `beginning` and `data`, in hexadecimal digits, for data of `LONG_BYTES` or more."""
    from hashlib import sha256  # see above: most programs have short calls only

    state = sha256(beginning)
    state.update(data)
    return state.hexdigest()[: 2 * KEY_BYTES]
