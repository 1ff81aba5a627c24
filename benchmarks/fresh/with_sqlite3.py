"""A fresh process: import, open, first hit, with nothing but SQLite and msgpack."""

import sqlite3
import sys

from msgpack import packb, unpackb

connection = sqlite3.connect(f"{sys.argv[1]}/bare.db", isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute("PRAGMA synchronous = NORMAL")
connection.execute("CREATE TABLE IF NOT EXISTS tasks (cache_key TEXT PRIMARY KEY, result_data BLOB)")
row = connection.execute("SELECT result_data FROM tasks WHERE cache_key = ?", ("item1",)).fetchone()
if row is None:
    row = (packb("item1" * 20),)
    connection.execute("INSERT INTO tasks VALUES (?, ?)", ("item1", *row))
print(len(unpackb(row[0])), flush=True)
