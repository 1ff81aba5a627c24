"""What the functions of one Spot share, opened and put together."""

from __future__ import annotations

from types import MappingProxyType

from beautyspot.checks import expect, expect_size, has_methods
from beautyspot.db import open_db
from beautyspot.flight import Flight
from beautyspot.journal import Journal
from beautyspot.keys import KeyRegistry
from beautyspot.lifecycle import tie_up
from beautyspot.origins import Origins
from beautyspot.powers import has_locks
from beautyspot.serializers import MsgpackSerializer
from beautyspot.storage import create_storage
from beautyspot.store import Store
from beautyspot.system_clock import SystemClock
from beautyspot.workspace import (
    blob_folder,
    blob_folder_on_server,
    default_database,
    earlier_blob_folders,
    linked_blob_folder,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from concurrent.futures import Executor  # 17 ms that only annotations would need
    from typing import Any, NamedTuple

    from beautyspot.clocks import Clock
    from beautyspot.compression import Compression
    from beautyspot.durations import Duration
    from beautyspot.limiters import GCRA, SharedGCRA
    from beautyspot.protocols import BlobStorage, Serializer, TaskDB
    from beautyspot.sizes import Size
    from beautyspot.store import OnSaveError
else:
    from beautyspot.tuples import NamedTuple


INLINE_BYTES = 65_536
"""Largest value that lies in its row."""
SHARED_INLINE_BYTES = 64 * 1024 * 1024
"""The same beside no storage of its own where rows lie on a server: whoever shares them can't read a folder of this
machine, and would compute again and replace what lies there. As much as is held in memory while the server is away."""

ELSEWHERE = frozenset({"ProcessPoolExecutor", "InterpreterPoolExecutor"})
"""Executors that run their work where this process's objects are not."""


class Parts(NamedTuple):
    """What the functions of one Spot share."""

    store: Store
    journal: Journal
    flight: Flight
    serializer: Serializer
    registry: KeyRegistry
    clock: Clock
    executor: Executor | None
    legacy_folders: Sequence[str]
    origins: Origins

    def __reduce__(self) -> str:
        """Refuse to be pickled, as cloudpickle tries for a function of the script that reads its Spot by name."""
        raise TypeError(
            f"a Spot on {self.store.db!r} can't be copied to another process, as it holds connections of this one; "
            "expected one that the other opens: import it and what uses it from a module, or use threads"
        )


def open_parts(
    name: str,
    db: str | os.PathLike[str] | TaskDB | None,
    *,
    storage: str | os.PathLike[str] | BlobStorage | None,
    storage_options: Mapping[str, Any] = MappingProxyType({}),
    inline_limit_bytes: int | None,
    on_save_error: OnSaveError,
    durability: str,
    memory_bytes: int,
    serializer: Serializer | None,
    executor: Executor | None,
    compress: Compression | None,
    clock: Clock | None,
    max_size: Size | None = None,
    prune_every: Duration | None = None,
) -> Parts:
    """Return the parts of the Spot `name`; None stands for its default in each place.

    Raises:
        ConfigurationError: one of them is not what it should be.
    """
    expect(isinstance(name, str), "Spot", name, "a name, and db= for a database elsewhere")  # pyright: ignore[reportUnnecessaryIsInstance]
    expect_size("memory_bytes", memory_bytes)
    _expect_methods(serializer, executor, clock)
    clock = SystemClock() if clock is None else clock
    tasks = open_db(default_database(name) if db is None else db, durability=durability, memory_bytes=memory_bytes)
    blobs, folders = _open_storage(name, tasks, storage, durability=durability, **storage_options)
    limit_bytes = _inline_limit(inline_limit_bytes, tasks, has_storage=storage is not None)
    store = Store(tasks, blobs, clock=clock, inline_limit_bytes=limit_bytes, on_save_error=on_save_error)
    _furnish(store, compress, max_size=max_size, prune_every=prune_every)
    tie_up(store, journal := Journal(tasks, clock, rests=store.unsaved.rests))
    flight, registry = _met_by_others(tasks)
    return Parts(
        store=store, journal=journal, flight=flight, registry=registry, clock=clock,
        serializer=MsgpackSerializer() if serializer is None else serializer, executor=executor, legacy_folders=folders,
        origins=Origins(tasks, store.notices),
    )  # fmt: skip


def open_limiter(parts: Parts, tpm: float | None, *, burst: float, shared: bool, name: str) -> GCRA | SharedGCRA | None:
    """Return the limiter of the Spot `name`, None without `tpm`.

    Raises:
        ConfigurationError: a number is wrong, or the limit can't be shared.
    """
    expect(isinstance(shared, bool), "shared_limit", shared, "True or False")  # pyright: ignore[reportUnnecessaryIsInstance]
    if tpm is None:
        name, given = ("burst", burst) if burst != 1 else ("shared_limit", shared)
        expect(burst == 1 and not shared, name, given, "tpm= as well, such as tpm=60, or leave it out")
        return None
    from beautyspot.limiters import create_limiter  # most Spots have no limit

    shared_by = parts.store.db if shared else None
    return create_limiter(tpm, burst=burst, clock=parts.clock, shared_by=shared_by, name=name)


def translated(renamed: Mapping[str, Any], today: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return today's options for keywords of release 2, of which there are mostly none."""
    if not renamed:
        return {}
    from beautyspot.renamed import translate  # for the code of release 2

    return translate(renamed, today)


def _open_storage(
    name: str, tasks: TaskDB, storage: str | os.PathLike[str] | BlobStorage | None, **options: Any
) -> tuple[BlobStorage, Sequence[str]]:
    """Return where blobs go, and the folders that those of earlier releases lie in."""
    if storage is not None:
        blobs = create_storage(storage, **options)
        root: str | None = getattr(blobs, "root", None)
        return blobs, () if root is None else (root,)
    path: str | None = getattr(tasks, "path", None)
    if path is None:
        # Of a class alone where a database has no name: its `repr` may differ in every process.
        server = str(getattr(tasks, "name", type(tasks).__qualname__))
        names = (str(getattr(tasks, "canonical_name", server)), server)  # the second named the folder once
        own = tuple(blob_folder_on_server(name, each) for each in names)
    else:
        own = (blob_folder(path), linked_blob_folder(path))
    folder = own[0]
    folders = tuple(dict.fromkeys((*own, *earlier_blob_folders(name, folder))))
    return create_storage(folder, elsewhere=folders[1:], **options), folders


def _inline_limit(given: int | None, tasks: TaskDB, *, has_storage: bool) -> int:
    if given is not None:
        return expect_size("inline_limit_bytes", given)
    is_shared = not has_storage and getattr(tasks, "path", None) is None
    return SHARED_INLINE_BYTES if is_shared else INLINE_BYTES


def _met_by_others(tasks: TaskDB) -> tuple[Flight, KeyRegistry]:
    """Return what meets that of other Spots on the same file."""
    path: str | None = getattr(tasks, "path", None)
    # One flight for all of them: file locks tell processes apart, not Spots.
    return Flight(tasks.locks if has_locks(tasks) else None, name=path), KeyRegistry(store=path)


def _furnish(
    store: Store, compress: Compression | None, *, max_size: Size | None, prune_every: Duration | None
) -> None:
    """Give `store` what few ask for."""
    if compress is not None:
        from beautyspot.compression import expect_compression

        expect_compression(compress)
        store.compresses = True
    if max_size is not None or prune_every is not None:
        from beautyspot.housekeeping import Housekeeping

        store.housekeeping = Housekeeping(
            store.db,
            store.blobs.drop_many,
            store.clock,
            max_size=max_size,
            prune_every=prune_every,
            is_far=not getattr(store.storage, "is_local", False),
        )


def _expect_methods(serializer: object, executor: object, clock: object) -> None:
    for name, thing, methods in (
        ("serializer", serializer, ("dumps", "loads")),
        ("executor", executor, ("submit",)),
        ("clock", clock, ("time", "monotonic", "sleep", "sleep_async")),
    ):
        expect(thing is None or has_methods(thing, *methods), name, thing, f"an object that has {', '.join(methods)}")
    # By name: its module takes 20 ms, and joblib's is another class.
    is_elsewhere = any(each.__name__ in ELSEWHERE for each in type(executor).__mro__)
    words = "one of threads, such as ThreadPoolExecutor(): results are kept in it, and a database stays in its process"
    expect(not is_elsewhere, "executor", executor, words)
