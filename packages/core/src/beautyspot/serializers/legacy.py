"""Values that releases 0.3 to 2.7 wrote.

JSON in the row (0.3 to 1.0), or msgpack whose extensions carry a registered type: until 2.2 the encoder's own bytes,
from 2.3 on `packb` of what it returned. Nothing in a row tells the two apart, so the payload has to.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgpack import unpackb

from beautyspot.errors import DamagedEntryError
from beautyspot.protocols import Buffer

BIN_TYPES = (0xC4, 0xC5, 0xC6)

Decoders = Mapping[int, Callable[[Any], Any]]


def loads_legacy(data: Buffer, decoders: Decoders, /) -> Any:
    """Return the value, with `decoders` by extension code for the registered types.

    Raises:
        DamagedEntryError: `data` can't be read, or a code has no decoder.
    """

    def read_extension(code: int, payload: bytes) -> Any:
        return _decode(code, payload, decoders)

    try:
        return unpackb(data, ext_hook=read_extension, raw=False, strict_map_key=False, unicode_errors="surrogatepass")
    except DamagedEntryError:
        raise
    # Damaged bytes and the user's decoders raise anything.
    except Exception as error:
        raise DamagedEntryError(
            f"bytes of an earlier release can't be read ({error!r:.300}); expected msgpack; compute the result again"
        ) from error


def loads_json(text: str, /) -> Any:
    """Return the value of a row whose `result_type` is `DIRECT`.

    Raises:
        DamagedEntryError: `text` is not JSON.
    """
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise DamagedEntryError(
            f"text of an earlier release can't be read ({error!r:.300}); expected JSON; compute the result again"
        ) from error


def describe_legacy(data: Buffer, /) -> Any:
    """Return the value for somebody to look at: what is of a registered type comes with its code.

    Raises:
        DamagedEntryError: `data` can't be read.
    """
    return loads_legacy(data, {code: partial(_described, code) for code in range(128)})


def _described(code: int, value: Any) -> dict[str, Any]:
    return {"code": code, "value": value}


def _decode(code: int, payload: bytes, decoders: Decoders) -> Any:
    decoder = decoders.get(code)
    if decoder is None:
        raise DamagedEntryError(
            f"type code {code} is not registered; expected the type that was kept under it; "
            f"call spot.register_type(Type, code={code}, encoder=…, decoder=…) first"
        )
    try:
        inner = unpackb(payload, raw=False, strict_map_key=False)
    except Exception:  # noqa: BLE001 - not one whole message, so the encoder's own bytes
        return decoder(payload)
    if payload[0] in BIN_TYPES:
        return decoder(inner)
    # One whole message that is no bytes: from 2.3 on an encoder could return a dict or a list; before, it could
    # call packb by itself. The decoder that gets the wrong one of the two usually fails.
    try:
        return decoder(inner)
    except Exception:  # noqa: BLE001 - whatever it raised, the other form is tried
        return decoder(payload)
