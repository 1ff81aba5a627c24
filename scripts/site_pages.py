"""A hook of MkDocs: the pages that come from code, one for each public module, the command line and the tables."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation

ROOT = Path(__file__).parents[1]
ORDER = (
    "index.md",
    "tutorial",
    "how-to",
    "packages",
    "migrate",
    "explanation",
    "reference",
    "comparison.md",
    "decisions",
)
"""Of what stands beside each other in the navigation; the rest follows by name."""
BENCHMARKS = "<!-- benchmarks -->"
FACES = tuple(path.stem for path in sorted((ROOT / "tests/workspace/api").glob("*.txt")))
"""The modules whose public names `make api` writes down."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Put the README's measurements where a page has their mark."""
    measured = (ROOT / "README.md").read_text().partition(BENCHMARKS)[2].partition("<!-- /benchmarks -->")[0]
    return markdown.replace(BENCHMARKS, measured.strip())


def on_nav(nav: Navigation, **_: object) -> Navigation:
    """Put the parts in the order in which a reader meets them."""
    nav.items.sort(key=_place)
    return nav


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each page."""
    for face in FACES:
        names = importlib.import_module(face).__dict__.get("__all__", ())
        if names:
            parts = "\n\n".join(f"::: {face}.{name}" for name in names)
            yield f"reference/api/{face}.md", f"# {face}\n\n{parts}\n"
    for readme in sorted(ROOT.glob("packages/*/README.md")):
        yield f"packages/{readme.parent.name}.md", readme.read_text().replace("](../../docs/", "](../")
    yield "reference/command-line.md", command_line()
    yield "reference/tables.md", tables()


def command_line() -> str:
    """Return what `--help` of each verb says."""
    from beautyspot.cli.app import app
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    command = get_command(app)
    context = command.make_context("beautyspot", [], resilient_parsing=True)
    return get_docs_for_click(obj=command, ctx=context, name="beautyspot")


def tables() -> str:
    """Return the tables of a database and their columns, as a diagram and in words."""
    from beautyspot import schema

    found = schema.SQLModel.metadata.sorted_tables
    lines = ["# The tables", "", "```mermaid", "erDiagram"]
    for table in found:
        lines += [f"    {table.name} {{", *(f"        {_kind(each)} {each.name}" for each in table.columns), "    }"]
        for key in table.foreign_keys:
            lines.append(f"    {key.column.table.name} ||--o{{ {table.name} : has")
    lines.append("```")
    for table in found:
        lines += ["", f"## {table.name}", "", "| column | type | null | key |", "| --- | --- | --- | --- |"]
        for each in table.columns:
            null, key = "yes" if each.nullable else "no", "primary" if each.primary_key else ""
            lines.append(f"| `{each.name}` | {_kind(each)} | {null} | {key} |")
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            lines.append(f"\nIndex `{index.name}` on {', '.join(f'`{column.name}`' for column in index.columns)}.")
    return "\n".join(lines) + "\n"


def _kind(column: Any) -> str:
    return type(column.type).__name__.lower()


def _place(item: Any) -> tuple[int, str]:
    name = item.file.src_uri if item.is_page else str(item.title).lower().replace(" ", "-")
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)
