"""`beautyspot list`, and how a task looks in a line or a document."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

from typer import Context, Option

from beautyspot.catalog import Catalog, Page
from beautyspot.catalog.newest import SEARCHED
from beautyspot.cli.far import newest, speaks_sql
from beautyspot.cli.options import (
    Db,
    Function,
    Json,
    NewerThan,
    OlderThan,
    Storage,
    Tag,
    Version,
    Words,
    place_of,
)
from beautyspot.cli.output import print_json, say
from beautyspot.cli.table import Column, print_table
from beautyspot.cli.text import age_text, bytes_text
from beautyspot.records import Task

COLUMNS = (
    Column("key"),
    Column("function", yields=True),
    Column("size", right=True),
    Column("kept", right=True),
    *(Column(name, optional=True) for name in ("version", "tags", "type")),
)
SHORT_KEY = 12
"""Digits that tell the keys of any real store apart; `show` takes them for the whole."""


def list_tasks(
    context: Context,
    function: Function = None,
    tag: Tag = None,
    text: Words = None,
    version: Version = None,
    older_than: OlderThan = None,
    newer_than: NewerThan = None,
    limit: Annotated[int, Option(min=1, max=10_000, help="Results of a page.")] = 50,
    after: Annotated[str | None, Option(help="The cursor that the page before ended with.", metavar="CURSOR")] = None,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """List kept results, newest first. Of Redis the first page alone, and without --text."""
    place = place_of(context, db, storage, as_json)
    where: dict[str, Any] = {"function": function, "tag": tag, "text": text, "version": version}
    database = place.database()
    if not speaks_sql(database) and text is None and after is None:
        found = newest(database, limit, newer_than, function=function, tag=tag, version=version, older_than=older_than)
        page = Page(tuple(found), None)
    else:
        with Catalog.open(database) as catalog:
            page = catalog.tasks(**where, older_than=older_than, newer_than=newer_than, limit=limit, after=after)
    if place.as_json:
        print_json({"tasks": [task_document(task) for task in page.rows], "next": page.next})
        return
    if page.rows:
        print_tasks(page.rows)
    if page.next:
        more = (
            "more follow" if page.rows else f"nothing matches among the {SEARCHED} results looked at, and more follow"
        )
        say(f"{more}: add --after {page.next}")
    elif not page.rows:
        say(
            "nothing here is kept that matches" + ("; `beautyspot stats` shows what is" if speaks_sql(database) else "")
        )


def print_tasks(tasks: Sequence[Task], /) -> None:
    """Print a line for each task; whole keys for a pipe, short ones for a person."""
    digits = SHORT_KEY if sys.stdout.isatty() else None
    print_table(COLUMNS, [[task.cache_key[:digits], *_cells(task)] for task in tasks])


def _cells(task: Task) -> list[str]:
    size = "-" if task.size_bytes is None else bytes_text(task.size_bytes)
    kind = task.content_type or ("blob" if task.result_type == "FILE" else "")
    return [task.func_name, size, age_text(task.updated_at), task.version or "", ", ".join(task.tags), kind]


def task_document(task: Task, /) -> dict[str, Any]:
    """Return what a JSON document says of a task."""
    document = task._asdict()
    del document["result_data"]
    return document
