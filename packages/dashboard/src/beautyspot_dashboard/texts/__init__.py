"""What the pages say, in English and Japanese."""

import streamlit as st

from beautyspot_dashboard.texts import english, japanese

LANGUAGES = {"en": english.TEXTS, "ja": japanese.TEXTS}
PARAMETER = "lang"


def language() -> str:
    """Return the language that the address names, else the browser's first one if it is known, else `en`."""
    named = st.query_params.get(PARAMETER) or (st.context.locale or "en").partition("-")[0]
    return named if named in LANGUAGES else "en"


def text(name: str, /, **values: object) -> str:
    """Return what is said under `name`, with `values` in its places; values are put in as they are, not escaped."""
    return LANGUAGES[language()][name].format(**values)


def plain(words: object, /) -> str:
    """Return what came out of a store so that Markdown shows it letter for letter."""
    return "".join(f"\\{each}" if each in MARKS else each for each in str(words)).replace("\n", " ")


MARKS = frozenset("\\`*_{}[]()<>#+-.!|~$:=^&@/\"'")
"""Everything that Markdown, and Streamlit's own additions to it, may take for something else."""
