"""Values as plain data that a row may hold: texts redacted, secrets out, nothing too long."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

Redact = Callable[[str], str]
MAX_TEXT = 16_384
"""Characters of one text."""
MAX_ITEMS = 256
MAX_DEPTH = 12

_SECRET_NAME = re.compile(
    r"api.?key|authorization|password|passwd|secret|credential|cookie|(?<!_)token$|access_token", re.IGNORECASE
)
_SECRETS = (
    (re.compile(r"(://)[^/\s@]+@"), r"\1…@"),
    (re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), r"\1 …"),
    (re.compile(r"\b(sk|pk|rk|ghp|xox[a-z]|AIza)[-_]?[\w-]{16,}"), r"\1…"),
    (re.compile(r"([?&](?:key|api_key|token|sig|signature)=)[^&\s]+", re.IGNORECASE), r"\1…"),
)


class Scrubber:
    """Makes plain data of whatever a run took or gave."""

    def __init__(self, redact: Redact | None) -> None:
        """Give every text to `redact`, after secrets were taken out."""
        self._redact = redact

    def plain(self, value: Any, depth: int = 0, /) -> Any:
        """Return `value` as data that msgpack takes; what has no plain form is the name of its class."""
        if value is None or isinstance(value, bool | float):
            return value
        if isinstance(value, int):
            return value if -(2**63) <= value < 2**64 else str(value)
        if isinstance(value, str):
            return self.text(value)
        if depth > MAX_DEPTH:
            return "…"
        if isinstance(value, Mapping):
            return self.table(cast("Mapping[Any, Any]", value), depth)
        if isinstance(value, list | tuple | set | frozenset):
            items = list(cast("list[Any]", value))
            return [self.plain(item, depth + 1) for item in items[:MAX_ITEMS]]
        return self.object(value, depth)

    def text(self, text: str, /) -> str:
        """Return `text` without secrets, redacted."""
        text = text[:MAX_TEXT].encode(errors="replace").decode()  # msgpack takes no lone surrogates
        for pattern, replacement in _SECRETS:
            text = pattern.sub(replacement, text)
        return text if self._redact is None else str(self._redact(text))

    def table(self, table: Mapping[Any, Any], depth: int = 0, /) -> dict[str, Any]:
        """Return a mapping without what its names call secret."""
        return {
            str(name)[:MAX_TEXT]: "…" if _SECRET_NAME.search(str(name)) else self.plain(value, depth + 1)
            for name, value in list(table.items())[:MAX_ITEMS]
        }

    def object(self, value: Any, depth: int, /) -> Any:
        """Return an object of no plain type; a host's own are told by who inherits this."""
        del depth
        return f"<{type(value).__module__}.{type(value).__qualname__}>"
