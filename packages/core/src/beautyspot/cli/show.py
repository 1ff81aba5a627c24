"""`beautyspot show`."""

import sys
from pprint import pformat
from shutil import get_terminal_size
from typing import Annotated, Any, cast

from typer import Argument, Context, Option

from beautyspot.catalog import Catalog
from beautyspot.cli.database import Place
from beautyspot.cli.far import speaks_sql, with_value
from beautyspot.cli.listing import task_document
from beautyspot.cli.options import Db, Json, Storage, place_of
from beautyspot.cli.output import plain, print_json, print_text, say
from beautyspot.cli.text import bytes_text, clean, clean_line, duration_text
from beautyspot.errors import ConfigurationError
from beautyspot.records import Task

WIDTH = 100


def show(
    context: Context,
    key: Annotated[str, Argument(help="A key, or enough of its start.")],
    max_chars: Annotated[int, Option(min=0, help="Longest value to print.")] = 2000,
    raw: Annotated[bool, Option("--raw", help="Write the value alone, text or bytes as they are.")] = False,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
) -> None:
    """Show one result: what is known of its call, and the value."""
    place = place_of(context, db, storage, as_json)
    task, value = _found(place, key)
    if raw:
        write_raw(value)
    elif place.as_json:
        print_json({"task": task_document(task), "value": plain(value)})
    else:
        print_text(_metadata(task) + "\n")
        _print_value(value, max_chars)


def _found(place: Place, key: str) -> tuple[Task, Any]:
    database, storages = place.database(), place.storages()
    if not speaks_sql(database):
        return with_value(database, key, storages)
    with Catalog.open(database) as catalog:
        task = catalog.task(key)
        return task, catalog.values(*storages).read(task)


def write_raw(value: Any, /) -> None:
    """Write text or bytes to stdout.

    Raises:
        ConfigurationError: the value is neither, or a terminal would show the bytes.
    """
    if isinstance(value, str):
        to_person = sys.stdout.isatty()
        sys.stdout.buffer.write((clean(value) if to_person else value).encode("utf-8", "surrogatepass"))
    elif not isinstance(value, bytes | bytearray | memoryview):
        raise ConfigurationError(f"the value is a {type(value).__name__}, neither text nor bytes; use --json")
    elif sys.stdout.isatty():
        raise ConfigurationError("the value is bytes, which may upset a terminal; send them to a file or program")
    else:
        sys.stdout.buffer.write(cast("bytes", value))


def _metadata(task: Task) -> str:
    size = "unknown" if task.size_bytes is None else bytes_text(task.size_bytes)
    where = f"{size}, in the blob {task.result_value}" if task.result_type == "FILE" else f"{size}, in the row"
    facts = {
        "key": task.cache_key,
        "function": task.func_name,
        "input id": task.input_id,
        "version": task.version,
        "type": task.content_type,
        "tags": ", ".join(task.tags),
        "kept": f"{task.updated_at:%Y-%m-%d %H:%M:%S} UTC",
        "expires": None if task.expires_at is None else f"{task.expires_at:%Y-%m-%d %H:%M:%S} UTC",
        "took": None if task.elapsed_s is None else duration_text(task.elapsed_s),
        "size": where,
    }
    return "\n".join(f"{name:<9} {clean_line(fact)}" for name, fact in facts.items() if fact)


def _print_value(value: Any, max_chars: int) -> None:
    if isinstance(value, bytes | bytearray | memoryview):
        content = cast("bytes", value)
        # Written out, the rest may be four times as long as it is, and nobody reads it.
        text = repr(bytes(content[:max_chars]))
        rest = f"… {len(content)} bytes in all; --raw gives them to a file or program"
    else:
        text = value if isinstance(value, str) else _shown(value)
        rest = f"… {len(text) - max_chars} more characters; --max-chars {len(text)} or --raw shows them"
    print_text(text[:max_chars])
    if len(text) > max_chars:
        say(rest)


def _shown(value: Any) -> str:
    try:
        return pformat(value, width=min(WIDTH, get_terminal_size().columns), compact=True, sort_dicts=False)
    except RecursionError:
        return f"a {type(value).__name__}, nested too deeply to be shown; --json shows its upper part"
