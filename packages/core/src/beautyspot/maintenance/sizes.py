"""Sizes as people read them."""

UNITS = ("B", "kB", "MB", "GB", "TB")


def bytes_text(size_bytes: float, /) -> str:
    """Return a size with its unit, 1 kB being 1000 B."""
    for unit in UNITS[:-1]:
        if size_bytes < 999.5:
            return f"{size_bytes:.0f} {unit}" if unit == "B" or size_bytes >= 100 else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} {UNITS[-1]}"
