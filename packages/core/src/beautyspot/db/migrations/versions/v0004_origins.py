"""Revision 4: which file the results of a function are kept by."""

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import Connection


def upgrade(op: Operations, _: Connection) -> None:
    """Add the table; a function's file is not known until it keeps a result."""
    op.create_table(
        "origins",
        sa.Column("scope", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
