"""Libraries whose values are kept but which beautyspot doesn't need."""

import sys
from importlib import import_module
from typing import Any, Literal

from beautyspot.errors import DamagedEntryError


def library(name: Literal["numpy", "pandas", "polars", "pyarrow"]) -> Any:
    """Return the library.

    Raises:
        DamagedEntryError: it is not installed, so a value that holds its types can't be read.
    """
    try:
        return sys.modules.get(name) or import_module(name)
    except ImportError as error:
        raise DamagedEntryError(
            f"the kept value holds types of {name}, which can't be imported ({error}); expected it beside beautyspot; "
            "pip install 'beautyspot[data]'"
        ) from error
