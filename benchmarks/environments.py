"""Environments beside the one that runs: for what has our name, or wants versions that nothing else here does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def install(name: str, lock: str, /) -> Path:
    """Make the environment `.bench/<name>` if it isn't there, and return its interpreter.

    Args:
        name: What is in it, with its version.
        lock: The file of `requirements` that pins it.
    """
    pinned, home = ROOT / "requirements" / lock, ROOT / ".bench" / name
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = home / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == pinned.read_bytes():
        return python
    uv = subprocess.run([ROOT / "scripts" / "find-uv"], check=True, capture_output=True, text=True).stdout.strip()
    print(f"install: {name} into {home.relative_to(ROOT)}", file=sys.stderr)
    subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home], check=True)
    pip = [uv, "pip", "install", "--quiet", "--python", home, "--require-hashes", "--only-binary", ":all:"]
    subprocess.run([*pip, "-r", pinned], check=True)
    stamp.write_bytes(pinned.read_bytes())
    return python
