"""One kept result, shown by what it is."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from beautyspot.records import Task


def show(result: Task, read: Callable[[Task], Any], *, allow_scripts: bool = False) -> None:
    """Show the value of `result`, which `read` gives.

    Args:
        result: As the catalog lists it.
        read: Returns the value; raises as `ValueReader.read` does.
        allow_scripts: Whether a page of HTML may run its scripts, in a frame that reaches nothing else.
    """
    del allow_scripts
    value = read(result)
    if isinstance(value, dict | list):
        st.json(value)
    else:
        st.code(str(value)[:100_000], language=None, wrap_lines=True)
