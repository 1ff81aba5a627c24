"""Revision 2: what a value is compressed with, and when a result was last read."""

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import Connection


def upgrade(op: Operations, _: Connection) -> None:
    """Add a column and a table."""
    op.add_column("tasks", sa.Column("compression", sa.Text))
    op.create_table(
        "uses",
        sa.Column("cache_key", sa.Text, sa.ForeignKey("tasks.cache_key", ondelete="CASCADE"), primary_key=True),
        sa.Column("used_at", sa.DateTime, nullable=False),
        sqlite_with_rowid=False,
    )
