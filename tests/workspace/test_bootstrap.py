"""The bootstrap goes on without a model that has no wheel, stops at anything else, and does nothing twice."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Stands for uv: notes each call, makes the interpreter's file, and fails for one lock with a message of uv's.
UV = """#!/bin/sh
echo "$*" >>"$LOG"
case "$*" in
venv*) for folder; do :; done; mkdir -p "$folder/bin"; touch "$folder/bin/python"; chmod +x "$folder/bin/python" ;;
*demo-llm.txt) [ -z "$MESSAGE" ] || { echo "$MESSAGE" >&2; exit 1; } ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("scripts", "requirements"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (tmp_path / "packages/core").mkdir(parents=True)
    (tmp_path / "packages/core/pyproject.toml").write_text("[project]\n")
    (tmp_path / "path").mkdir()
    (tmp_path / "path/uv").write_text(UV)
    (tmp_path / "path/uv").chmod(0o755)
    return tmp_path


def bootstrap(folder: Path, message: str = "") -> "subprocess.CompletedProcess[str]":
    path = f"{folder / 'path'}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "LOG": str(folder / "log"), "MESSAGE": message}
    script = str(folder / "scripts/bootstrap")
    return subprocess.run([script, "demo"], env=environment, capture_output=True, text=True, check=False)


def test_a_platform_without_a_wheel_is_told_and_the_rest_is_installed(folder: Path) -> None:
    done = bootstrap(folder, "cause: Because xllamacpp==1 has no usable wheels")
    assert done.returncode == 0, done.stderr
    assert "no wheel of it for this platform, so the demo goes on without it" in done.stdout
    assert "demo-embeddings.txt" in (folder / "log").read_text()


def test_a_wrong_hash_stops_the_bootstrap(folder: Path) -> None:
    done = bootstrap(folder, "error: Hash mismatch for `xllamacpp==1`")
    assert done.returncode != 0
    assert "Hash mismatch" in done.stderr


def test_the_second_time_nothing_is_installed(folder: Path) -> None:
    assert "install:" in bootstrap(folder).stdout
    (folder / "log").unlink()
    assert bootstrap(folder).stdout == ""
    assert not (folder / "log").exists()


def test_a_changed_lock_is_installed_again(folder: Path) -> None:
    bootstrap(folder)
    lock = folder / "requirements/demo-embeddings.txt"
    lock.write_text(lock.read_text() + "\n")
    assert bootstrap(folder).stdout.count("install:") == 1
