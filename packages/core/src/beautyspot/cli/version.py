"""Which release this is."""

from importlib.metadata import version


def version_text() -> str:
    """Return the line that `--version` prints."""
    return f"beautyspot {version('beautyspot')}"
