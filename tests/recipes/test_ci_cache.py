"""A store carried between runs of CI: the recipe's workflow, step by step, and its hook, in real clones."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from servers.openai_api import OpenAIAPI
from workspace.blocks import block

RECIPE = Path(__file__).parents[2] / "recipes/ci-cache"
README = RECIPE / "README.md"
STEPS: list[dict[str, Any]] = yaml.safe_load((RECIPE / "workflow.yml").read_text())["jobs"]["answers"]["steps"]
ADD_WORKFLOW = block(README, "mkdir -p .github/workflows")
ADD_HOOK = block(README, "cp pre-commit-config.yaml .pre-commit-config.yaml")
ASK = block(README, "python answers.py")
NOBODY = "http://127.0.0.1:9/v1"
pytestmark = [pytest.mark.external_service, pytest.mark.slow]
Clone = Callable[[str], Path]


def sh(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-ec", command], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )


def told(folder: Path, command: str) -> str:
    done = sh(folder, command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def clone(tmp_path: Path, openai_api: OpenAIAPI, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """Clone a repository that holds the recipe; the model's address and everything of git's lie in the environment."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "OPENAI_BASE_URL": openai_api.url,
        "OPENAI_API_KEY": "secret",
        "BEAUTYSPOT_DB": "answers.db",
        **{f"GIT_{who}_{what}": "tester@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    origin = tmp_path / "origin"
    shutil.copytree(RECIPE, origin)
    (origin / ".gitignore").write_text("answers.db*\nanswers.txt\n__pycache__\n")
    told(
        origin,
        "git init -q -b main && git config receive.denyCurrentBranch ignore && git add . && git commit -qm start",
    )

    def cloned(name: str) -> Path:
        told(tmp_path, f"git clone -q origin {name}")
        return tmp_path / name

    return cloned


def run_workflow(folder: Path, cache: Path) -> bool:
    """Do what GitHub would do with each step, and say whether the run succeeded."""
    is_well = True
    for step in STEPS:
        if not is_well and step.get("if") != "always()":
            continue
        match step:
            case {"uses": str(action), "with": {"path": str(name), "key": str()}} if "/restore@" in action:
                for archive in sorted(cache.glob("*"))[-1:]:
                    shutil.copy(archive, folder / name)
            case {"uses": str(action), "with": {"path": str(name), "key": str()}} if "/save@" in action:
                if (folder / name).exists():
                    cache.mkdir(exist_ok=True)
                    shutil.copy(folder / name, cache / f"{len(list(cache.glob('*'))):03}")
            case {"run": str(command)} if not command.startswith("pip install"):
                is_well &= sh(folder, command).returncode == 0
            case _:
                assert step.get("uses", "").startswith(("actions/checkout@", "actions/setup-python@")) or "run" in step
    return is_well


def test_a_run_in_a_fresh_clone_asks_only_what_no_run_before_it_asked(
    clone: Clone, tmp_path: Path, openai_api: OpenAIAPI
) -> None:
    first = clone("first")
    told(first, f"{ADD_WORKFLOW}\ngit add --all && git commit -qm workflow")
    assert run_workflow(first, tmp_path / "cache")
    assert openai_api.calls == 3
    assert told(first, "git status --porcelain") == ""
    told(first, "echo 'Who pulls the curtain?' >> questions.txt; git commit -qam more && git push -q")
    assert run_workflow(clone("second"), tmp_path / "cache")
    assert openai_api.calls == 4


def test_a_run_that_fails_half_way_hands_on_what_it_paid_for(
    clone: Clone, tmp_path: Path, openai_api: OpenAIAPI
) -> None:
    first = clone("first")
    with ThreadPoolExecutor() as pool:
        with openai_api.held():
            ran = pool.submit(run_workflow, first, tmp_path / "cache")
            openai_api.wait_for(1)
            openai_api.fail(400)  # what comes after the first
        assert not ran.result()
    assert openai_api.calls == 2
    assert run_workflow(clone("second"), tmp_path / "cache")
    assert openai_api.calls == 2 + 2


def test_an_archive_that_is_damaged_costs_calls_and_no_run(
    clone: Clone, tmp_path: Path, openai_api: OpenAIAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/000").write_bytes(b"PK\3\4 and no more")
    assert run_workflow(clone("first"), tmp_path / "cache")
    assert openai_api.calls == 3
    monkeypatch.setenv("OPENAI_BASE_URL", NOBODY)
    assert run_workflow(clone("second"), tmp_path / "cache")


def test_the_hook_refuses_a_commit_whose_archive_lacks_an_answer(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = clone("mine")
    told(
        mine,
        f"{ASK}\ngit commit -qm answers\n{ADD_HOOK}",
    )
    told(mine, "echo 'Who pulls the curtain?' >> questions.txt; python answers.py")  # asked, and not exported
    refused = sh(mine, "git commit -am more")
    assert refused.returncode == 1
    assert "no answer is kept for 'Who pulls the curtain?'" in refused.stdout + refused.stderr
    told(mine, f"{ASK}\ngit commit -m more && git push -q")
    monkeypatch.setenv("OPENAI_BASE_URL", NOBODY)
    told(clone("theirs"), "sh check.sh")


def test_the_hook_refuses_a_commit_without_the_archive_that_lies_in_the_folder(clone: Clone) -> None:
    mine = clone("mine")
    told(mine, f"{ADD_HOOK}\necho answers.zip >> .gitignore; python answers.py")
    told(mine, "beautyspot --db answers.db export answers.zip --yes")
    never_added = sh(mine, "git add questions.txt .gitignore .pre-commit-config.yaml && git commit -m answers")
    told(mine, "git add --force answers.zip && git commit -qm answers && git rm -q --cached answers.zip")
    removed = sh(mine, "git commit -m less")
    for refused in (never_added, removed):
        assert refused.returncode == 1
        assert "answers.zip is not in the commit" in refused.stdout + refused.stderr


def test_an_archive_that_was_in_the_cache_can_be_committed(clone: Clone) -> None:
    mine = clone("mine")
    told(mine, f"{ADD_WORKFLOW}\ngit add --all && git commit -qm workflow")
    told(mine, f"{ASK}\ngit commit -qm answers")
    told(mine, f"echo 'Who pulls the curtain?' >> questions.txt\n{ASK}")
    assert told(mine, "git diff --cached --name-only").split() == ["answers.zip", "questions.txt"]


def test_a_question_is_asked_once_and_an_empty_line_never(clone: Clone, openai_api: OpenAIAPI) -> None:
    mine = clone("mine")
    (mine / "questions.txt").write_text("\ufeffWho?\n\n  \nWhy?\nWho?\n", "utf-8")
    assert told(mine, "python answers.py") == "2 answers, 2 of them new\n"
    assert openai_api.calls == 2


def test_the_archives_of_two_branches_become_one(clone: Clone, tmp_path: Path, openai_api: OpenAIAPI) -> None:
    for name in ("mine", "theirs"):
        told(
            clone(name),
            f"echo 'What is {name}?' >> questions.txt; {ASK}\ngit commit -qm {name}",
        )
    told(tmp_path / "theirs", "git push -q origin HEAD:theirs")
    mine = tmp_path / "mine"
    assert sh(mine, "git pull -q --no-rebase origin theirs").returncode == 1
    asked = openai_api.calls
    told(mine, block(README, "for side in --ours --theirs; do"))
    told(mine, "git checkout --theirs questions.txt && echo 'What is mine?' >> questions.txt")
    told(mine, "git add questions.txt && sh check.sh")
    assert openai_api.calls == asked == 8
