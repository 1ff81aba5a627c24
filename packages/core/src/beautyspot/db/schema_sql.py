"""Print the schema as SQLite DDL: `python -m beautyspot.db.schema_sql > packages/core/src/beautyspot/db/schema.sql`."""

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement
from sqlmodel import SQLModel

from beautyspot.schema import REVISION, TABLES

HEADER = """\
-- The compiled form of schema.py for a fresh SQLite file; do not edit, regenerate:
-- python -m beautyspot.db.schema_sql > packages/core/src/beautyspot/db/schema.sql"""


def schema_sql() -> str:
    """Return the statements that make a fresh file, each ended by a semicolon and a blank line."""
    parts = [HEADER]
    for table in (SQLModel.metadata.tables[name] for name in TABLES):
        parts.append(_compiled(CreateTable(table, if_not_exists=True)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        parts += [_compiled(CreateIndex(index, if_not_exists=True)) for index in indexes]
    parts.append(f"PRAGMA user_version = {REVISION};")
    return "\n\n".join(parts) + "\n"


def _compiled(ddl: DDLElement) -> str:
    lines = str(ddl.compile(dialect=sqlite.dialect())).strip().splitlines()
    return "\n".join(line.replace("\t", "    ").rstrip() for line in lines if line.strip()) + ";"


if __name__ == "__main__":
    print(schema_sql(), end="")
