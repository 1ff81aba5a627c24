"""Notebooks as Markdown: what their cells say, their code, and what the last run put out."""

import base64
from pathlib import Path
from typing import Any

import nbformat

PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def markdown_of(path: Path) -> str:
    """Return the text of a page."""
    return "\n\n".join(_cell(each) for each in nbformat.read(path, as_version=4).cells) + "\n"


def _cell(cell: Any) -> str:
    if cell.cell_type == "markdown":
        return cell.source
    return "\n\n".join([f"```python\n{cell.source}\n```", *(_output(each) for each in cell.outputs)])


def _output(output: Any) -> str:
    data = output.get("data", {})
    for kind in PICTURES:
        if kind in data:
            content = data[kind] if "svg" not in kind else base64.b64encode(data[kind].encode()).decode()
            return f'<img alt="" src="data:{kind};base64,{"".join(content.split())}">'
    if "text/html" in data:
        # A blank line would end the HTML as Markdown reads it.
        return "\n".join(line for line in data["text/html"].splitlines() if line.strip())
    return f"```text\n{(output.get('text') or data['text/plain']).rstrip()}\n```"
