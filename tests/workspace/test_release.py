"""`make release-check` finds each way in which a release could contradict itself."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for path in (
        ROOT / "scripts/release-check",
        ROOT / "CHANGELOG.md",
        ROOT / ".gitignore",
        *ROOT.glob("packages/*/pyproject.toml"),
        *ROOT.glob("packages/*/LICENSE"),
    ):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
        if path.name == "pyproject.toml":
            (target.parent / "README.md").write_text("As it is once the release is there.")
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(changelog.read_text().replace("## Unreleased", "## 3.0.0 - 2026-12-01", 1))
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "x")


def check(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(folder / "scripts/release-check")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def change(folder: Path, path: str, old: str, new: str) -> None:
    """Commit the change of a file."""
    text = (folder / path).read_text()
    assert old in text
    (folder / path).write_text(text.replace(old, new, 1))
    commit(folder)


def test_a_tag_that_fits_its_changelog_and_its_packages_passes(copy: Path) -> None:
    git(copy, "tag", "v3.0.0")
    assert check(copy).returncode == 0, check(copy).stderr


def test_the_state_of_this_repository_passes() -> None:
    assert check(ROOT).returncode == 0, check(ROOT).stderr


def test_a_tag_of_another_version_is_found(copy: Path) -> None:
    git(copy, "tag", "v3.0.1")
    assert "tagged v3.0.1, but the packages are 3.0.0" in check(copy).stderr


@pytest.mark.parametrize("tag", ["release-3.0.0", "v3", "release-3.0.1"])
def test_a_tag_that_names_no_version_in_the_one_way_is_found(copy: Path, tag: str) -> None:
    git(copy, "tag", tag)
    assert f"this commit is tagged {tag}, but the packages are 3.0.0; expected v3.0.0 alone" in check(copy).stderr


def test_a_version_below_one_that_it_comes_from_is_found(copy: Path) -> None:
    git(copy, "tag", "v3.1.0")
    commit(copy)
    git(copy, "tag", "v3.0.0")
    assert "3.0.0 is below v3.1.0, from which it comes; raise it" in check(copy).stderr


def test_a_branch_for_an_older_release_may_be_below_a_newer_one(copy: Path) -> None:
    git(copy, "checkout", "--quiet", "-b", "next")
    commit(copy)
    git(copy, "tag", "v3.1.0")
    git(copy, "checkout", "--quiet", "-")
    git(copy, "tag", "v3.0.0")
    assert check(copy).returncode == 0, check(copy).stderr


@pytest.mark.parametrize("staged", [False, True])
def test_a_tagged_commit_that_the_folder_only_mends_is_found(copy: Path, staged: bool) -> None:
    metadata = copy / "packages/langchain/pyproject.toml"
    right = metadata.read_text()
    change(copy, "packages/langchain/pyproject.toml", 'version = "3.0.0"', 'version = "2.9.0"')
    git(copy, "tag", "v3.0.0")
    metadata.write_text(right)
    if staged:
        git(copy, "add", "--all")
    told = check(copy).stderr
    assert "langchain-beautyspot is 2.9.0, but beautyspot is 3.0.0" in told
    assert "packages/langchain/pyproject.toml is not as the tagged commit has it" in told


@pytest.mark.parametrize("name", ["secret.py", "秘密.py"])
@pytest.mark.parametrize("is_ignored", [False, True])
def test_a_file_that_was_never_added_is_found_before_it_is_in_a_wheel(copy: Path, name: str, is_ignored: bool) -> None:
    git(copy, "tag", "v3.0.0")
    (copy / "packages/core" / name).write_text("")
    if is_ignored:  # by this clone alone, which the tool that builds wheels doesn't know
        (copy / ".git/info").mkdir(exist_ok=True)
        (copy / ".git/info/exclude").write_text("*.py\n")
    assert f"packages/core/{name} is not as the tagged commit has it" in check(copy).stderr


@pytest.mark.parametrize("folder", ["packages/core", "packages/core/src/beautyspot"])
def test_a_folder_with_a_gitignore_of_its_own_is_found(copy: Path, folder: str) -> None:
    (copy / folder).mkdir(parents=True, exist_ok=True)
    (copy / folder / ".gitignore").write_text("*.py\n")
    commit(copy)
    (copy / folder / "secret.py").write_text("")
    git(copy, "tag", "v3.0.0")
    told = check(copy).stderr
    assert f"{folder}/.gitignore is committed, but wheels are built by one .gitignore" in told
    assert f"{folder}/secret.py is not as the tagged commit has it" in told


def test_a_folder_that_hides_itself_is_found_before_it_is_in_a_wheel(copy: Path) -> None:
    git(copy, "tag", "v3.0.0")
    (copy / "packages/core/.gitignore").write_text("*")
    (copy / "packages/core/secret.py").write_text("")
    assert "packages/core/secret.py is not as the tagged commit has it" in check(copy).stderr


def test_a_folder_that_is_no_repository_is_told(copy: Path) -> None:
    shutil.rmtree(copy / ".git")
    assert_told(check(copy), "not a git repository", "expected a repository with a commit; run it in a clone")


def test_a_repository_without_a_commit_is_told(copy: Path) -> None:
    shutil.rmtree(copy / ".git")
    git(copy, "init", "--quiet")
    assert_told(check(copy), "git ls-tree in ", "expected a repository with a commit; run it in a clone")


def test_a_copy_in_a_repository_of_something_else_is_told(copy: Path) -> None:
    git(copy, "rm", "-r", "--quiet", "--cached", "packages")
    git(copy, "commit", "--quiet", "--message", "x")
    assert_told(check(copy), "the commit holds [] below ", "expected 'beautyspot' among them; run it in a clone")


def test_a_machine_without_git_is_told(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert_told(check(copy), "there is no program 'git'", "expected it on the PATH; install it")


def assert_told(done: "subprocess.CompletedProcess[str]", met: str, next_step: str) -> None:
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert line.startswith("release-check: ")
    assert met in line
    assert next_step in line


@pytest.mark.parametrize("more", ["v3.0.1", "3.0.0"])
def test_a_second_tag_of_a_version_is_found(copy: Path, more: str) -> None:
    git(copy, "tag", "v3.0.0")
    git(copy, "tag", more)
    assert f"tagged {more}, but the packages are 3.0.0; expected v3.0.0 alone" in check(copy).stderr


def test_a_version_that_was_released_before_is_found(copy: Path) -> None:
    git(copy, "tag", "v3.0.0")
    commit(copy)
    assert "released from another commit" in check(copy).stderr


def test_a_package_left_behind_is_found(copy: Path) -> None:
    change(copy, "packages/langchain/pyproject.toml", 'version = "3.0.0"', 'version = "2.9.0"')
    assert "langchain-beautyspot is 2.9.0, but beautyspot is 3.0.0" in check(copy).stderr


def test_a_package_that_asks_for_an_older_core_is_found(copy: Path) -> None:
    change(copy, "packages/dashboard/pyproject.toml", "beautyspot>=3.0.0", "beautyspot>=2.0")
    assert "expected beautyspot>=3.0.0" in check(copy).stderr


def test_a_package_that_asks_for_a_core_that_is_not_released_is_found(copy: Path) -> None:
    change(copy, "packages/dashboard/pyproject.toml", "beautyspot>=3.0.0", "beautyspot>=3.0.0,<3")
    assert "expected beautyspot>=3.0.0" in check(copy).stderr


def test_a_tag_without_a_section_in_the_changelog_is_found(copy: Path) -> None:
    change(copy, "CHANGELOG.md", "## 3.0.0 - 2026-12-01", "## Unreleased")
    git(copy, "tag", "v3.0.0")
    assert "begins with 'Unreleased'; expected `## 3.0.0 - YYYY-MM-DD`" in check(copy).stderr


def test_a_package_that_others_ask_for_and_that_is_not_committed_is_found(copy: Path) -> None:
    git(copy, "rm", "-r", "--quiet", "packages/dashboard")
    git(copy, "commit", "--quiet", "--message", "x")
    assert "beautyspot asks for 'beautyspot-dashboard>=3.0.0', which no folder of packages/ is" in check(copy).stderr


@pytest.mark.parametrize("name", ["LICENSE", "README.md"])
def test_a_file_that_metadata_names_and_that_is_not_committed_is_found(copy: Path, name: str) -> None:
    git(copy, "rm", "--quiet", f"packages/langchain/{name}")
    git(copy, "commit", "--quiet", "--message", "x")
    assert_told(check(copy), f"packages/langchain/{name} is not in the commit", "commit it")


def test_a_readme_that_is_named_by_a_table_is_looked_for_as_well(copy: Path) -> None:
    table = 'readme = { file = "ABOUT.md", content-type = "text/markdown" }'
    change(copy, "packages/langchain/pyproject.toml", 'readme = "README.md"', table)
    assert_told(check(copy), "packages/langchain/ABOUT.md is not in the commit", "expected the readme; commit it")


@pytest.mark.parametrize("field", ["name", "version", "requires-python", "license", "readme"])
def test_a_package_without_what_all_must_have_is_told(copy: Path, field: str) -> None:
    metadata = tomllib.loads((copy / "packages/langchain/pyproject.toml").read_text())["project"]
    change(copy, "packages/langchain/pyproject.toml", f'{field} = "{metadata[field]}"', "")
    assert_told(check(copy), f"packages/langchain/pyproject.toml has no {field} in [project]", "write it there")


def test_metadata_that_is_no_toml_is_told(copy: Path) -> None:
    change(copy, "packages/langchain/pyproject.toml", "[project]", "[project")
    assert_told(check(copy), "packages/langchain/pyproject.toml is no TOML", "mend and commit it")


UNTIL = ["Until 3.0.0 is on PyPI, wait.", "Until 2.9.1rc1 is on PyPI, wait.", "3.1.0 が PyPI に出るまで、待つ。"]


@pytest.mark.parametrize("wrong", ["altair>>5", "altair =5", ""])
def test_a_requirement_that_cannot_be_read_is_told(copy: Path, wrong: str) -> None:
    change(copy, "packages/dashboard/pyproject.toml", "altair>=5.4", wrong)
    done = check(copy)
    assert_told(done, f"packages/dashboard/pyproject.toml asks for {wrong!r}", "mend and commit it")
    assert "Traceback" not in done.stderr


def test_a_commit_without_a_changelog_is_told(copy: Path) -> None:
    (copy / "CHANGELOG.md").unlink()
    commit(copy)
    assert_told(check(copy), "CHANGELOG.md is not in the commit", "commit it")


@pytest.mark.parametrize("sentence", UNTIL)
@pytest.mark.parametrize("document", ["README.md", "docs/how-to/a.md", "recipes/a/README.md"])
def test_a_sentence_that_holds_until_the_release_is_found_after_it(copy: Path, document: str, sentence: str) -> None:
    (copy / document).parent.mkdir(parents=True, exist_ok=True)
    (copy / document).write_text(sentence)
    commit(copy)
    assert f"{document} still says what holds until a release" in check(copy).stderr


@pytest.mark.parametrize("heading", ["## 3.0.0", "## 3.0.0 - 2026-13-99", "## 3.0.0 - soon", "## 3.0.0 - 20261201"])
def test_a_release_without_a_day_is_found(copy: Path, heading: str) -> None:
    change(copy, "CHANGELOG.md", "## 3.0.0 - 2026-12-01", heading)
    assert "doesn't say when 3.0.0 was released" in check(copy).stderr


@pytest.mark.parametrize(
    ("old", "new"),
    [('requires-python = ">=3.11"', 'requires-python = ">=3.12"'), ('license = "MIT"', 'license = "ISC"')],
)
def test_a_package_for_another_python_or_of_another_license_is_found(copy: Path, old: str, new: str) -> None:
    change(copy, "packages/langchain/pyproject.toml", old, new)
    assert "langchain-beautyspot says " in check(copy).stderr


@pytest.mark.parametrize("more", ["## 3.0.0 - 2026-11-01", "## Unreleased"])
def test_a_section_that_is_there_twice_or_was_left_behind_is_found(copy: Path, more: str) -> None:
    change(copy, "CHANGELOG.md", "## 3.0.0 - 2026-12-01", f"## 3.0.0 - 2026-12-01\n\n{more}")
    assert "CHANGELOG.md has " in check(copy).stderr
