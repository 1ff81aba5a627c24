"""What a program under test says of a disk that stalls, as that of a busy machine does."""


def without_waits(said: str) -> str:
    """Return standard error without the lines that tell of a wait: they are true, and no harm."""
    return "".join(line for line in said.splitlines(keepends=True) if not line.startswith("beautyspot: waiting "))
