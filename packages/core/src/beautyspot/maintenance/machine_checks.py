"""The machine: versions, and which extras are there."""

import sqlite3
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

from beautyspot.maintenance.findings import Finding

OLDEST_SQLITE = (3, 35, 0)
"""RETURNING, which shared limits need."""

EXTRAS = {
    "dashboard": ("beautyspot_dashboard",),
    "data": ("numpy", "pandas", "polars", "pyarrow"),
    "gcs": ("google.cloud.storage",),
    "langchain": ("langchain_beautyspot",),
    "llama-index": ("llama_index.callbacks.beautyspot",),
    "postgres": ("psycopg",),
    "redis": ("redis",),
    "s3": ("boto3",),
    "zstd": ("zstandard",),
}
"""Packages of the extras by their import names."""


def machine_findings() -> Iterator[Finding]:
    """Yield what there is to say of the machine."""
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "release", f"beautyspot {_release()}, Python {python}")
    text = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        oldest = ".".join(map(str, OLDEST_SQLITE))
        yield Finding("error", "sqlite", f"{text} is too old", f"use a Python that carries SQLite {oldest} or later")
    else:
        yield Finding("ok", "sqlite", text)
    missing = {name: [each for each in packages if not _is_there(each)] for name, packages in EXTRAS.items()}
    there = [name for name, lacking in missing.items() if not lacking]
    lacking = [f"{name} (lacks {', '.join(packages)})" for name, packages in missing.items() if packages]
    yield Finding(
        "ok", "extras", f"installed: {', '.join(there) or 'none'}; not installed: {', '.join(lacking) or 'none'}"
    )


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:  # what it lies in is not there
        return False


def _release() -> str:
    try:
        return version("beautyspot")
    except PackageNotFoundError:
        return "of unknown version"
