"""The names of blobs below a local root, and the ones that are refused."""

import os

from beautyspot.errors import LostBlobError

SUFFIX = ".bin"
UNFINISHED = ".tmp"
LEGACY_UNFINISHED = (".bin.tmp", ".spot_tmp")
"""Endings of half-written files of releases 1.0 to 2.4, and of 2.7."""

LOST = (
    "it was deleted by hand or by another program, or not copied with its row; bring it back, or its call has to run "
    "again"
)
"""What is said of a blob that isn't there."""

_HEX = frozenset("0123456789abcdef")


def new_location(key: str, /) -> str:
    """Return a location for `key` that no write had before: `ab/<key>.<8 hex digits>.bin`.

    A key that is no file name everywhere (a slash, a leading dot, 300 letters) is replaced by its SHA-256.
    """
    plain = key.replace("-", "").replace("_", "")
    if not (plain.isalnum() and plain.isascii() and 2 <= len(key) <= 128):
        from hashlib import sha256  # OpenSSL is 2 ms, and the house's own keys never come here

        key = sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{key[:2]}/{key}.{os.urandom(4).hex()}{SUFFIX}"


def path_of(root: str, location: object, /) -> str:
    """Return the path of `location`, which is relative to `root` or an absolute path inside it.

    Raises:
        LostBlobError: it leads out of the root, be it by a symlink.
    """
    # A row can be damaged, so this may be anything. What isn't printable (NUL, half a surrogate) is no path of ours.
    if not isinstance(location, str) or not location.isprintable():
        raise _refused(root, location)
    names = _relative(root, location).split("/")
    if not all(_is_name(name) for name in names):
        raise _refused(root, location)
    path = root
    for name in names:
        path = f"{path}/{name}"
        if os.path.islink(path):  # noqa: PTH114 - pathlib costs 3 ms at import and 5 µs a call
            return _followed(root, location)
    return path


def is_blob(name: str, shard: str, /) -> bool:
    """Return whether we could have written the file `name` in the folder `shard`, or an earlier release in the root.

    The root may be a folder with files of others, which nobody may take for blobs that no row names.
    """
    if not name.endswith(SUFFIX):
        return False
    key, _, digits = name.removesuffix(SUFFIX).partition(".")
    return _is_ours(key, digits, shard) if shard else not digits and _is_digest(key)


def is_unfinished(name: str, shard: str, /) -> bool:
    """Return whether the file `name` is a half-written blob, of ours or of an earlier release."""
    if shard:
        key, _, digits = name.removesuffix(UNFINISHED).partition(".")
        return name.endswith(UNFINISHED) and _is_ours(key, digits, shard)
    return name.endswith(LEGACY_UNFINISHED[1]) or _is_digest(name.removesuffix(LEGACY_UNFINISHED[0]))


def _is_ours(key: str, digits: str, shard: str) -> bool:
    return key.startswith(shard) and len(digits) == 8 and _HEX.issuperset(digits)


def _is_digest(name: str) -> bool:
    return len(name) in (32, 64) and _HEX.issuperset(name)  # MD5 until release 2.5, SHA-256 after it


def _is_name(name: str) -> bool:
    return name not in ("", ".", "..") and (os.sep == "/" or not ("\\" in name or ":" in name))


def _relative(root: str, location: str) -> str:
    if not os.path.isabs(location):  # noqa: PTH117 - as above
        return location
    path = os.path.normpath(location)
    for top in (root, os.path.realpath(root)):
        if path.startswith(top + os.sep):
            return path[len(top) + 1 :].replace(os.sep, "/")
    raise _refused(root, location)


def _followed(root: str, location: str) -> str:
    top = os.path.realpath(root)
    path = os.path.realpath(os.path.join(root, location))  # noqa: PTH118 - as above
    if not path.startswith(top + os.sep):
        raise _refused(root, location)
    return path


def _refused(root: str, location: object) -> LostBlobError:
    return LostBlobError(
        f"blob location {location!r} is not inside the storage {root!r}; "
        "the row is damaged or foreign, or the storage is another one than it was written with"
    )
