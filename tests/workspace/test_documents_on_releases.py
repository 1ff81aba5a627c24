"""The page for those who come from an earlier release: its old code runs on that release, its new code on its file."""

import subprocess
from pathlib import Path

import pytest
from workspace.blocks import run_by
from workspace.test_documents import run_program

from benchmarks.release import install


@pytest.mark.slow
@pytest.mark.external_service
def test_what_the_old_code_kept_is_a_hit_of_the_new_code(tmp_path: Path) -> None:
    [(_, [before, after])] = run_by(__file__)
    (tmp_path / "before.py").write_text(before.text)
    subprocess.run([install(), "before.py"], cwd=tmp_path, check=True, timeout=120)
    assert (tmp_path / ".beautyspot/my_experiment.db").exists()
    run_program(after.text, tmp_path)
