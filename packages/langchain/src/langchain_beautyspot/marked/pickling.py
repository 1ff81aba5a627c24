"""What a marked object says when it is to go to another process."""

from typing import NoReturn


def refuse_pickling(name: str, /) -> NoReturn:
    """Say what can go there instead.

    Raises:
        TypeError: always.
    """
    raise TypeError(
        f"the marked {name!r} can't be pickled, as it holds a database of this process; expected what can be opened in "
        "the other one: pickle what is below the mark and mark it there, or import it from a module"
    )
