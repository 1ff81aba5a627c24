"""The statements on the one schema, in a dialect of SQL."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Executable,
    Select,
    Table,
    Text,
    Update,
    all_,
    bindparam,
    delete,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import SQLModel

import beautyspot.schema as schema  # also registers the tables
from beautyspot.batched import batched
from beautyspot.db.sql.rows import plain
from beautyspot.records import Activity, Entry, LimitRate, Run, Task, TaskFilter

REVISION = schema.REVISION
TASKS, TAGS, USES, ACTIVITY, RUNS, LIMITS, ORIGINS = (
    SQLModel.metadata.tables[name] for name in ("tasks", "tags", "uses", "activity", "runs", "limits", "origins")
)
T = TypeVar("T")
CHUNK = 500
"""Keys in one statement."""
TASK_FIELDS = tuple(field for field in Task._fields if field != "tags")


class Statements:
    """What `SQLTaskDB` says, made once."""

    def __init__(self, dialect: Dialect) -> None:
        """Write for `dialect`, one of `urls.DIALECTS`."""
        self._dialect = dialect
        self._insert: Callable[[Table], Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}[dialect.name]
        self.get = select(*(TASKS.c[name] for name in Entry._fields)).where(TASKS.c.cache_key == bindparam("key"))
        self.get_many = select(TASKS.c.cache_key, *(TASKS.c[name] for name in Entry._fields)).where(
            TASKS.c.cache_key.in_(bindparam("keys", expanding=True))
        )
        self.put = self._replace(TASKS, TASK_FIELDS)
        self.put_newer = self._replace(
            TASKS, TASK_FIELDS, where=lambda new: TASKS.c.updated_at < new.updated_at
        ).returning(TASKS.c.cache_key)
        self.put_tag = self._insert(TAGS).on_conflict_do_nothing()
        self.delete_tags = delete(TAGS).where(TAGS.c.cache_key == bindparam("key"))
        self.delete = delete(TASKS).where(TASKS.c.cache_key.in_(bindparam("keys", expanding=True)))
        self.advance = self._advance()
        self.restore = self._restore()
        self.limit_rate = select(LIMITS.c.tokens_per_minute, LIMITS.c.burst).where(LIMITS.c.name == bindparam("limit"))
        self.note_limit_rate = self._note_limit_rate()
        self.origin = select(ORIGINS.c.path).where(ORIGINS.c.scope == bindparam("of"))
        self.note_origin = self._replace(ORIGINS, ("scope", "path"))
        self.add_activity = self._sum(ACTIVITY, Activity._fields[:2], Activity._fields[2:])
        self.add_run = self._replace(RUNS, Run._fields)
        self.note_use = self._note_use()

    def put_whole(self) -> Executable:
        """Return the statement that keeps a row and takes the tags of an older one away; PostgreSQL only."""
        return self.put.add_cte(self.delete_tags.cte("gone"))

    def put_tagged(self) -> Executable:
        """Return the one that keeps a row with `tags`, a list; PostgreSQL only.

        No tag is both deleted and inserted: the parts of one statement don't see each other's work.
        """
        tags = bindparam("tags", type_=postgresql.ARRAY(Text))
        gone = self.delete_tags.where(TAGS.c.tag != all_(tags)).cte("gone")
        rows = select(func.unnest(tags), bindparam("key", type_=Text))
        new = postgresql.insert(TAGS).from_select(["tag", "cache_key"], rows).on_conflict_do_nothing()
        return self.put.add_cte(gone, new.cte("new"))

    def native(self, statement: Executable, /) -> str:
        """Return the text of `statement` for a driver that takes parameters by name and Python's own types."""
        return str(statement.compile(dialect=self._dialect))  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]

    def _replace(self, table: Table, fields: Sequence[str], where: Callable[[Any], Any] | None = None) -> Any:
        values = {field: bindparam(f"new_{field}", type_=table.c[field].type) for field in fields}
        keep = self._insert(table).values(values)
        keys = [column.name for column in table.primary_key]
        return keep.on_conflict_do_update(
            index_elements=keys,
            set_={field: keep.excluded[field] for field in fields if field not in keys},
            where=None if where is None else where(keep.excluded),
        )

    def _sum(self, table: Table, keys: Sequence[str], counts: Sequence[str]) -> Any:
        add = self._insert(table)
        return add.on_conflict_do_update(
            index_elements=keys, set_={name: table.c[name] + add.excluded[name] for name in counts}
        )

    def _note_use(self) -> Any:
        used_at, bound = bindparam("used_at", type_=DateTime), bindparam("bound", type_=DateTime)
        is_its = TASKS.c.cache_key == bindparam("key")
        rows = select(TASKS.c.cache_key, used_at).where(is_its, TASKS.c.updated_at < used_at)
        is_old = or_(
            USES.c.used_at < bound, USES.c.used_at < select(TASKS.c.updated_at).where(is_its).scalar_subquery()
        )
        add = self._insert(USES).from_select(["cache_key", "used_at"], rows)
        return add.on_conflict_do_update(
            index_elements=["cache_key"], set_={"used_at": add.excluded.used_at}, where=is_old
        )

    def _advance(self) -> Any:
        now_s, increment_s = (bindparam(name, type_=LIMITS.c.tat_s.type) for name in ("now_s", "increment_s"))
        later = func.greatest if self._dialect.name == "postgresql" else func.max
        add = self._insert(LIMITS).values(name=bindparam("limit"), tat_s=now_s + increment_s)
        return add.on_conflict_do_update(
            index_elements=["name"], set_={"tat_s": later(LIMITS.c.tat_s, now_s) + increment_s}
        ).returning(LIMITS.c.tat_s)

    def _restore(self) -> Update:
        tat_s, increment_s = (bindparam(name, type_=LIMITS.c.tat_s.type) for name in ("at_s", "increment_s"))
        return (
            update(LIMITS)
            .where(LIMITS.c.name == bindparam("limit"), LIMITS.c.tat_s == tat_s)
            .values(tat_s=LIMITS.c.tat_s - increment_s)
        )

    def _note_limit_rate(self) -> Any:
        given = {field: bindparam(f"new_{field}", type_=LIMITS.c[field].type) for field in LimitRate._fields}
        # A TAT of 0 was long ago, which is as good as none.
        note = self._insert(LIMITS).values(name=bindparam("limit"), tat_s=0, **given)
        return note.on_conflict_do_update(index_elements=["name"], set_=given)


