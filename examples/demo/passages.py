"""Real text to work on: the prose of this repository's own documents."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SHORTEST, LONGEST = 120, 700
"""Characters of a paragraph that is worth a summary and still fits a small model."""


def passages(count: int = 12) -> list[str]:
    """Return the first paragraphs of prose, README first; the same ones on every run."""
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    found = [
        paragraph
        for document in documents
        if document.exists()
        for paragraph in paragraphs(document.read_text("utf-8"))
    ]
    return list(dict.fromkeys(found))[:count]


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of a Markdown text that are sentences: no code, headings, lists, tables or HTML."""
    outside_code = text.split("```")[::2]
    blocks = [" ".join(block.split()) for part in outside_code for block in part.split("\n\n")]
    return [block for block in blocks if block[:1].isalpha() and SHORTEST <= len(block) <= LONGEST]
