"""Revision 1: the tables of release 3, and the rows of releases 0.3 to 2.x moved into them.

Source of the older shapes: each release made `tasks` with its own columns in its own order, and added what was
missing by ALTER TABLE; none has another table or sets `user_version`.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import Connection

TASKS = (
    "cache_key", "func_name", "input_id", "result_type", "result_value", "result_data", "content_type", "version",
    "updated_at", "expires_at", "size_bytes", "elapsed_s", "checksum",
)  # fmt: skip


def upgrade(op: Operations, sql: Connection) -> None:
    """Make the tables, and move older rows."""
    # No earlier release knew another database.
    is_file = sql.dialect.name == "sqlite"
    had = {row[1] for row in sql.exec_driver_sql("PRAGMA table_info(tasks)")} if is_file else set[str]()
    if had:
        op.rename_table("tasks", "older_tasks")
    _make_tables(op)
    if had:
        _move(sql, had)
        op.drop_table("older_tasks")
    _make_indexes(op)


def _make_tables(op: Operations) -> None:
    op.create_table(
        "tasks",
        sa.Column("cache_key", sa.Text, primary_key=True),
        sa.Column("func_name", sa.Text, nullable=False),
        sa.Column("input_id", sa.Text, nullable=False),
        sa.Column("result_type", sa.Text, nullable=False),
        sa.Column("result_value", sa.Text),
        sa.Column("result_data", sa.LargeBinary),
        sa.Column("content_type", sa.Text),
        sa.Column("version", sa.Text),
        sa.Column("updated_at", sa.DateTime, nullable=False),
        sa.Column("expires_at", sa.DateTime),
        sa.Column("size_bytes", sa.BigInteger),
        sa.Column("elapsed_s", sa.Double),
        sa.Column("checksum", sa.BigInteger),
    )
    op.create_table(
        "tags",
        sa.Column("tag", sa.Text, primary_key=True),
        sa.Column("cache_key", sa.Text, sa.ForeignKey("tasks.cache_key", ondelete="CASCADE"), primary_key=True),
        sqlite_with_rowid=False,
    )
    _make_journal(op)
    op.create_table(
        "limits",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("tat_s", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "legacy_names",
        sa.Column("func_name", sa.Text, primary_key=True),
        sa.Column("claimed_by", sa.Text),
        sqlite_with_rowid=False,
    )


def _make_journal(op: Operations) -> None:
    op.create_table(
        "activity",
        sa.Column("func_name", sa.Text, primary_key=True),
        sa.Column("minute", sa.DateTime, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("hits", "misses", "errors")),
        *(sa.Column(name, sa.Double, nullable=False) for name in ("saved_s", "waited_s")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("tokens_spent", "tokens_saved")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "runs",
        sa.Column("run_id", sa.Text, primary_key=True),
        sa.Column("parent_id", sa.Text),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("started_at", sa.DateTime, nullable=False),
        sa.Column("elapsed_s", sa.Double),
        sa.Column("first_token_s", sa.Double),
        sa.Column("waited_s", sa.Double, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("input_tokens", "output_tokens", "cached_tokens")),
        sa.Column("cost", sa.Double),
        sa.Column("cache_hit", sa.Boolean),
        sa.Column("nested", sa.Boolean, nullable=False),
        sa.Column("cache_key", sa.Text),
        sa.Column("error", sa.Text),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("details", sa.LargeBinary),
    )


def _make_indexes(op: Operations) -> None:
    op.create_index("tasks_by_expiry", "tasks", ["expires_at"], sqlite_where=sa.text("expires_at IS NOT NULL"))
    op.create_index("tasks_by_function", "tasks", ["func_name", "updated_at"])
    op.create_index("tags_by_key", "tags", ["cache_key"])
    op.create_index("runs_by_start", "runs", ["started_at"])
    op.create_index("runs_by_trace", "runs", ["trace_id"])


def _move(sql: Connection, had: set[str]) -> None:
    """Copy every row, its times in one form, and note the bare names of its functions.

    What no release wrote is kept as well: a NULL where a text belongs becomes '', a time that nobody can read the
    time of the upgrade, so that no age limit takes the row for an old one. A row without a key could never be read.
    """
    assert sql.connection.dbapi_connection is not None
    sql.connection.dbapi_connection.create_function("utc_text", 1, _utc_text, deterministic=True)
    values = {name: name if name in had else "NULL" for name in TASKS}
    for name in ("func_name", "input_id", "result_type"):
        values[name] = f"coalesce({values[name]}, '')"
    now = datetime.now(UTC).isoformat(" ", "microseconds")[:26]
    values["updated_at"] = f"coalesce(utc_text({values['updated_at']}), '{now}')"
    values["expires_at"] = f"utc_text({values['expires_at']})"
    if "func_identifier" in had:  # release 2.7: `module.qualname`, which ends with the bare name
        values["func_name"] = (
            "CASE WHEN substr(func_identifier, -length(func_name) - 1) = '.' || func_name "
            "THEN func_identifier ELSE coalesce(func_name, '') END"
        )
    sql.exec_driver_sql(
        f"INSERT OR REPLACE INTO tasks ({', '.join(values)}) SELECT {', '.join(values.values())} "  # noqa: S608 - ours
        "FROM older_tasks WHERE cache_key IS NOT NULL ORDER BY rowid"
    )
    sql.exec_driver_sql(
        "INSERT INTO legacy_names (func_name) SELECT DISTINCT func_name FROM older_tasks WHERE func_name IS NOT NULL"
    )


def _utc_text(value: object) -> str | None:
    """Return a time as text in UTC without its zone; None if it is none."""
    try:
        time = datetime.fromisoformat(value)  # pyright: ignore[reportArgumentType] - an old row may hold any type
    except (TypeError, ValueError):
        return None
    time = time if time.tzinfo is None else time.astimezone(UTC)
    return time.isoformat(" ", "microseconds")[:26]