def keys_of(where: TaskFilter, /) -> Select[*tuple[Any, ...]]:
    """Return the question for the keys of the tasks that `where` means, newest first."""
    order = (TASKS.c.updated_at.desc(), TASKS.c.cache_key.desc())
    return select(TASKS.c.cache_key).where(*_conditions(where)).order_by(*order)


def tasks_of(where: TaskFilter, /) -> Select[*tuple[Any, ...]]:
    """Return the question for those tasks under `keys` that `where` still means, without their values."""
    return select(*task_columns()).where(TASKS.c.cache_key.in_(bindparam("keys", expanding=True)), *_conditions(where))


def task_columns() -> list[ColumnElement[Any]]:
    """Return the columns of a `Task` in its order, without the value and the tags."""
    return [null().label(name) if name == "result_data" else TASKS.c[name] for name in TASK_FIELDS]


def tags_of(sql: Connection, keys: list[str], /) -> dict[str, tuple[str, ...]]:
    """Return the tags of the tasks under `keys`, sorted."""
    found: dict[str, tuple[str, ...]] = {}
    for row in sql.execute(select(TAGS.c.cache_key, TAGS.c.tag).where(TAGS.c.cache_key.in_(keys)).order_by(TAGS.c.tag)):
        found[row.cache_key] = (*found.get(row.cache_key, ()), row.tag)
    return found


def chunks(items: Sequence[T], /) -> Iterator[list[T]]:
    """Yield `items` in parts that one statement can take."""
    return batched(items, CHUNK)


def _conditions(where: TaskFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if where.function is not None:
        # By its end, not LIKE, which SQLite compares without regard to case.
        name, suffix = TASKS.c.func_name, f".{where.function}"
        end = func.substr(name, func.length(name) - (len(suffix) - 1))
        found.append(or_(name == where.function, end == suffix))
    if where.version is not None:
        found.append(TASKS.c.version == where.version)
    if where.tags is not None:
        found.append(TASKS.c.cache_key.in_(select(TAGS.c.cache_key).where(TAGS.c.tag.in_(where.tags))))
    if where.updated_before is not None:
        found.append(TASKS.c.updated_at < plain(where.updated_before))
    if where.expired_before is not None:
        found.append(TASKS.c.expires_at < plain(where.expired_before))
    return found
