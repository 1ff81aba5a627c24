"""Any database that SQLAlchemy speaks to, PostgreSQL above all."""

from beautyspot.db.sql.database import SQLTaskDB

__all__ = ["SQLTaskDB"]
