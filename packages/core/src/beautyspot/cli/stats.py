"""`beautyspot stats`."""

from collections.abc import Sequence
from dataclasses import asdict

from typer import Context

from beautyspot.catalog import Catalog, FunctionSummary, ModelSummary
from beautyspot.cli.options import Db, Json, Storage, place_of
from beautyspot.cli.output import print_json, say
from beautyspot.cli.table import Column, print_table
from beautyspot.cli.text import age_text, bytes_text, count_text, duration_text

COLUMNS = (
    Column("function", yields=True),
    *(Column(name, right=True) for name in ("results", "size", "hits", "misses")),
    Column("errors", right=True, optional=True),
    Column("rate", right=True),
    Column("saved", right=True),
    Column("waited", right=True, optional=True),
    Column("newest", right=True),
)
MODEL_COLUMNS = (
    Column("model", yields=True),
    Column("runs", right=True),
    *(Column(name, right=True, optional=True) for name in ("errors", "cached", "tokens in", "tokens out", "cost")),
    Column("time", right=True),
)


def stats(context: Context, db: Db = None, storage: Storage = None, as_json: Json = False) -> None:
    """Show what is kept of each function, and what it saved. Needs a database that speaks SQL."""
    place = place_of(context, db, storage, as_json)
    with Catalog.open(place.database()) as catalog:
        functions, models, size = catalog.functions(), catalog.models(), catalog.size()
        name = catalog.source.name
    if place.as_json:
        print_json(
            {
                "database": name,
                "size": asdict(size),
                "functions": [asdict(each) for each in functions],
                "models": [asdict(each) for each in models],
            }
        )
        return
    rows = [_row(each) for each in functions]
    print_table(COLUMNS, [*rows, _total(functions)] if len(rows) > 1 else rows, title=name)
    if models:
        print_table(MODEL_COLUMNS, [_model_row(each) for each in models], title="models")
    on_disk = "" if size.database_bytes is None else f", {bytes_text(size.database_bytes)} on disk"
    expired = f", {size.expired} of them expired" if size.expired else ""
    say(f"{count_text(size.tasks, 'result')}{expired}")
    say(
        f"  {bytes_text(size.inline_bytes)} in the database{on_disk}, "
        f"{bytes_text(size.blob_bytes)} in {count_text(size.blobs, 'blob')}"
    )


def _row(each: FunctionSummary) -> list[str]:
    calls = each.hits + each.misses
    return [
        each.func_name,
        str(each.results),
        bytes_text(each.size_bytes),
        str(each.hits),
        str(each.misses),
        str(each.errors),
        f"{each.hits / calls:.0%}" if calls else "-",
        duration_text(each.saved_s),
        duration_text(each.waited_s),
        age_text(each.updated_at),
    ]


def _total(functions: Sequence[FunctionSummary]) -> list[str]:
    newest = max((each.updated_at for each in functions if each.updated_at), default=None)
    return _row(
        FunctionSummary(
            "total",
            sum(each.results for each in functions),
            sum(each.size_bytes for each in functions),
            sum(each.elapsed_s for each in functions),
            newest,
            sum(each.hits for each in functions),
            sum(each.misses for each in functions),
            sum(each.errors for each in functions),
            sum(each.saved_s for each in functions),
            sum(each.waited_s for each in functions),
            sum(each.tokens_spent for each in functions),
            sum(each.tokens_saved for each in functions),
        )
    )


def _model_row(each: ModelSummary) -> list[str]:
    counts = (each.runs, each.errors, each.cache_hits, each.input_tokens, each.output_tokens)
    return [each.model, *map(str, counts), f"{each.cost:.4g}", duration_text(each.elapsed_s)]
