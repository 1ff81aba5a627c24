"""README.md and README.ja.md tell the same, and what a document links to is there, in the repository as on the site."""

import ast
import re
import tomllib
from itertools import repeat
from pathlib import Path

import nbformat
import pytest
from beautyspot import Spot
from workspace.blocks import DOCUMENTS, FENCE, ROOT

from benchmarks.japanese import in_japanese

READMES = {name: (ROOT / name).read_text("utf-8") for name in ("README.md", "README.ja.md")}
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"(?:^\|.*\|\n)+", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
LISTED = ("decisions", "explanation", "how-to", "migrate")
MEASURED = re.compile(r"<!-- benchmarks -->.*<!-- /benchmarks -->", re.DOTALL)


# That of the reference is left to the site, which makes most of its pages.
INDEXES = [ROOT / "recipes/README.md", *(ROOT / f"docs/{each}/index.md" for each in LISTED)]


def pages_beside(index: Path) -> list[Path]:
    """Return the pages that a reader looks for in an index."""
    found = (path for pattern in ("*.md", "*.ipynb", "*/README.md") for path in index.parent.glob(pattern))
    return sorted(path for path in found if path != index)


def line_of(page: Path, index: Path) -> str:
    """Return the line that names a page: its title, and where it is."""
    text = page.read_text("utf-8") if page.suffix == ".md" else nbformat.read(page, as_version=4).cells[0].source
    return f"- [{text.splitlines()[0].removeprefix('# ')}]({page.relative_to(index.parent).as_posix()})"


def agree(found: list[object]) -> bool:
    english, japanese = found
    return bool(english) and english == japanese


def code(language: str, block: str) -> str:
    """Return what must not differ: a program without its comments, a command without what is said of it."""
    if language == "python":
        return ast.dump(ast.parse(block))
    return block if language == "console" else re.sub(r" {2,}.*", "", block)


def test_both_have_the_same_headings_paragraphs_and_points_in_one_order() -> None:
    shape = re.compile(r"^(#+ |- |\n(?=[^\n]))", re.MULTILINE)
    assert agree([shape.findall(BLOCK.sub("", text)) for text in READMES.values()])


def test_both_have_the_same_blocks_but_for_comments() -> None:
    assert agree([[code(*block) for block in BLOCK.findall(text)] for text in READMES.values()])


def test_both_have_the_same_tables_by_rows_columns_and_names_of_code() -> None:
    tables = [[table.splitlines() for table in TABLE.findall(text)] for text in READMES.values()]
    assert agree([[[row.count("|") for row in table] for table in each] for each in tables])
    assert agree([[re.findall("`[^`]+`", row) for table in each for row in table] for each in tables])


def test_both_show_the_same_measurements_as_the_comparison() -> None:
    [english], [japanese] = (MEASURED.findall(text) for text in READMES.values())
    assert in_japanese(english) == japanese
    assert MEASURED.findall((ROOT / "docs/comparison.md").read_text("utf-8")) == [english]


def test_every_measurement_has_its_words_in_japanese() -> None:
    [table] = MEASURED.findall(READMES["README.ja.md"])
    names = [line.split("|")[1] for line in table.splitlines() if line.startswith("| ")][2:]
    assert [name for name in names if name.isascii() and not name.startswith(" LangChain: update")] == []


def test_both_link_to_the_same_pages_and_to_each_other() -> None:
    english, japanese = (LINK.findall(text) for text in READMES.values())
    of_each = {
        "README.ja.md": "README.md",
        "docs/images/dashboard-overview.png": "docs/images/dashboard-overview-ja.png",
    }
    assert [of_each.get(link, link) for link in english] == japanese


@pytest.mark.parametrize("document", [*READMES, "docs/how-to/keep-big-values.md"])
def test_big_values_lie_in_the_folder_that_documents_name(
    document: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Spot("answers").run(bytes, 99_999)
    named = re.findall(r"`(\.beautyspot/\S*answers\S*)`", (ROOT / document).read_text("utf-8"))
    [database, folder] = sorted(named)
    [blob] = [path.as_posix() for path in Path(".beautyspot/blobs").rglob("*") if path.is_file()]
    assert Path(database).is_file()
    assert blob.startswith(folder)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_linked_to_is_there(document: Path) -> None:
    links = LINK.findall(FENCE.sub("", document.read_text("utf-8")))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("index", INDEXES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_an_index_names_every_page_beside_it(index: Path) -> None:
    lines = index.read_text("utf-8").splitlines()
    missing = [line for line in map(line_of, pages_beside(index), repeat(index)) if line not in lines]
    if missing:
        pytest.fail("\n".join([f"add to {index.relative_to(ROOT)}, where a reader looks for it:", *missing]))


def test_a_page_that_its_index_does_not_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service/README.md").write_text("# A service\n")
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# A notebook")]), tmp_path / "a.ipynb"
    )
    found = [line_of(page, tmp_path / "README.md") for page in pages_beside(tmp_path / "README.md")]
    assert found == ["- [A notebook](a.ipynb)", "- [A service](service/README.md)"]


@pytest.mark.parametrize("package", sorted((ROOT / "packages").iterdir()), ids=lambda path: path.name)
def test_a_package_links_to_no_file_which_pypi_would_not_have(package: Path) -> None:
    assert LINK.findall((package / "README.md").read_text("utf-8")) == []


@pytest.mark.parametrize("package", sorted((ROOT / "packages").iterdir()), ids=lambda path: path.name)
def test_a_package_names_its_extras(package: Path) -> None:
    extras = tomllib.loads((package / "pyproject.toml").read_text())["project"].get("optional-dependencies", {})
    readme = (package / "README.md").read_text("utf-8")
    assert [extra for extra in extras if f"[{extra}]" not in readme and f"`{extra}`" not in readme] == []
