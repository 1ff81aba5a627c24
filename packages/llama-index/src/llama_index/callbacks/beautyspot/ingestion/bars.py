"""One bar for a whole run of a transformation, in the place of one for each of its calls."""

from collections.abc import Callable, Generator, Mapping
from contextlib import closing, contextmanager
from typing import Any, NamedTuple, cast

from llama_index.callbacks.beautyspot.ingestion.units import Unit
from llama_index.core.extractors import BaseExtractor
from llama_index.core.schema import TransformComponent
from llama_index.core.utils import get_tqdm_iterable  # pyright: ignore[reportUnknownVariableType] - of any items


class Quiet(NamedTuple):
    """What to call so that a call shows no bar, and whether the run shows one."""

    transformation: TransformComponent
    options: dict[str, Any]
    shows: bool


def quiet(transformation: TransformComponent, unit: Unit, options: Mapping[str, Any], /) -> Quiet:
    """Return what does as `transformation` with `options`, without bars."""
    asked = bool(options.get("show_progress"))
    silent = {name: False if name == "show_progress" else value for name, value in options.items()}
    if unit == "list" or not isinstance(transformation, BaseExtractor) or not transformation.show_progress:
        return Quiet(transformation, silent, asked)
    # One of the user's class may count its calls in itself, and shows a bar only if its own code does.
    if not type(transformation).__module__.startswith("llama_index."):
        return Quiet(transformation, silent, asked)
    return Quiet(transformation.model_copy(update={"show_progress": False}), silent, True)


@contextmanager
def bar(transformation: TransformComponent, total: int, /, *, shows: bool) -> Generator[Callable[[int], object]]:
    """Show a bar of `total` parts for the block, which gets what moves it on."""
    if not shows or not total:
        yield lambda _: None
        return
    shown = cast("Any", get_tqdm_iterable(range(total), True, f"Applying {type(transformation).__name__}"))
    with closing(shown):
        yield shown.update
