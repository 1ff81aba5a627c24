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
MOST_DIGITS = 19
"""Of a size in 64 bits; Python refuses to read a number of 5000 digits in its own way."""
WORTH_BYTES = 512
"""Smallest value that is compressed; below, a frame saves less than a page of the database holds back anyway."""
WORTH_RATIO = 0.9
"""Most of its size that a value may keep; above, it is left as it is, so that its hits pay nothing."""
LARGEST_RATIO = 200
"""Most times its kept bytes that a value may have which is larger than `ANY_RATIO_BYTES`: a bomb has 30 000 times."""
ANY_RATIO_BYTES = 16 * 1024 * 1024
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

    They are left as they are, with None, where that is no gain, or so much that readers would take it for a bomb. The
    row says `zstd` and how many bytes the value had, which bounds what reading it may ever fill.
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
    packed_bytes = sum(map(len, packed))
    if packed_bytes > size_bytes * WORTH_RATIO or size_bytes > _most_bytes(packed_bytes):
        return parts, None
    return packed, f"zstd {size_bytes}"


def unpacked_bytes(compression: str, kept_bytes: int, /) -> int | None:
    """Return how many bytes a value becomes whose row says `compression`; None if only a later release may know.

    Args:
        compression: The row's.
        kept_bytes: How many bytes of it are kept, counted and not as the row has it.

    Raises:
        DamagedEntryError: they are more than `compress` makes of a value.
    """
    name, _, size = compression.partition(" ")
    if name != "zstd" or not size.isdecimal():
        return None
    most_bytes = _most_bytes(kept_bytes)
    if len(size) > MOST_DIGITS or int(size) > most_bytes:
        raise DamagedEntryError(
            f"its row says that {kept_bytes} bytes become {size:.20}, where at most {most_bytes} were compressed"
        )
    return int(size)


def _most_bytes(kept_bytes: int) -> int:
    return max(ANY_RATIO_BYTES, LARGEST_RATIO * kept_bytes)


def decompress(data: bytes, compression: str, /) -> bytes:
    """Return the value whose row says `compression`.

    Raises:
        DamagedEntryError: it is not what was compressed; a frame that speaks of another size, or of more than
            `unpacked_bytes` allows, is not even begun.
        ConfigurationError: the library is not installed.
    """
    size_bytes = unpacked_bytes(compression, len(data))
    if size_bytes is None:
        raise DamagedEntryError(
            f"the row speaks of the compression {compression!r:.80}, which this release doesn't know"
        )
    try:
        import zstandard  # as above
    except ModuleNotFoundError as error:
        raise ConfigurationError("a value compressed by zstd needs an extra; pip install 'beautyspot[zstd]'") from error
    try:
        said: Any = zstandard.frame_content_size(data)
        if said == size_bytes:
            return zstandard.ZstdDecompressor().decompress(data, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedEntryError(f"its bytes are no whole zstd frame ({error})") from error
    raise DamagedEntryError(f"its zstd frame speaks of {said} bytes, but {size_bytes} were compressed")
