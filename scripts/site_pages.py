"""A hook of MkDocs: pages that come from code, READMEs and notebooks, and links that hold in the repository as well."""

import importlib
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests")]

from notebook_pages import markdown_of  # noqa: E402
from recipes.notebooks import NOTEBOOKS  # noqa: E402
from workspace.public import FACES, names_of  # noqa: E402

ORDER = (
    "index.md",
    "tutorial",
    "how-to",
    "recipes",
    "packages",
    "migrate",
    "explanation",
    "reference",
    "comparison.md",
    "decisions",
)
"""Of what stands beside each other in the navigation; the rest follows by name."""
LISTED = "<!-- pages -->"
"""Where an index lists the pages beside it, most of which are made here; the others' lists are in their files."""
LINK = re.compile(r"(?<=\]\()([^)#:\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    for path, text in pages():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Let links to files of the repository lead to their pages, and list the pages beside an index at its mark."""
    here = page.file.src_uri
    if LISTED in markdown:
        markdown = markdown.replace(LISTED, "\n".join(_listed(here, files)))
    known = sources()
    source = next((each for each, uri in known.items() if uri == here), f"docs/{here}")

    def on_the_site(link: re.Match[str]) -> str:
        target = os.path.normpath(Path(source).parent / link.group())
        uri = known.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
        return os.path.relpath(uri, Path(here).parent) if uri else link.group()

    return LINK.sub(on_the_site, markdown)


def on_nav(nav: Navigation, **_: object) -> Navigation:
    """Put the parts in the order in which a reader meets them."""
    nav.items.sort(key=_place)
    return nav


def pages() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each page."""
    for face in FACES:
        module = importlib.import_module(face)
        if names := names_of(module):
            parts = "\n\n".join(_entry(f"{face}.{name}", getattr(module, name)) for name in names)
            yield f"reference/api/{face}.md", f"# {face}\n\n{parts}\n"
    for source, uri in sources().items():
        path = ROOT / source
        yield uri, markdown_of(path) if path.suffix == ".ipynb" else path.read_text()
    yield "reference/command-line.md", command_line()
    yield "reference/tables.md", tables()


def sources() -> dict[str, str]:
    """Return which files outside of docs are pages, and of which name."""
    packages = {f"packages/{path.parent.name}.md": path for path in ROOT.glob("packages/*/README.md")}
    recipes = {f"recipes/{path.parent.name}.md": path for path in ROOT.glob("recipes/*/README.md")}
    notebooks = {path.relative_to(ROOT).with_suffix(".md").as_posix(): path for path in NOTEBOOKS}
    pages = packages | recipes | notebooks | {"recipes/index.md": ROOT / "recipes/README.md"}
    return {path.relative_to(ROOT).as_posix(): uri for uri, path in sorted(pages.items())}


def command_line() -> str:
    """Return what `--help` of each verb says."""
    from beautyspot.cli.app import app
    from typer.cli import get_docs_for_click
    from typer.main import get_command

    command = get_command(app)
    context = command.make_context("beautyspot", [], resilient_parsing=True)
    return get_docs_for_click(obj=command, ctx=context, name="beautyspot", title="The command line")


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


def _entry(path: str, thing: object) -> str:
    """Ask for a public name; of a class also for fields that nothing is said of, as their names and types say it."""
    filters = r"['!^_[^_]', '!^__(slots|[gs]etstate|get_\w+)__$']"
    told = f"\n    options:\n      show_if_no_docstring: true\n      filters: {filters}"
    return f"::: {path}{told if isinstance(thing, type) else ''}"


def _listed(here: str, files: Files) -> Iterator[str]:
    folder = Path(here).parent
    for file in sorted(files.documentation_pages(), key=lambda file: file.src_uri):
        if file.src_uri != here and folder in Path(file.src_uri).parents:
            title = next(line for line in file.content_string.splitlines() if line.startswith("# "))
            yield f"- [{title[2:]}]({os.path.relpath(file.src_uri, folder)})"


def _kind(column: Any) -> str:
    return type(column.type).__name__.lower()


def _place(item: Any) -> tuple[int, str]:
    name = item.file.src_uri if item.is_page else str(item.title).lower().replace(" ", "-")
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)
