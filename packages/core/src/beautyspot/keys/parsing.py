"""Source as a tree."""

import ast

TRIES = 10
"""A second one is rare already."""


def parsed(source: str | bytes, /) -> ast.Module:
    """Return the tree of `source`; raises what `ast.parse` does.

    Python 3.11 counts the depth of all trees in one place, and raises SystemError where a finalizer, or a thread that
    it lets run, parses meanwhile.
    """
    for _ in range(TRIES):
        try:
            return ast.parse(source)
        except SystemError:
            continue
    return ast.parse(source)
