"""What the caches of embedding models warn of, whichever host the model is for."""

from beautyspot.errors import CacheReadWarning, CacheSaveWarning
from beautyspot.notices import Notices


def warn_of_another_model(notices: Notices, func_name: str, remedy: str, /) -> None:
    """Say that kept vectors have other dimensions than the rest; `remedy` tells the two models apart."""
    notices.tell(
        (func_name, "dimensions"),
        f"kept vectors of {func_name!r} have other dimensions than the rest, so another model of that name made them; "
        f"they are computed again; {remedy}",
        CacheReadWarning,
    )


def warn_of_no_vectors(notices: Notices, func_name: str, /, *, bad: int, count: int) -> None:
    """Say that a model gave what is not kept: `bad` of `count` are no vectors, or their dimensions disagree."""
    notices.tell(
        (func_name, "numbers"),
        f"{func_name!r} gave {bad} of {count} vectors that are empty or no numbers, or are of several dimensions; "
        "they were returned and not kept; look into what the model was sent",
        CacheSaveWarning,
    )
