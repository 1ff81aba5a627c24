"""The SQLite file: what it says of itself, and the disk that it lies on."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from beautyspot.catalog.source import Source
from beautyspot.db.layout import missing
from beautyspot.db.ownership import REVISION
from beautyspot.folders import WORKSPACE
from beautyspot.maintenance.findings import Finding
from beautyspot.maintenance.repair import set_aside_before
from beautyspot.sizes import bytes_text

BIG_WAL_BYTES = 64 * 2**20
BIG_SLACK_BYTES = 10 * 2**20
LITTLE_SPACE_BYTES = 1 * 2**30
NO_SPACE_BYTES = 50 * 2**20
NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "fuse.sshfs",
    "9p",
    "afs",
    "ceph",
    "glusterfs",
    "fuse.s3fs",
}
MOUNTS = Path("/proc/self/mounts")


def file_findings(source: Source, path: Path, /) -> Iterator[Finding]:
    """Yield what there is to say of the file at `path`."""
    yield _integrity(source)
    yield _revision(source)
    yield _wal(path)
    yield _slack(source)
    yield from _aside(path)
    yield _writable(path)
    yield _permissions(path)
    yield _space(path)
    yield _file_system(path)
    yield from _legacy(source)


def _integrity(source: Source) -> Finding:
    answer = source.pragma("quick_check(5)")
    if answer == "ok":
        return Finding("ok", "integrity", "quick_check finds nothing")
    step = "`beautyspot repair` sets the file aside and keeps what can still be read"
    return Finding("error", "integrity", " / ".join(answer.splitlines()), step)


def _revision(source: Source) -> Finding:
    lacking = ", ".join(missing(source.raw))
    if not lacking:
        return Finding("ok", "schema", f"revision {REVISION}")
    revision = int(source.pragma("user_version"))
    if revision == REVISION:
        step = "`beautyspot repair` sets the file aside and keeps what can still be read"
        return Finding("error", "schema", f"revision {revision}, but there is no {lacking}", step)
    step = "nothing; the next Spot that opens it upgrades it in place"
    return Finding("warn", "schema", f"revision {revision} of an earlier release, now {REVISION}", step)


def _wal(path: Path) -> Finding:
    wal = path.with_name(f"{path.name}-wal")
    size_bytes = wal.stat().st_size if wal.exists() else 0
    if size_bytes <= BIG_WAL_BYTES:
        return Finding("ok", "wal", f"{bytes_text(size_bytes)} not yet in the file")
    step = "look for a program that keeps a read transaction open; closing the last connection empties it"
    return Finding("warn", "wal", f"{bytes_text(size_bytes)}, which slows each opening and update", step)


def _slack(source: Source) -> Finding:
    free, page_bytes, pages = (int(source.pragma(name)) for name in ("freelist_count", "page_size", "page_count"))
    text = f"{bytes_text(free * page_bytes)} of {bytes_text(pages * page_bytes)} in the file are free"
    if free * page_bytes < BIG_SLACK_BYTES or free < 0.25 * pages:
        return Finding("ok", "slack", text)
    return Finding("ok", "slack", text, "nothing is wrong; new results fill it, or `beautyspot vacuum` gives it back")


def _aside(path: Path) -> Iterator[Finding]:
    aside = [file.name for file in set_aside_before(path)]
    if aside:
        step = "`beautyspot repair` brings back what can still be read of it"
        yield Finding("warn", "set aside", f"a file that could not be read: {', '.join(aside)}", step)


def _writable(path: Path) -> Finding:
    # Asked of the system: on a file system that is mounted read-only the modes say nothing.
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return Finding("ok", "writable", "the file and its folder")
    step = "mount it writable, see to its owner, or give db= another path; until then calls are paid each time"
    return Finding("warn", "writable", "the file or its folder can't be written, so nothing new is kept", step)


def _permissions(path: Path) -> Finding:
    if sys.platform == "win32":
        return Finding("ok", "permissions", "not told apart on Windows")
    files = [path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")]
    folders = [path.parent] if path.parent.name == WORKSPACE else []
    open_to_others = [each for each in (*files, *folders) if each.exists() and each.stat().st_mode & 0o077]
    if not open_to_others:
        return Finding("ok", "permissions", "for its owner alone")
    modes = ", ".join(f"{each.name} {stat.S_IMODE(each.stat().st_mode):04o}" for each in open_to_others)
    step = f"chmod go-rwx {' '.join(repr(str(each)) for each in open_to_others)}"
    return Finding("warn", "permissions", f"others may read it: {modes}", step)


def _space(path: Path) -> Finding:
    free_bytes = shutil.disk_usage(path.parent).free
    text = f"{bytes_text(free_bytes)} free"
    if free_bytes < NO_SPACE_BYTES:
        step = "free some, or `beautyspot prune --older-than 30d` and then `beautyspot vacuum`"
        return Finding("error", "space", text, step)
    if free_bytes < LITTLE_SPACE_BYTES:
        return Finding("warn", "space", text, "free some before the next big run")
    return Finding("ok", "space", text)


def _file_system(path: Path) -> Finding:
    kind = _mounted_as(path)
    if kind in NETWORK_FILE_SYSTEMS:
        step = "keep the database on a local disk, or use PostgreSQL between machines"
        return Finding("warn", "file system", f"{kind} is a network's; SQLite's locks and WAL need a local one", step)
    return Finding("ok", "file system", kind or "unknown")


def _mounted_as(path: Path) -> str | None:
    if not MOUNTS.exists():
        return None
    mounts = [line.split() for line in MOUNTS.read_text(errors="replace").splitlines()]
    above = {str(each) for each in (path.resolve(), *path.resolve().parents)}
    # The deepest mount point wins, and of two on one point the later.
    found = [(len(fields[1]), index, fields[2]) for index, fields in enumerate(mounts) if fields[1] in above]
    return max(found)[2] if found else None


def _legacy(source: Source) -> Iterator[Finding]:
    value, key = source.column("tasks", "result_value"), source.column("tasks", "cache_key")
    size, data = source.column("tasks", "size_bytes"), source.column("tasks", "elapsed_s")
    old = source.rows(select(func.count(key)).where(size.is_(None), data.is_(None)))[0][0]
    pickles = source.rows(select(func.count(key)).where(value.endswith(".pkl")))[0][0]
    unclaimed = _unclaimed(source)
    if old and unclaimed:
        names = ", ".join(unclaimed[:5]) + (", …" if len(unclaimed) > 5 else "")
        step = "nothing; a function of that name gets them at its first call, and `beautyspot delete` removes them"
        yield Finding("ok", "legacy", f"{old} results of an earlier release, not yet claimed: {names}", step)
    elif old:
        yield Finding("ok", "legacy", f"{old} results of an earlier release")
    if pickles:
        step = "nothing; their calls run again, since reading a pickle can run code"
        yield Finding("warn", "pickles", f"{pickles} results of release 0.3 are pickles, which are never read", step)


def _unclaimed(source: Source) -> list[str]:
    if not source.has("legacy_names"):
        return []
    name, holder = source.column("legacy_names", "func_name"), source.column("legacy_names", "claimed_by")
    return [row[0] for row in source.rows(select(name).where(holder.is_(None)).order_by(name))]
