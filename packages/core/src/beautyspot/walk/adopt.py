"""Results of releases 0.3 to 2.x: found under their old keys, given ours, and gone from the old ones.

Rules: docs of the on-disk formats in `keys/legacy.py` and `serializers/legacy.py`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta

from beautyspot.errors import DamagedEntryError, LegacyNameWarning
from beautyspot.records import NO_TIME
from beautyspot.store import Hit
from beautyspot.wrapped import unwrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from beautyspot.protocols import Serializer, SupportsLegacy
    from beautyspot.records import Task, TaskFilter
    from beautyspot.store import Label, Store


class LegacyRows:
    """The old rows of one function, in a file that holds old rows at all."""

    def __init__(
        self,
        store: Store,
        db: SupportsLegacy,
        serializer: Serializer,
        *,
        function: Callable[..., Any],
        func_name: str,
        versions: Sequence[str | None],
        input_key_fn: Callable[..., Any] | None,
        ignore: Sequence[str],
        folders: Sequence[str],
    ) -> None:
        """Look for rows of the bare name of `function`, with blobs in one of `folders`."""
        self._store, self._db, self._serializer = store, db, serializer
        self._function, self._name, self._func_name = function, function.__name__, func_name
        self._versions, self._input_key_fn, self._ignore, self._folders = versions, input_key_fn, ignore, folders

    def any(self) -> bool:
        """Say whether the file holds rows of earlier releases at all."""
        try:
            return self._db.holds_legacy()
        except Exception:  # noqa: BLE001 - the database may be anybody's
            return False  # whoever reads or writes next meets the same trouble and warns of it

    def find(self, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Task | None:
        """Return the old row of a call, if this function may have it."""
        for key in self._keys(args, kwargs) if self.any() else ():
            task = self._db.get_legacy(key)
            if task is not None:
                return task if may_claim(self._store, self._db, self._function, self._func_name) else None
        return None

    def adopt(self, label: Label, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> Hit | None:
        """Return the old result of a call, and move it to the label's key."""
        found = self._read(args, kwargs, label.ttl_s)
        if found is None:
            return None
        old, hit = found
        # Ours first, then the old row: a crash between the two leaves both, and ours is looked for first.
        if self._store.keep(_dated(label, old), hit.value, self._serializer):
            with suppress(Exception):  # the value is read, and what is left of it comes after ours
                self._store.db.delete([old.cache_key])
        return hit

    def peek(self, args: tuple[Any, ...], kwargs: dict[str, Any], ttl_s: float | None, /) -> Hit | None:
        """Return the old result of a call that has no key today, and leave it where it is."""
        found = self._read(args, kwargs, ttl_s)
        return None if found is None else found[1]

    def forget(self, args: tuple[Any, ...], kwargs: dict[str, Any], /) -> int:
        """Delete the old row of a call, so that it does not come back, and return how many there were."""
        task = self.find(args, kwargs)
        return 0 if task is None else self._store.db.delete([task.cache_key])

    def forget_all(self, where: TaskFilter, /) -> int:
        """Delete the old rows of the function that meet the other conditions, and return how many there were."""
        return delete_old(self._store, self._db, self._function, where) if self.any() else 0

    def _read(self, args: tuple[Any, ...], kwargs: dict[str, Any], ttl_s: float | None) -> tuple[Task, Hit] | None:
        try:
            task = self.find(args, kwargs)
            if task is None or self._expired(task, ttl_s):
                return None
            return task, Hit(self._value(task), task.elapsed_s or 0.0)
        except Exception as error:  # noqa: BLE001 - a row that can't be read is a miss; it is counted and warned of
            self._store.report_damage(self._func_name, error)
            return None

    def _keys(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Iterator[str]:
        from beautyspot.keys.legacy import legacy_keys  # few files hold old rows, and none is looked at before here

        # Python's own name too: a script was kept as `__main__`, whichever it was.
        own = [getattr(self._function, name, None) for name in ("__module__", "__qualname__")]
        names = self._func_name, f"{own[0]}.{own[1]}"
        custom: str | None = None
        if self._input_key_fn is not None or self._ignore:
            from beautyspot.keys.legacy_policies import custom_id  # as above

            custom = custom_id(self._function, self._input_key_fn, self._ignore, args, kwargs)
            if custom is not None:
                yield from legacy_keys(self._name, args, kwargs, self._versions, custom, qualified_names=names)
        if self._input_key_fn is None or custom is None:
            yield from legacy_keys(self._name, args, kwargs, self._versions, qualified_names=names)

    def _expired(self, task: Task, ttl_s: float | None) -> bool:
        expires_at = task.expires_at
        if expires_at == NO_TIME:
            raise DamagedEntryError(f"the expiry of the row of an earlier release {task.cache_key} is no time")
        if expires_at is None and ttl_s is not None:
            expires_at = task.updated_at + timedelta(seconds=ttl_s)
        return expires_at is not None and expires_at.timestamp() <= self._store.clock.time()

    def _value(self, task: Task) -> Any:
        if task.result_type == "DIRECT":
            from beautyspot.serializers.legacy import loads_json  # as in _keys

            return loads_json(task.result_value or "")
        data = task.result_data if task.result_type == "DIRECT_BLOB" else self._blob(task.result_value or "")
        if data is None:
            raise DamagedEntryError(
                f"the row of an earlier release {task.cache_key} holds no value; it is computed again"
            )
        return self._serializer.loads_legacy(data)  # type: ignore[attr-defined]

    def _blob(self, location: str) -> bytes:
        """Return the blob that an old row names, from one of the folders where old blobs lie and nowhere else."""
        # Old rows name a path as their writer saw it from its own working directory; only the file's name is safe.
        name = location.replace("\\", "/").rpartition("/")[2]
        if name.endswith(".pkl"):
            raise DamagedEntryError(f"{name!r} is a pickle of release 0.3, which could run code; it is never read")
        for folder in self._folders:
            path = os.path.join(folder, name)  # noqa: PTH118 - pathlib is 3 ms of `import beautyspot`
            if name and os.path.isfile(path) and not os.path.islink(path):  # noqa: PTH113, PTH114 - as above
                with open(path, "rb") as file:
                    return file.read()
        raise DamagedEntryError(f"the blob {name!r} of an earlier release is in none of {list(self._folders)!r}")


def delete_old(store: Store, db: SupportsLegacy, function: Callable[..., Any], where: TaskFilter, /) -> int:
    """Delete the old rows of the function that `where` names, if it may have those of its bare name."""
    name = function.__name__
    if not may_claim(store, db, function, where.function or name):
        return 0
    # The filter takes methods of that name as well, and what is ours has a size.
    named = store.db.find(where._replace(function=name))
    return store.db.delete([task.cache_key for task in named if task.func_name == name and task.size_bytes is None])


def may_claim(store: Store, db: SupportsLegacy, function: Callable[..., Any], func_name: str, /) -> bool:
    """Say whether a function may have the old rows of its bare name, and warn if it may not."""
    name = function.__name__
    if _is_one_of_many(function):
        store.notices.warn(
            func_name,
            f"results of an earlier release for a function named {name!r} may be of any other of that name, as "
            f"{func_name} is a lambda or made anew by each call of another function; it computes its own; from "
            "now on mark a function of a module, which takes all that it needs as arguments",
            LegacyNameWarning,
        )
        return False
    holder = db.claim_legacy(name, func_name)
    if holder != func_name:
        store.notices.warn(
            func_name,
            f"results of an earlier release for a function named {name!r} belong to {holder}, "
            f"which asked first; {func_name} computes its own",
            LegacyNameWarning,
        )
    return holder == func_name


def _is_one_of_many(function: Any) -> bool:
    """Say whether functions that return something else have the same name: lambdas, and those of one factory."""
    function = unwrap(function)
    parent, _, name = getattr(function, "__qualname__", "").rpartition(".")
    differs = any(getattr(function, part, None) for part in ("__closure__", "__defaults__", "__kwdefaults__"))
    return name == "<lambda>" or (parent.endswith("<locals>") and differs)


def _dated(label: Label, old: Task) -> Label:
    """Return the label of a result that is as old as its old row, and expires when that does."""
    if old.updated_at == NO_TIME:
        return label
    own = old.expires_at
    ttl_s = label.ttl_s if own is None else (own - old.updated_at).total_seconds()
    return label._replace(kept_at=old.updated_at, ttl_s=ttl_s)
