"""Words of rows, which come from users and providers."""

from __future__ import annotations

import re
from typing import Any

LONGEST_WORD = 120
"""Characters of one."""
_CODE = re.compile(r"[\w.-]{1,64}")


def clean(word: object, /) -> str:
    """Return a word that every database takes: no lone surrogate, no NUL."""
    text = str(word)[:LONGEST_WORD]
    return text if text.isprintable() else text.encode(errors="replace").decode().replace("\0", "")


def name_of_error(error: BaseException, /) -> str:
    """Return the error's class, with the status and the code that a provider's error has: `RateLimitError (429)`.

    Nothing else: its message may hold a prompt or a key.
    """
    said: list[Any] = [getattr(error, "status_code", None), getattr(error, "code", None)]
    told = [str(each) for each in said if isinstance(each, str | int) and _CODE.fullmatch(str(each))]
    return type(error).__name__ + (f" ({', '.join(dict.fromkeys(told))})" if told else "")
