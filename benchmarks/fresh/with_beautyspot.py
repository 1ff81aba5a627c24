"""A fresh process: import, open, first hit."""

import sys

import beautyspot as bs

spot = bs.Spot("fresh", db=f"{sys.argv[1]}/beautyspot.db", storage=f"{sys.argv[1]}/blobs")


@spot.mark
def short(text: str) -> str:
    """Return 100 bytes."""
    return text * 20


print(len(short("item1")), flush=True)
