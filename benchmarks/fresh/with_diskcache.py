"""A fresh process: import, open, first hit."""

import sys

from diskcache import Cache

cache = Cache(f"{sys.argv[1]}/diskcache")


@cache.memoize()
def short(text: str) -> str:
    """Return 100 bytes."""
    return text * 20


print(len(short("item1")), flush=True)
