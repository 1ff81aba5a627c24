"""A fresh process: import, open, first hit, in the last release."""

import sys

import beautyspot as bs

spot = bs.Spot("fresh", db=f"{sys.argv[1]}/release.db", storage_path=f"{sys.argv[1]}/release-blobs")


@spot.mark
def short(text):
    """Return 100 bytes."""
    return text * 20


print(len(short("item1")), flush=True)
