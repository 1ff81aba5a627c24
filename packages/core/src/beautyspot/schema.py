"""The one schema: every table, column and index, for every SQL database.

`db/schema.sql` is its compiled form for a fresh SQLite file; a test compares the two and Alembic's head.
"""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

REVISION = 1
"""`PRAGMA user_version` of a SQLite file that has this schema."""
