"""Print the schema as SQLite DDL: `python -m beautyspot.db.schema_sql > packages/core/src/beautyspot/db/schema.sql`."""

from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement, Index
from sqlmodel import SQLModel

from beautyspot.counters import START, TRIGGERS
from beautyspot.schema import FILE_TABLES, REVISION, SERVER_INDEXES, TABLES

HEADER = """\
-- The compiled form of schema.py for a fresh SQLite file; do not edit, regenerate:
-- python -m beautyspot.db.schema_sql > packages/core/src/beautyspot/db/schema.sql"""


def schema_sql() -> str:
    """Return the statements that make a fresh file, each ended by a semicolon and a blank line."""
    parts = [HEADER]
    for table in (SQLModel.metadata.tables[name] for name in (*TABLES, *FILE_TABLES)):
        parts.append(_compiled(CreateTable(table, if_not_exists=True)))
        indexes = sorted((index for index in table.indexes if index.name not in SERVER_INDEXES), key=_name)
        parts += [_compiled(CreateIndex(index, if_not_exists=True)) for index in indexes]
    parts += [f"{statement};" for statement in (START, *TRIGGERS)]
    parts.append(f"PRAGMA user_version = {REVISION};")
    return "\n\n".join(parts) + "\n"


def _name(index: Index) -> str:
    return str(index.name)


def _compiled(ddl: DDLElement) -> str:
    lines = str(ddl.compile(dialect=sqlite.dialect())).strip().splitlines()
    return "\n".join(line.replace("\t", "    ").rstrip() for line in lines if line.strip()) + ";"


if __name__ == "__main__":
    print(schema_sql(), end="")
