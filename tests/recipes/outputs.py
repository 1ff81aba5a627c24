"""What a notebook's cells put out, without what differs from run to run, so that two runs can be compared."""

import re
from collections.abc import Callable, Sequence
from typing import Any

VARIES = "nbval-ignore-output"
"""The tag of a cell whose words another machine, model or Python may choose otherwise; nbval knows it by this name."""
# A table of seconds measures; other decimals are results.
MEASURES = re.compile(r"\bseconds\b|\b\w+_s\b|\bms\b")
KEY = re.compile(r"\b(?:[0-9a-f]{32}|[0-9a-f]{12})\b")
"""Of a result."""
KEYS_VARY = "keys-vary"
"""The tag of a cell whose keys are of numbers with last digits of the processor's; alike are still told from others."""
CHANGES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(r"collecting .*?collected", re.DOTALL), "collected"),  # pytest counts aloud where it takes long
    (re.compile(r"\w*…\w*"), "…"),  # cut to the width that a time leaves
    (re.compile(r" \(\d+:\d\d:\d\d\)"), ""),  # what pytest adds from a minute on
    (re.compile(r"\b\d+(\.\d+)? ?(ms|s|min)( ago)?\b"), "<time>"),
    (re.compile(r"--after \S+"), "--after <cursor>"),  # it holds a time
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "<address>"),
    (re.compile(r"[\w.-]*(/[\w.-]+){2,}"), "<path>"),
    (re.compile(r"\b\d+\.\d+\b"), lambda number: f"{float(number[0]):.9g}"),  # the last digits are the processor's
    (re.compile(r"[=─-]{3,}"), "---"),  # as wide as what stands above it
    (re.compile(r"\s+"), " "),
)


def shown(notebook: Any, *, keys: bool = False) -> list[list[tuple[str, ...]]]:
    """Return of each cell its outputs: kind, media types or stream, and text, unless it is said to vary.

    Args:
        notebook: That was run.
        keys: Whether keys are as they are, as another run by the same Python has them, too.
    """
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [[_shown(each, cell.metadata.get("tags", ()), keys) for each in cell.outputs] for cell in cells]


def sanitised(text: str, *, keys: bool = False) -> str:
    """Return a text without times, addresses, paths and widths, and without keys unless they are to be compared."""
    changes = [(re.compile(r"\b\d+\.\d+\b"), "<time>"), *CHANGES] if MEASURES.search(text) else CHANGES
    for pattern, name in changes:
        text = pattern.sub(name, text)
    for number, key in enumerate([] if keys else dict.fromkeys(KEY.findall(text)), 1):
        text = text.replace(key, f"<key {number}>")
    return text.strip()


def _shown(output: Any, tags: Sequence[str], keys: bool) -> tuple[str, ...]:
    data = output.get("data", {})
    kinds = (output.output_type, *sorted(data or [output.get("name", "")]))
    if VARIES in tags:
        return kinds
    text = output.get("text") or data.get("text/plain", "")
    return (*kinds, sanitised(text, keys=keys and KEYS_VARY not in tags))
