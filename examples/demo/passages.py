"""Real text to work on: the prose of this repository's own documents."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHORTEST, LONGEST = 120, 700
"""Characters of a paragraph that is worth a summary and still fits a small model."""


def passages(count: int = 12) -> list[str]:
    """Return the first passages of prose, README first; the same ones on every run."""
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    found = [passage for document in documents for passage in prose(document.read_text("utf-8"))]
    return list(dict.fromkeys(found))[:count]


def prose(text: str) -> list[str]:
    """Return the paragraphs and list items of a Markdown text that are sentences: no code, headings or tables."""
    outside_code = "\n\n".join(text.split("```")[::2]).replace("\n- ", "\n\n")
    blocks = [" ".join(block.split()) for block in outside_code.split("\n\n")]
    return [block for block in blocks if block[:1] not in ("#", "|", "<") and SHORTEST <= len(block) <= LONGEST]
