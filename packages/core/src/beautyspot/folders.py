"""Folders that hold results: made for their owner alone, and kept out of git."""

from __future__ import annotations

import os

WORKSPACE = ".beautyspot"
"""Where a Spot's files lie when nobody says otherwise."""


def make_folder(folder: str, /, *, synced: bool = False) -> None:
    """Make `folder` and those above it that are missing, each for its owner alone; a workspace is kept out of git.

    Args:
        folder: Its absolute path.
        synced: Have what is made survive a power loss.
    """
    # os.path throughout: pathlib is 3 ms of `import beautyspot`. `os.makedirs` would open the folders above to all.
    if os.path.isdir(folder):  # noqa: PTH112 - see above
        return
    parent = os.path.dirname(folder)  # noqa: PTH120 - see above
    if parent != folder:  # a drive that isn't there is its own parent
        make_folder(parent, synced=synced)
    try:
        os.mkdir(folder, 0o700)  # noqa: PTH102 - see above
    except FileExistsError:
        return  # another thread or process was first; if it is no folder, opening what lies in it says so
    if os.path.basename(folder) == WORKSPACE:  # noqa: PTH119 - see above
        ignore_in_git(folder)
    if synced:
        sync_folder(parent)


def ignore_in_git(folder: str, /) -> None:
    """Put a `.gitignore` into `folder` that keeps everything in it out of git, unless there is one."""
    path = os.path.join(folder, ".gitignore")  # noqa: PTH118 - see above
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("*\n")
    except OSError:
        return  # it is there, or the folder can't be written, which who keeps a result in it says


def sync_folder(folder: str, /) -> None:
    """Have the names in `folder` survive a power loss."""
    if os.name == "nt":
        return  # Windows can't open a folder
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
