"""Serialized values in fewer bytes: Zstandard (RFC 8878), where that was asked for and where it helps."""

from __future__ import annotations

from beautyspot.checks import expect, expect_extra
from beautyspot.errors import ConfigurationError, DamagedEntryError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias

    from beautyspot.protocols import Buffer

Compression: TypeAlias = "Literal['zstd']"
WORTH_BYTES = 512
"""Smallest value that is compressed; below, a frame saves less than a page of the database holds back anyway."""
WORTH_RATIO = 0.9
"""Most of its size that a value may keep; above, it is left as it is, so that its hits pay nothing."""
TRIED_BYTES = 1024 * 1024
"""After so many bytes that did not shrink the rest is not tried: it will be more of the same picture or video."""


def expect_compression(name: object, /) -> None:
    """Refuse `name` unless it is None or a compression whose library is installed.

    Raises:
        ConfigurationError: it isn't.
    """
    expect(name is None or name == "zstd", "compress", name, "'zstd', or None for none")
    if name is not None:
        expect_extra("zstd", "zstandard", f"compress={name!r}")


def compress(parts: Sequence[Buffer], /) -> tuple[Sequence[Buffer], str | None]:
    """Return the parts of a value compressed, and what its row has to say of it.

    They are left as they are, with None, where that is no gain. The row says `zstd` and how many bytes the value had,
    which bounds what reading it may ever fill.
    """
    size_bytes = sum(map(len, parts))
    if size_bytes < WORTH_BYTES:
        return parts, None
    import zstandard  # 15 ms that only those who compress need

    # Its own checksum costs 4 bytes, and finds damage in values that are too big for the row's.
    frame = zstandard.ZstdCompressor(write_checksum=True).compressobj(size=size_bytes)
    packed: list[Buffer] = []
    taken = 0
    for part in parts:
        view = memoryview(part).cast("B")
        for start in range(0, len(view), TRIED_BYTES):
            piece = view[start : start + TRIED_BYTES]
            packed.append(frame.compress(piece))
            taken += len(piece)
            if taken >= TRIED_BYTES and sum(map(len, packed)) > taken * WORTH_RATIO:
                return parts, None
    packed.append(frame.flush())
    if sum(map(len, packed)) > size_bytes * WORTH_RATIO:
        return parts, None
    return packed, f"zstd {size_bytes}"


def decompress(data: bytes, compression: str, /) -> bytes:
    """Return the value whose row says `compression`.

    Raises:
        DamagedEntryError: it is not what was compressed; a frame that speaks of another size is not even begun.
        ConfigurationError: the library is not installed.
    """
    name, _, size = compression.partition(" ")
    if name != "zstd" or not size.isdecimal():
        raise DamagedEntryError(f"the row speaks of the compression {compression!r}, which this release doesn't know")
    try:
        import zstandard  # as above
    except ModuleNotFoundError as error:
        raise ConfigurationError("a value compressed by zstd needs an extra; pip install 'beautyspot[zstd]'") from error
    try:
        said: Any = zstandard.frame_content_size(data)
        if said == int(size):
            return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedEntryError(f"its bytes are no whole zstd frame ({error})") from error
    raise DamagedEntryError(f"its zstd frame speaks of {said} bytes, but {size} were compressed")
