"""`typing.NamedTuple` for the interpreter of a fresh process, whose first hit `typing` would cost 7 ms.

Checkers see the original: `if TYPE_CHECKING: from typing import NamedTuple`, `else:` the one from here.
"""

from __future__ import annotations

from collections import namedtuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Maker(type):
    """Makes a named tuple of a class body: annotations are its fields, their values defaults, the rest is kept."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, name, bases, body)
        fields: dict[str, str] = body.get("__annotations__", {})
        defaults = [body[field] for field in fields if field in body]
        made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])  # pyright: ignore[reportUntypedNamedTuple]
        for attribute, value in body.items():
            if attribute not in fields and attribute != "__module__":
                setattr(made, attribute, value)
        return made


class NamedTuple(metaclass=_Maker):
    """The base of the records, as far as a class body goes."""
