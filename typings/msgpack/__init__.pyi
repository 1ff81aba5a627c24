"""What beautyspot uses of msgpack 1.x, which ships no types."""

from collections.abc import Callable
from typing import Any, NamedTuple

class ExtType(NamedTuple):
    code: int
    data: bytes

class Packer:
    def __init__(
        self,
        *,
        default: Callable[[Any], Any] | None = None,
        use_single_float: bool = False,
        autoreset: bool = True,
        use_bin_type: bool = True,
        strict_types: bool = False,
        datetime: bool = False,
        unicode_errors: str | None = None,
        buf_size: int = 262_144,
    ) -> None: ...
    def pack(self, obj: Any, /) -> bytes: ...

class Unpacker:
    def __init__(
        self,
        *,
        raw: bool = False,
        strict_map_key: bool = True,
        ext_hook: Callable[[int, bytes], Any] = ...,
        list_hook: Callable[[list[Any]], Any] | None = None,
        unicode_errors: str | None = None,
        max_buffer_size: int = ...,
    ) -> None: ...
    def feed(self, data: bytes | bytearray | memoryview, /) -> None: ...
    def unpack(self) -> Any: ...
    def tell(self) -> int: ...

def packb(obj: Any, /, *, default: Callable[[Any], Any] | None = None, strict_types: bool = False) -> bytes: ...
def unpackb(
    data: bytes | bytearray | memoryview,
    /,
    *,
    raw: bool = False,
    strict_map_key: bool = True,
    ext_hook: Callable[[int, bytes], Any] = ...,
    list_hook: Callable[[list[Any]], Any] | None = None,
    unicode_errors: str | None = None,
) -> Any: ...
