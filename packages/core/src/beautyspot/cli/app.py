"""Puts the commands together, and turns our own errors into one line and the next step."""

import sys
from typing import Annotated, Any

from typer import Context, Exit, Option, Typer
from typer.core import TyperGroup

from beautyspot.cli import (
    archive,
    clean,
    delete,
    demo,
    doctor,
    listing,
    migrate,
    prune,
    repair,
    show,
    stats,
    ui,
    vacuum,
    verify,
)
from beautyspot.cli.database import Place
from beautyspot.cli.options import Db, Json, Storage
from beautyspot.cli.output import say
from beautyspot.cli.version import version_text
from beautyspot.errors import BeautySpotError, ConfigurationError, NewerFileError


class Commands(TyperGroup):
    """Runs a command, and says what went wrong without a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that `ctx` names."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            say("stopped; what was done so far stays done, and the rest is as it was")
            raise  # Typer exits with 130
        except BeautySpotError as error:
            what, _, next_step = str(error).rpartition("; ")
            say(f"beautyspot: {what or next_step}" + (f"\n  {next_step}" if what else ""))
            is_usage = isinstance(error, ConfigurationError) and not isinstance(error, NewerFileError)
            raise Exit(2 if is_usage else 1) from None
        return answer


# Our own errors never reach Typer's traceback printer, and a bug is easier to report from a plain one.
app = Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich")
CONTEXT = {"help_option_names": ["-h", "--help"]}


def _print_version(wanted: bool) -> None:
    if wanted:
        print(version_text(), flush=True)
        raise Exit


@app.callback(context_settings=CONTEXT)
def common(
    context: Context,
    db: Db = None,
    storage: Storage = None,
    as_json: Json = False,
    version: Annotated[
        bool, Option("--version", help="Print the release.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Look at the results that beautyspot keeps, and put them in order."""
    del version
    context.obj = Place(db, storage, as_json)


app.command("stats")(stats.stats)
app.command("list")(listing.list_tasks)
app.command("ls", hidden=True)(listing.list_tasks)
app.command("show")(show.show)
app.command("delete")(delete.delete)
app.command("rm", hidden=True)(delete.delete)
app.command("ui")(ui.ui)
app.command("prune")(prune.prune)
app.command("clean")(clean.clean_blobs)
app.command("verify")(verify.verify_all)
app.command("repair")(repair.repair_file)
app.command("vacuum")(vacuum.vacuum_file)
app.command("export")(archive.export_file)
app.command("import")(archive.import_file)
app.command("migrate")(migrate.migrate_tasks)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
