"""What LangChain's `SQLiteCache` kept, read without LangChain's loader: a closed table says what becomes an object."""

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, cast

from beautyspot.errors import CacheWarning, ConfigurationError
from beautyspot.notices import Notices
from langchain_core.outputs import Generation

from langchain_beautyspot.generations import CHATS, MESSAGES, TEXTS

SELECT = "SELECT prompt, llm, response FROM full_llm_cache ORDER BY prompt, llm, idx"
ESCAPED = "__lc_escaped__"
"""Around a user's own dict that would pass for an object of LangChain's."""


class Imported(NamedTuple):
    """What became of the entries of another cache."""

    imported: int
    """They are kept here."""
    already_there: int
    """This cache has an answer of its own to them."""
    skipped: int
    """They can't be read, hold an object that is none of LangChain's messages, or `cache_if` says no to them."""

    unidentified: int
    """Those imported ones of which `SQLiteCache` knew nothing but the model's type: a class of the user's is asked
    anew, as nobody knows of which class and settings they are."""


class Entry(NamedTuple):
    """One answer of a `SQLiteCache`."""

    prompt: str
    llm_string: str
    generations: list[Generation] | None
    """None where they can't be read."""


def read_entries(path: str | os.PathLike[str], /) -> Iterator[Entry]:
    """Yield what the file holds, which is left as it is.

    Raises:
        ConfigurationError: there is no such file, or it is not one of a `SQLiteCache`.
    """
    try:
        with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute(SELECT)
            for (prompt, llm_string), group in groupby(rows, key=lambda row: row[:2]):
                yield Entry(prompt, llm_string, _generations([row[2] for row in group]))
    except sqlite3.Error as error:
        raise ConfigurationError(
            f"{os.fspath(path)!r} can't be read as a SQLiteCache ({error}); give the file that SQLiteCache(…) was given"
        ) from error


def warn_of_unidentified(notices: Notices, number: int, /) -> None:
    """Warn that most models will not find some answers that came over."""
    notices.tell(
        ("langchain", "unidentified"),
        f"SQLiteCache kept {number} answers of models whose class has no _identifying_params, and so nothing of their "
        "settings: models of classes of your own don't find them here, as they could be another model's; ask these "
        "again once",
        CacheWarning,
    )


def _generations(texts: Sequence[str]) -> list[Generation] | None:
    try:
        return [_generation(json.loads(text)) for text in texts]
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None


def _generation(content: dict[str, Any]) -> Generation:
    name, fields = _constructor(content)
    if name in TEXTS:
        return TEXTS[name](**_plain(fields))
    kind, message = _constructor(fields.pop("message"))
    return CHATS[name](message=MESSAGES[kind](**_plain(message)), **_plain(fields))


def _constructor(content: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the last name of a class, and its fields."""
    if content["lc"] != 1 or content["type"] != "constructor":
        raise ValueError("not an object of LangChain's")
    return content["id"][-1], content["kwargs"]


def _plain(value: Any) -> Any:
    """Return plain data without the marks of LangChain's writer.

    Raises:
        ValueError: it holds an object.
    """
    if isinstance(value, list):
        return [_plain(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    table = cast("dict[str, Any]", value)
    if table.keys() == {ESCAPED}:
        return table[ESCAPED]
    if "lc" in table:
        raise ValueError("an object within an answer")
    return {name: _plain(each) for name, each in table.items()}
