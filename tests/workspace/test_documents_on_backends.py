"""The page on backends: its package is installed, and its URL names its storage."""

import subprocess
import sys
from pathlib import Path

import pytest
from workspace.blocks import ROOT, block, run_by
from workspace.test_documents import run_program

PAGE = ROOT / "docs/how-to/add-a-backend.md"


@pytest.mark.slow
def test_a_storage_of_an_installed_package_is_named_by_its_url(tmp_path: Path) -> None:
    [(_, [project, install, program])] = run_by(__file__)
    folder, site = tmp_path / "project", tmp_path / "site"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(project.text)
    (folder / "shelf.py").write_text(block(PAGE, "# shelf.py"))
    uv = subprocess.run([ROOT / "scripts/find-uv"], check=True, capture_output=True, text=True).stdout.strip()
    here = ["--quiet", "--no-deps", "--no-build-isolation", "--python", sys.executable, "--target", str(site)]
    subprocess.run([uv, *install.text.split(), *here], cwd=folder, check=True, timeout=120)
    run_program(program.text, tmp_path, PYTHONPATH=str(site))
