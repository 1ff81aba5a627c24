"""The options that several commands have, and how durations and counts read."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

from typer import BadParameter, Context, Option

from beautyspot.cli.database import Place
from beautyspot.durations import seconds
from beautyspot.errors import ConfigurationError
from beautyspot.sizes import bytes_of


def _span(text: str | None) -> str | None:
    return _checked(text, seconds)


def _span_from_0(text: str | None) -> str | None:
    return _checked(text, partial(seconds, from_0=True))


def _size(text: str | None) -> str | None:
    return _checked(text, bytes_of)


def _checked(text: str | None, read: Callable[[str], float]) -> str | None:
    try:
        _ = text is None or read(text)
    except ConfigurationError as error:
        raise BadParameter(str(error)) from None
    return text


Db = Annotated[
    str | None,
    Option(
        help="Path or URL of the database.", envvar="BEAUTYSPOT_DB", metavar="PATH", show_default="the only one here"
    ),
]
Storage = Annotated[
    str | None,
    Option(help="Folder or URL of its blobs.", envvar="BEAUTYSPOT_STORAGE", metavar="PATH", show_default="beside it"),
]
Json = Annotated[bool, Option("--json", help="Print one JSON document.")]
Function = Annotated[str | None, Option(help="Of this function: module.name, or the bare name.")]
Tag = Annotated[str | None, Option(help="That carry this tag.")]
Version = Annotated[str | None, Option(help="Of this version of the function.")]
Words = Annotated[
    str | None,
    Option("--text", help="With this in the function's name, input id, content type or tags, or a key's start."),
]
OlderThan = Annotated[str | None, Option(help="Kept longer ago than 90, 15m, 12h, 7d or 4w.", callback=_span)]
MaxSize = Annotated[
    str | None,
    Option(help="Leave at most so much, as 5GB; what was not used for longest goes.", metavar="SIZE", callback=_size),
]
Grace = Annotated[
    str, Option(help="Leave blobs younger than this: another process may write their rows now.", callback=_span_from_0)
]
DryRun = Annotated[bool, Option("--dry-run", help="Only say what would be done.")]
Yes = Annotated[bool, Option("--yes", "-y", help="Don't ask.")]
Expired = Annotated[bool, Option("--expired", help="Whose time to live has passed.")]
NewerThan = Annotated[str | None, Option(help="Kept since then.", callback=_span)]


def place_of(context: Context, db: str | None, storage: str | None, as_json: bool) -> Place:
    """Return what was given before the command and after it; what comes after it wins."""
    before: Any = context.obj or Place()
    return Place(db or before.db, storage or before.storage, as_json or before.as_json)
