"""`beautyspot ui`."""

from importlib.metadata import entry_points
from typing import Annotated

from typer import Argument, Context, Exit, Option

from beautyspot.cli.database import databases_around
from beautyspot.cli.options import Db, Storage, place_of
from beautyspot.cli.output import say

GROUP = "beautyspot.commands"
"""Entry points of packages that bring a command; the core knows their names and nothing of them."""


def ui(
    context: Context,
    database: Annotated[str | None, Argument(help="Path or URL of the database.", metavar="DB")] = None,
    port: Annotated[
        int | None, Option(min=0, max=65_535, help="Of this machine; 0 for any.", show_default="8501 or the next free")
    ] = None,
    read_only: Annotated[bool, Option("--read-only", help="Offer nothing that changes the store.")] = False,
    no_browser: Annotated[bool, Option("--no-browser", help="Only print the address.")] = False,
    db: Db = None,
    storage: Storage = None,
) -> None:
    """Look at the store in a browser, until Ctrl-C. Needs the extra `dashboard`."""
    place = place_of(context, database or db, storage, False)
    entry = next(iter(entry_points(group=GROUP, name="ui")), None)
    if entry is None:
        say("beautyspot: the dashboard is not installed\n  pip install 'beautyspot[dashboard]'")
        raise Exit(3)
    serve = entry.load()
    name = place.database()
    serve(
        name,
        place.storages(),
        port=port,
        read_only=read_only,
        browser=not no_browser,
        neighbours=lambda: databases_around(name),
    )
