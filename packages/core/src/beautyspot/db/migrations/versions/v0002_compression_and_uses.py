"""Revision 2: compressed values, last uses, and what a SQLite file keeps of each function, counted."""

# ruff: noqa: S608 - the statements are made of this file's own words

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import Connection

COUNTS = ("results", "size_bytes", "blobs", "blob_bytes", "elapsed_us")
SUMS = """\
SELECT func_name,
        sum(1) AS results,
        sum(coalesce(size_bytes, length(result_data), 0)) AS size_bytes,
        sum((result_type = 'FILE')) AS blobs,
        sum((result_type = 'FILE') * coalesce(size_bytes, 0)) AS blob_bytes,
        sum(CAST(round(coalesce(elapsed_s, 0) * 1000000) AS INTEGER)) AS elapsed_us
        FROM tasks WHERE rowid > (SELECT up_to FROM counted) GROUP BY +func_name"""
ADD = """\
ON CONFLICT (func_name) DO UPDATE SET
        results = results + excluded.results,
        size_bytes = size_bytes + excluded.size_bytes,
        blobs = blobs + excluded.blobs,
        blob_bytes = blob_bytes + excluded.blob_bytes,
        elapsed_us = elapsed_us + excluded.elapsed_us"""
TAKE_BACK = """\
UPDATE functions SET
        results = results - 1,
        size_bytes = size_bytes - coalesce(OLD.size_bytes, length(OLD.result_data), 0),
        blobs = blobs - (OLD.result_type = 'FILE'),
        blob_bytes = blob_bytes - (OLD.result_type = 'FILE') * coalesce(OLD.size_bytes, 0),
        elapsed_us = elapsed_us - CAST(round(coalesce(OLD.elapsed_s, 0) * 1000000) AS INTEGER)
        WHERE func_name = OLD.func_name"""
LAST = "(SELECT coalesce(max(rowid), 0) FROM tasks)"
# Today's statements stand in `counters`, and change; these are those of this revision for ever.
COUNTERS = (
    "INSERT INTO counted (up_to) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM counted)",
    f"INSERT INTO functions {SUMS}",
    f"UPDATE counted SET up_to = {LAST}",
    f"""\
CREATE TRIGGER tasks_inserted AFTER INSERT ON tasks
WHEN NEW.rowid % 128 = 0 OR length(NEW.result_data) > 4000 BEGIN
    INSERT INTO functions {SUMS}
        {ADD};
    UPDATE counted SET up_to = {LAST};
END
    """,
    f"""\
CREATE TRIGGER tasks_deleted AFTER DELETE ON tasks BEGIN
    {TAKE_BACK} AND OLD.rowid <= (SELECT up_to FROM counted);
    UPDATE counted SET up_to = {LAST}
        WHERE up_to > {LAST};
END
    """,
    f"""\
CREATE TRIGGER tasks_updated
AFTER UPDATE OF func_name, result_type, result_data, size_bytes, elapsed_s ON tasks
WHEN OLD.rowid <= (SELECT up_to FROM counted) BEGIN
    {TAKE_BACK};
    INSERT INTO functions VALUES (
        NEW.func_name,
        1,
        coalesce(NEW.size_bytes, length(NEW.result_data), 0),
        (NEW.result_type = 'FILE'),
        (NEW.result_type = 'FILE') * coalesce(NEW.size_bytes, 0),
        CAST(round(coalesce(NEW.elapsed_s, 0) * 1000000) AS INTEGER)
    ) {ADD};
END
    """,
)


def upgrade(op: Operations, sql: Connection) -> None:
    """Add a column and the tables, and count the rows that are there."""
    op.add_column("tasks", sa.Column("compression", sa.Text))
    op.create_table(
        "uses",
        sa.Column("cache_key", sa.Text, sa.ForeignKey("tasks.cache_key", ondelete="CASCADE"), primary_key=True),
        sa.Column("used_at", sa.DateTime, nullable=False),
        sqlite_with_rowid=False,
    )
    if sql.dialect.name == "sqlite":
        _count(op, sql)
    else:
        op.create_index("tasks_by_time", "tasks", ["updated_at", "cache_key"])


def _count(op: Operations, sql: Connection) -> None:
    op.create_table(
        "functions",
        sa.Column("func_name", sa.Text, primary_key=True),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in COUNTS),
        sqlite_with_rowid=False,
    )
    op.create_table("counted", sa.Column("up_to", sa.BigInteger, primary_key=True), sqlite_with_rowid=False)
    for statement in COUNTERS:
        sql.exec_driver_sql(statement)
