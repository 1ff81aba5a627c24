"""Which storage a URL names."""

from __future__ import annotations

import os

from beautyspot.checks import shown
from beautyspot.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from beautyspot.protocols import BlobStorage

SCHEMES = {
    "file": "beautyspot.storage.local:LocalStorage",
    "gs": "beautyspot.storage.gcs:GCSStorage",
    "memory": "beautyspot.storage.memory:MemoryStorage",
    "s3": "beautyspot.storage.s3:S3Storage",
}
"""The class of each scheme as `module:class`, so that naming one loads no other. It is made by its `from_url`."""

GROUP = "beautyspot.storage"
"""Entry points of packages that keep blobs elsewhere: the name is a scheme, the object has
`from_url(url, *, durability, **options)`, which returns a `BlobStorage` or raises what it likes."""

_METHODS = ("save", "load", "open", "delete", "iter_keys")


def create_storage(spec: str | os.PathLike[str] | BlobStorage, /, **options: Any) -> BlobStorage:
    """Return the storage that `spec` names: a folder's path, a URL, or a storage, which is returned as it is.

    Args:
        spec: `blobs`, `Path("blobs")`, `file:///data/blobs`, `s3://bucket/prefix`, `gs://bucket/prefix`, `memory://`,
            or any object with `BlobStorage`'s methods.
        options: Keyword arguments of the storage that is made; a ready one needs none.

    Raises:
        ConfigurationError: nothing is known under the scheme, it needs an extra, or it doesn't take the options.
    """
    if not isinstance(spec, str | os.PathLike):
        return _ready(spec)
    url = os.fspath(spec)
    if not url:
        raise ConfigurationError(
            "storage got ''; give a folder's path, or 'memory://' for one that ends with the process"
        )
    scheme = _scheme(url) if isinstance(spec, str) else None
    if scheme and scheme not in SCHEMES:
        return _foreign(scheme, url, options)
    module, _, name = SCHEMES[scheme or "file"].partition(":")
    # Named by our own table, never by data; `importlib`, which does the same, takes 0.3 ms to import.
    storage = getattr(__import__(module, fromlist=(name,)), name)
    try:
        return storage.from_url(url, **options) if scheme else storage(url, **options)
    except TypeError as error:
        # Ours are the durability and the folders of earlier releases; the user gave the others.
        names = sorted(options.keys() - {"durability", "elsewhere"}) or sorted(options)
        raise ConfigurationError(
            f"storage {url!r} doesn't take the options {names!r}; leave them out, or correct their names"
        ) from error


def _ready(storage: Any) -> BlobStorage:
    missing = [name for name in _METHODS if not callable(getattr(storage, name, None))]
    if missing:
        raise ConfigurationError(
            f"not a storage: {shown(storage)} has no {', '.join(missing)}; give a folder, a URL, "
            "or an object with the methods of beautyspot.storage.BlobStorage"
        )
    return storage


def _scheme(url: str) -> str | None:
    """Return the scheme of `url`; None if it is a path."""
    scheme, colon, rest = url.partition(":")
    # One letter is a Windows drive. One slash is a typing error for two: a folder `gs:` is nobody's wish.
    named = scheme.translate(dict.fromkeys(map(ord, "+-."))).isalnum()  # as in postgresql+psycopg
    if not colon or len(scheme) < 2 or not named or not (rest.startswith("/") or scheme in SCHEMES):
        return None
    if scheme in SCHEMES and not rest.startswith("//"):
        raise ConfigurationError(
            f"not a storage URL: {url!r}; write '{scheme}://…', or './{url}' for a folder of that name"
        )
    return scheme


def _foreign(scheme: str, url: str, options: dict[str, Any]) -> BlobStorage:
    """Return what an installed package makes of `url`."""
    from importlib.metadata import entry_points  # 20 ms that only a scheme of others needs

    for entry in entry_points(group=GROUP, name=scheme):
        try:
            return _ready(entry.load().from_url(url, **options))
        except ConfigurationError:
            raise
        except Exception as error:  # anybody's code; chained
            raise ConfigurationError(
                f"the storage {entry.value!r} for {scheme}:// can't be made ({type(error).__name__}: {error}); "
                "correct the URL and the options, or mend the package that brings it"
            ) from error
    known = ", ".join(f"{name}://" for name in sorted(SCHEMES))
    raise ConfigurationError(
        f"unknown storage scheme {scheme!r} in {url!r}; give a folder's path, a URL of a known scheme ({known}), a "
        f"BlobStorage of your own, or install a package with an entry point {scheme!r} in the group {GROUP!r}"
    )
