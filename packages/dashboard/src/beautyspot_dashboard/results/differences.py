"""How two kept values differ: in their lines where they have some, else from which byte on."""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from difflib import unified_diff
from functools import partial
from pprint import pformat
from typing import Any, Literal, cast

from beautyspot.catalog import Content, ValueReader
from beautyspot.records import Task

from beautyspot_dashboard.letters import WRITTEN_BITS, integer_text, sendable
from beautyspot_dashboard.views.shown import kept_bytes
from beautyspot_dashboard.views.tables import frame_of, is_frame

CHUNK_BYTES = 256 * 1024
COMPARED_BYTES = 64 * 1024 * 1024
"""Of two long values so much is read."""
LINES_BYTES = 1_000_000
"""Of a text whose lines are compared, from a little before the first difference on, and of any other value."""
BEFORE_BYTES = 2_000
CONTEXT = 3
"""Lines that are the same before those that differ."""
HUNK = re.compile(r"@@ -(\d+)(,\d+|) \+(\d+)(,\d+|) @@")
LINES = 2_000
"""Compared from the first that differs on; a page with more of them is read by nobody."""
How = Literal["same", "same_start", "kinds", "bytes", "lines", "some_lines", "unseen", "long", "unread"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a comparison came to."""

    how: How
    """`same` to the last byte, or as far as was read (`same_start`); a text and something else (`kinds`); `bytes` or
    `lines` that differ, or the first of them (`some_lines`); `unseen` if bytes do and lines don't; too `long` for
    lines, and so long that they were not compared at all (`unread`)."""
    lines: str = ""
    """As `diff -u` has them."""
    at: int = 0
    """The first byte that differs."""


def difference(reader: ValueReader, one: Task, other: Task, /) -> Difference:
    """Compare two values as they are kept; raises as `ValueReader.read` does."""
    names = one.cache_key[:12], other.cache_key[:12]
    with ExitStack() as opened:
        contents = [reader.open(task) for task in (one, other)]
        for content in contents:
            if content is not None:
                opened.enter_context(closing(content))
        first, second = contents
        if first is not None and second is not None:
            return _of_contents(first, second, names)
    if first is not None or second is not None:
        return Difference("kinds")
    return _of_structures(reader, (one, other), names)


def _of_contents(one: Content, other: Content, names: tuple[str, str]) -> Difference:
    if one.is_text != other.is_text:
        return Difference("kinds")
    at = _first_difference(one, other)
    if at is None:
        is_whole = one.size_bytes == other.size_bytes and one.size_bytes <= COMPARED_BYTES
        return Difference("same" if is_whole else "same_start")
    if not one.is_text:
        return Difference("bytes", at=at)
    is_part = max(one.size_bytes, other.size_bytes) > LINES_BYTES
    texts = [_text(each, max(0, at - BEFORE_BYTES) if is_part else 0) for each in (one, other)]
    return _of_texts(texts, names, at, is_part=is_part)


def _first_difference(one: Content, other: Content) -> int | None:
    """Return where the first byte differs, be it that one ends there; None if none does as far as is read."""
    for start in range(0, min(max(one.size_bytes, other.size_bytes), COMPARED_BYTES), CHUNK_BYTES):
        parts: list[bytes] = []
        for content in (one, other):
            content.seek(start)
            parts.append(content.read(CHUNK_BYTES))
        if parts[0] != parts[1]:
            length = min(map(len, parts))
            return start + next((at for at in range(length) if parts[0][at] != parts[1][at]), length)
    return None


def _text(content: Content, start: int) -> str:
    content.seek(start)
    return content.read(LINES_BYTES).decode("utf-8", "replace")


def _of_texts(texts: Sequence[str], names: tuple[str, str], at: int, *, is_part: bool) -> Difference:
    lines = [each.splitlines() for each in texts]
    if lines[0] == lines[1]:  # they differ in what ends their lines
        lines = [[repr(line) for line in each.splitlines(keepends=True)] for each in texts]
    return _of_lines(lines, names, at, is_part=is_part)


def _of_lines(lines: Sequence[Sequence[str]], names: tuple[str, str], at: int, *, is_part: bool) -> Difference:
    if lines[0] == lines[1]:
        return Difference("unseen", at=at)
    pairs = enumerate(zip(*lines, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), min(map(len, lines)))
    start = max(0, same - CONTEXT)
    is_part = is_part or max(map(len, lines)) > start + LINES
    one, other = (each[start : start + LINES] for each in lines)
    found = (
        HUNK.sub(partial(_moved, start), line) if line.startswith("@@ ") else line
        for line in unified_diff(one, other, *names, lineterm="")
    )
    return Difference("some_lines" if is_part else "lines", "\n".join(found), at)


def _moved(lines: int, hunk: re.Match[str]) -> str:
    return f"@@ -{int(hunk[1]) + lines}{hunk[2]} +{int(hunk[3]) + lines}{hunk[4]} @@"


def _of_structures(reader: ValueReader, tasks: Sequence[Task], names: tuple[str, str]) -> Difference:
    if max(task.size_bytes or 0 for task in tasks) > COMPARED_BYTES:
        return Difference("unread")
    kept = [kept_bytes(reader, task) for task in tasks]
    if kept[0] == kept[1]:
        return Difference("same")
    if max(map(len, kept)) > LINES_BYTES:
        return Difference("long")
    try:
        lines = [lines_of(reader.read(task)) for task in tasks]
    except RecursionError:
        return Difference("long")
    return _of_lines(lines, names, 0, is_part=False)


def lines_of(value: Any, /) -> list[str]:
    """Return all of a value in lines: `repr` would leave out the middle of a frame or an array."""
    if is_frame(value):
        return _table(value)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return [f"{value.dtype} {value.shape}", *pformat(value.tolist(), width=80).splitlines()]
    return pformat(_whole(value), width=80, sort_dicts=False).splitlines()


def _whole(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_whole(key): _whole(each) for key, each in cast("Mapping[Any, Any]", value).items()}
    if type(value) in (list, tuple):
        return type(value)(map(_whole, value))
    if type(value) is int and value.bit_length() > WRITTEN_BITS:
        return integer_text(value)
    is_long = is_frame(value) or type(value).__module__ == "numpy"
    return lines_of(value) if is_long and hasattr(value, "shape") else value


def _table(value: Any) -> list[str]:
    frame = frame_of(value)
    kinds = [f"{name}: {kind}" for name, kind in frame.dtypes.items()]
    return [sendable(line) for line in (", ".join(kinds), *str(frame.to_csv()).splitlines())]
