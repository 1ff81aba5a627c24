"""The one schema: every table, column and index, for every SQL database.

`db/schema.sql` is its compiled form for a fresh SQLite file; a test compares the two and Alembic's head.
Column names say their unit; times are UTC without a zone.
"""

# SQLModel declares `__tablename__` as a method, and documents assigning it:
# pyright: reportAssignmentType=false

from datetime import datetime
from typing import Any

from sqlalchemy import DDL, JSON, BigInteger, DateTime, Double, Index, LargeBinary, Text, event, text
from sqlmodel import Field, SQLModel

from beautyspot.counters import START, TRIGGERS

REVISION = 4
"""`PRAGMA user_version` of a SQLite file that has this schema."""

_NO_ROWID = {"sqlite_with_rowid": False}  # the key is most of the row, so a second copy of it would double the table


def _on_server(*_: Any, dialect: Any, **__: Any) -> bool:
    return dialect.name != "sqlite"


class TaskRow(SQLModel, table=True):
    """One kept result; the first nine columns are those of earlier releases."""

    __tablename__ = "tasks"
    __table_args__ = (
        Index("tasks_by_function", "func_name", "updated_at"),
        Index("tasks_by_expiry", "expires_at", sqlite_where=text("expires_at IS NOT NULL")),
        # A file merges its functions' newest instead: another index would make a put a quarter slower.
        Index("tasks_by_time", "updated_at", "cache_key").ddl_if(callable_=_on_server),
    )

    cache_key: str = Field(sa_type=Text, primary_key=True)
    func_name: str = Field(sa_type=Text)
    input_id: str = Field(sa_type=Text)
    result_type: str = Field(sa_type=Text)
    result_value: str | None = Field(default=None, sa_type=Text)
    result_data: bytes | None = Field(default=None, sa_type=LargeBinary)
    content_type: str | None = Field(default=None, sa_type=Text)
    version: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=DateTime)
    expires_at: datetime | None = Field(default=None, sa_type=DateTime)
    size_bytes: int | None = Field(default=None, sa_type=BigInteger)
    elapsed_s: float | None = Field(default=None, sa_type=Double)
    checksum: int | None = Field(default=None, sa_type=BigInteger)
    compression: str | None = Field(default=None, sa_type=Text)


class TagRow(SQLModel, table=True):
    """One tag of one task."""

    __tablename__ = "tags"
    __table_args__ = (Index("tags_by_key", "cache_key"), _NO_ROWID)

    tag: str = Field(sa_type=Text, primary_key=True)
    cache_key: str = Field(sa_type=Text, primary_key=True, foreign_key="tasks.cache_key", ondelete="CASCADE")


class UseRow(SQLModel, table=True):
    """When one task was last read, as far as anybody wrote it down."""

    __tablename__ = "uses"
    __table_args__ = (_NO_ROWID,)

    cache_key: str = Field(sa_type=Text, primary_key=True, foreign_key="tasks.cache_key", ondelete="CASCADE")
    used_at: datetime = Field(sa_type=DateTime)


class ActivityRow(SQLModel, table=True):
    """What one function did in one minute."""

    __tablename__ = "activity"
    __table_args__ = (_NO_ROWID,)

    func_name: str = Field(sa_type=Text, primary_key=True)
    minute: datetime = Field(sa_type=DateTime, primary_key=True)
    hits: int
    misses: int
    errors: int
    saved_s: float = Field(sa_type=Double)
    waited_s: float = Field(sa_type=Double)
    tokens_spent: int = Field(sa_type=BigInteger)
    tokens_saved: int = Field(sa_type=BigInteger)


