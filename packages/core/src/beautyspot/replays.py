"""What a host's cache says that may give kept results alone, and has none: its calls must not be made."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from beautyspot.store import Store


def expect_database(store: Store, mode: str, refusal: type[Exception], /) -> None:
    """Raise `refusal` in the mode `replay_only` without a database's file with content: a look would make one."""
    path: str | None = getattr(store.db, "path", None)
    if mode == "replay_only" and path is not None and not _has_content(path):
        raise refusal(
            f"there is no database {path!r}, and the mode is 'replay_only', which makes none; expected the one that "
            "was recorded; give its path, or record it once in the mode 'read_write'"
        )


def _has_content(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0  # noqa: PTH116 - pathlib is 3 ms to import
    except OSError:
        return False


def no_result(store: Store, what: str, next_step: str, keys: Sequence[str], /) -> str:
    """Say that nothing is kept, or that it is there and what was met when `store` read it.

    Args:
        store: That gave nothing for `keys` right now.
        what: Was asked for, such as `answer to 'hello'`.
        next_step: What the user does about it.
        keys: Of the results.
    """
    cause = next(filter(None, map(store.damage.cause, keys)), None)
    key = f" (key {keys[0]!r})" if len(keys) == 1 else ""
    met = f"no kept {what}{key}" if cause is None else f"no {what} to give: {cause}"
    return f"{met}, and the mode is 'replay_only'; {next_step}"
