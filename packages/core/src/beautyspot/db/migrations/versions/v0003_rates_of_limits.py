"""Revision 3: what each shared limit grants, beside the time that it is busy until."""

import sqlalchemy as sa
from alembic.operations import Operations
from sqlalchemy import Connection


def upgrade(op: Operations, _: Connection) -> None:
    """Add the columns; what a limit grants is not known until a limiter that uses it notes it."""
    for name in ("tokens_per_minute", "burst"):
        op.add_column("limits", sa.Column(name, sa.Double))