class RunRow(SQLModel, table=True):
    """One observed call of a model, tool, retriever or step."""

    __tablename__ = "runs"
    __table_args__ = (Index("runs_by_start", "started_at"), Index("runs_by_trace", "trace_id"))

    run_id: str = Field(sa_type=Text, primary_key=True)
    parent_id: str | None = Field(default=None, sa_type=Text)
    trace_id: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    model: str | None = Field(default=None, sa_type=Text)
    started_at: datetime = Field(sa_type=DateTime)
    elapsed_s: float | None = Field(default=None, sa_type=Double)
    first_token_s: float | None = Field(default=None, sa_type=Double)
    waited_s: float = Field(sa_type=Double)
    status: str = Field(sa_type=Text)
    input_tokens: int | None = Field(default=None, sa_type=BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cached_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cost: float | None = Field(default=None, sa_type=Double)
    cache_hit: bool | None = None
    nested: bool
    cache_key: str | None = Field(default=None, sa_type=Text)
    error: str | None = Field(default=None, sa_type=Text)
    tags: list[str] = Field(default_factory=list, sa_type=JSON)
    details: bytes | None = Field(default=None, sa_type=LargeBinary)


class LimitRow(SQLModel, table=True):
    """One shared limiter's theoretical arrival time."""

    __tablename__ = "limits"
    __table_args__ = (_NO_ROWID,)

    name: str = Field(sa_type=Text, primary_key=True)
    tat_s: float = Field(sa_type=Double)
    """Seconds since 1970-01-01 UTC."""
    tokens_per_minute: float | None = Field(default=None, sa_type=Double)
    """Cells a minute that it grants, noted for people to look at; None where nobody noted them."""
    burst: float | None = Field(default=None, sa_type=Double)
    """Cells that an idle time saves up at most; None as above."""


class LegacyNameRow(SQLModel, table=True):
    """One bare function name that an upgrade found in rows of releases 0.3 to 2.x."""

    __tablename__ = "legacy_names"
    __table_args__ = (_NO_ROWID,)

    func_name: str = Field(sa_type=Text, primary_key=True)
    claimed_by: str | None = Field(default=None, sa_type=Text)
    """`module.qualname` of the function that got its rows; None until one asked."""


class OriginRow(SQLModel, table=True):
    """The file that results of one function are kept by."""

    __tablename__ = "origins"
    __table_args__ = (_NO_ROWID,)

    scope: str = Field(sa_type=Text, primary_key=True)
    """32 hex digits: the digest of what the keys of all its calls begin with."""
    path: str = Field(sa_type=Text)
    """Absolute, on the machine that kept the last result."""


class FunctionRow(SQLModel, table=True):
    """What is kept of one function: its rows up to `CountedRow.up_to`, counted by the triggers of a SQLite file."""

    __tablename__ = "functions"
    __table_args__ = (_NO_ROWID,)

    func_name: str = Field(sa_type=Text, primary_key=True)
    results: int = Field(sa_type=BigInteger)
    size_bytes: int = Field(sa_type=BigInteger)
    blobs: int = Field(sa_type=BigInteger)
    blob_bytes: int = Field(sa_type=BigInteger)
    elapsed_us: int = Field(sa_type=BigInteger)
    """Microseconds: whole numbers add up to the same sum in any order."""


class CountedRow(SQLModel, table=True):
    """The one row that says how far the triggers have counted."""

    __tablename__ = "counted"
    __table_args__ = (_NO_ROWID,)

    up_to: int = Field(sa_type=BigInteger, primary_key=True)
    """`rowid` of `tasks`."""


for _statement in (START, *TRIGGERS):
    _ddl = DDL(_statement.replace("%", "%%")).execute_if(dialect="sqlite")
    event.listen(SQLModel.metadata.tables["counted"], "after_create", _ddl)

TABLES = ("tasks", "tags", "uses", "activity", "runs", "limits", "legacy_names", "origins")
"""Ours, in an order in which they can be created; `SQLModel.metadata` may hold a user's own as well."""
SERVER_INDEXES = ("tasks_by_time",)
"""Those that a SQLite file does without."""
FILE_TABLES = ("functions", "counted")
"""Those that a SQLite file has beside `TABLES`; servers count with their own means."""
