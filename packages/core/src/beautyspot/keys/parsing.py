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


def parsed_block(source: str, /) -> ast.Module:
    """Return the tree of a part of a file, as deep as it is written there; raises what `ast.parse` does.

    Its lines are counted from the line before it where it is indented.
    """
    # Not `textwrap.dedent`: a text in it that begins at the margin, as prompts do, leaves no indent in common.
    if not source.startswith((" ", "\t")):
        return parsed(source)
    tree = parsed(f"if True:\n{source}")
    [whole] = tree.body
    assert isinstance(whole, ast.If)
    tree.body = whole.body
    return tree
