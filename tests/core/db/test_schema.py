import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import beautyspot.schema as schema
from beautyspot.db import SQLiteTaskDB, ownership, rows
from beautyspot.db.migrations import STEPS, upgrade
from beautyspot.db.schema_sql import schema_sql
from beautyspot.records import Activity, Run, Task
from sqlalchemy import create_engine
from sqlmodel import SQLModel

SQL_FILE = Path(ownership.__file__).with_name("schema.sql")


def shape(connection: sqlite3.Connection) -> dict[str, Any]:
    """Tables, columns (name, type, nullability, place in the key), foreign keys and indexes."""
    tables: dict[str, Any] = {}
    for name, sql in connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = [(row[1], row[2], row[3], row[5]) for row in connection.execute(f"PRAGMA table_info({name})")]
        keys = [row[2:7] for row in connection.execute(f"PRAGMA foreign_key_list({name})")]
        tables[name] = (columns, keys, "WITHOUT ROWID" in sql)
    indexes = connection.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL")
    tables["indexes"] = sorted((name, table, " ".join(sql.split())) for name, table, sql in indexes)
    triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    tables["triggers"] = sorted((name, " ".join(sql.split())) for name, sql in triggers)
    tables["counted"] = (tables["counted"], connection.execute("SELECT up_to FROM counted").fetchall())
    return tables


def made_by_schema_sql() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SQL_FILE.read_text())
    return connection


def made_by_alembic(*before: str) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in (*before, "BEGIN"):
        connection.execute(statement)
    upgrade(connection)
    connection.execute("COMMIT")
    return connection


def made_by_sqlmodel(path: Path) -> sqlite3.Connection:
    engine = create_engine(f"sqlite:///{path}")
    SQLModel.metadata.create_all(
        engine, tables=[SQLModel.metadata.tables[name] for name in (*schema.TABLES, *schema.FILE_TABLES)]
    )
    engine.dispose()
    return sqlite3.connect(path)


def test_sqlmodel_schema_sql_and_alembic_make_the_same_tables(tmp_path: Path) -> None:
    made = [
        made_by_schema_sql(),
        made_by_alembic(),
        made_by_alembic("CREATE TABLE tasks (cache_key TEXT PRIMARY KEY, func_name TEXT, updated_at TIMESTAMP)"),
        made_by_sqlmodel(tmp_path / "a.db"),
    ]
    shapes = [shape(connection) for connection in made]
    for connection in made:
        connection.close()
    assert set(shapes[0]) == {*schema.TABLES, *schema.FILE_TABLES, "indexes", "triggers"}
    assert len(shapes[0]["indexes"]) == 5
    assert len(shapes[0]["triggers"]) == 3
    assert shapes[1] == shapes[0]
    assert shapes[2] == shapes[0]
    assert shapes[3] == shapes[0]


def test_schema_sql_is_what_schema_py_compiles_to() -> None:
    assert SQL_FILE.read_text() == schema_sql(), "run: python -m beautyspot.db.schema_sql > FILE"


def test_all_four_places_name_the_same_revision(tmp_path: Path) -> None:
    db = SQLiteTaskDB(tmp_path / "a.db")
    db.open()
    db.close()
    connection = sqlite3.connect(tmp_path / "a.db")
    made = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    assert made == ownership.REVISION == schema.REVISION == max(STEPS)


def test_the_records_have_the_columns_of_their_tables() -> None:
    tables = SQLModel.metadata.tables
    columns = {name: [column.name for column in tables[name].columns] for name in schema.TABLES}
    assert sorted(columns["tasks"]) == sorted(field for field in Task._fields if field != "tags")
    assert rows.TASK_COLUMNS.split(", ") == [field for field in Task._fields if field != "tags"]
    assert columns["activity"] == list(Activity._fields)
    assert columns["runs"] == list(Run._fields)


def test_the_first_nine_columns_are_those_of_earlier_releases() -> None:
    first = [column.name for column in SQLModel.metadata.tables["tasks"].columns][:9]
    older = "cache_key func_name input_id result_type result_value result_data content_type version updated_at"
    assert first == older.split()


def test_a_hit_in_a_fresh_file_loads_no_sqlalchemy(tmp_path: Path) -> None:
    code = """
import sys
from beautyspot.db import open_db
from beautyspot.records import TaskFilter
db = open_db(sys.argv[1])
assert db.get("0a") is None and list(db.find(TaskFilter())) == []
db.close()
heavy = ("sqlmodel", "sqlalchemy", "alembic", "pydantic", "typer", "numpy", "pandas", "asyncio")
print([name for name in heavy if name in sys.modules])
"""
    command = [sys.executable, "-c", code, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout == "[]\n"
