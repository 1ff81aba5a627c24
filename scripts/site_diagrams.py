"""A hook of MkDocs: draws Mermaid with the files that Streamlit brings, as a reader may have no network."""

import re
from collections.abc import Iterator
from pathlib import Path

import streamlit
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

FOLDER = Path(streamlit.__file__).parent / "static/static/js"
ALWAYS = re.compile(r"(?:from|import)[\"'`]\./([\w.~-]+\.js)")
WHEN_NEEDED = re.compile(r"import\([\"'`]\./([\w.~-]+\.js)")
# The other way to lay a diagram out, dagre, stands on the whole of Streamlit's own page, which must not be started.
SHOW = """
import mermaid from "./{core}";
const dark = document.body.dataset.mdColorScheme === "slate";
mermaid.initialize({{ startOnLoad: false, layout: "elk", theme: dark ? "dark" : "default" }});
await mermaid.run({{ querySelector: ".diagram" }});
document.body.dataset.diagrams = "drawn";
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add Mermaid, and the script that draws with it what pages have."""
    core = next(FOLDER.glob("mermaid.core.*.js")).name
    for name in needed(core):
        files.append(File.generated(config, f"diagrams/{name}", abs_src_path=str(FOLDER / name)))
    files.append(File.generated(config, "diagrams/show.js", content=SHOW.format(core=core)))
    return files


def needed(core: str) -> Iterator[str]:
    """Yield the names of what a module imports, and of each kind of diagram, but for those that start Streamlit."""
    names = stood_on(core)
    for kind in WHEN_NEEDED.findall((FOLDER / core).read_text()):
        found = stood_on(kind)
        if not any(name.startswith("index.") for name in found):
            names |= found
    yield from sorted(names)


def stood_on(name: str) -> set[str]:
    """Return a module and all that it can't be loaded without."""
    found, left = set(), [name]
    while left:
        if (name := left.pop()) not in found:
            found.add(name)
            left += ALWAYS.findall((FOLDER / name).read_text())
    return found
