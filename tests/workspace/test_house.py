"""The house's own files agree with each other and name nothing of the machine they were written on."""

import re
import subprocess
from pathlib import Path

import pytest
from workspace.blocks import DOCUMENTS

ROOT = Path(__file__).parents[2]
LOCKS = [ROOT / "requirements.lock", *sorted((ROOT / "requirements").glob("*.txt"))]
# In two pieces, so that this file passes its own test.
FOREIGN = re.compile(
    "|".join(
        [
            "pypi" + r"\.org",
            "python" + "hosted",
            "registry" + r"\.npmjs",
            "/wo" + "rk/",
            "/ro" + "ot/",
            "/home" + "/[a-z]",
        ]
    )
)


TOOL = re.compile(r"`((?:python -m )?(?:basedpyright|lint-imports|mkdocs|pytest|ruff) [^`]+)`")
"""One that lies in an environment that `make` keeps to itself."""
TESTS_TOLD = re.compile(r"make test ARGS=(\"[^\"]+\"|[^\s`]+)")


def verbs(text: str) -> set[str]:
    return set(re.findall(r"\bmake ([a-z-]+)", text))


def makefile_verbs() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def tracked_files() -> list[Path]:
    try:
        listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_every_version_by_hash_and_names_no_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    requirements = text.replace("\\\n", " ").splitlines()
    assert requirements
    assert [line for line in requirements if "==" not in line or "--hash=sha256:" not in line] == []
    assert "://" not in text


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    found = {}
    for path in tracked_files():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if match := FOREIGN.search(text):
            found[path.relative_to(ROOT).as_posix()] = match.group()
    assert found == {}


def test_ci_and_the_commit_hook_call_verbs_of_the_makefile() -> None:
    callers = [".github/workflows/ci.yml", ".pre-commit-config.yaml", ".ci/run", "README.md", "CONTRIBUTING.md"]
    called = {caller: verbs((ROOT / caller).read_text("utf-8")) for caller in callers}
    assert {caller: names - makefile_verbs() for caller, names in called.items() if names - makefile_verbs()} == {}
    assert all(
        {"lint", "test"} <= called[caller] for caller in (".ci/run", ".github/workflows/ci.yml", "CONTRIBUTING.md")
    )


def test_the_makefile_has_the_verbs_of_the_house() -> None:
    assert {"demo", "test", "lint", "check", "bench", "docs", "clean"} <= makefile_verbs()


def test_every_verb_is_told_to_contributors() -> None:
    assert makefile_verbs() - verbs((ROOT / "CONTRIBUTING.md").read_text("utf-8")) == {"help"}


def test_a_sentence_names_no_tool_that_is_on_nobodys_path() -> None:
    found = {path.relative_to(ROOT).as_posix(): TOOL.findall(path.read_text("utf-8")) for path in DOCUMENTS}
    assert {name: told for name, told in found.items() if told} == {}, "say `make test ARGS=…` instead"


def test_the_tests_that_a_sentence_names_are_there() -> None:
    told = {each.strip('"') for path in DOCUMENTS for each in TESTS_TOLD.findall(path.read_text("utf-8"))}
    paths = {part for each in told for part in each.split() if part.startswith("tests/")}
    assert len(paths) > 5
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def test_no_package_depends_on_the_demos_models() -> None:
    manifests = "".join(path.read_text("utf-8") for path in (ROOT / "packages").glob("*/pyproject.toml"))
    assert not re.search("xllamacpp|smollm2|wordllama", manifests)
