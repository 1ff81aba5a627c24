"""Names of earlier releases: those that still work, with a warning, and those that say what to use."""

import sys
import warnings
from collections.abc import Mapping
from typing import Any, TypedDict

from beautyspot.checks import expect
from beautyspot.errors import ConfigurationError


class RenamedOptions(TypedDict, total=False):
    """Keywords of `Spot` in release 2.0, for type checkers."""

    storage_path: str | None
    s3_opts: Mapping[str, Any] | None
    io_workers: int | None
    blob_warning_threshold: int | None


RENAMED_OPTIONS = {
    "storage_path": "storage",
    "s3_opts": "storage, which takes a storage made with its own options",
    "io_workers": "executor",
    "blob_warning_threshold": "inline_limit_bytes",
}
"""What they are called now."""

MOVED = {"Project": "Spot", "task": "mark"}
"""Names of release 1, and what they are called now."""

DEFAULTS = {"storage": None, "executor": None, "inline_limit_bytes": None}
"""What stands under the new names when nobody gave them."""


def translate(old: Mapping[str, Any], today: Mapping[str, Any], /) -> dict[str, Any]:
    """Return today's options for the keywords of release 2.0, with a DeprecationWarning for each.

    Args:
        old: The keywords that today's `Spot` doesn't know.
        today: What the options are without them.

    Raises:
        ConfigurationError: a keyword that no release knew, or one beside its new name.
    """
    new: dict[str, Any] = {}
    for name, value in old.items():
        if name not in RENAMED_OPTIONS:
            raise ConfigurationError(f"Spot got an unknown option {name!r}; help(beautyspot.Spot) lists the known ones")
        now = RENAMED_OPTIONS[name]
        warnings.warn(f"Spot({name}=…) is now called {now}", DeprecationWarning, stacklevel=4)
        if value is None:
            continue
        if now in DEFAULTS and today[now] != DEFAULTS[now]:
            raise ConfigurationError(f"Spot got {name}={value!r} and {now}={today[now]!r}; give {now} alone")
        if name == "io_workers":
            new["executor"] = _executor(value)
        elif name == "s3_opts":
            new["storage_options"] = dict(value)
        else:
            new[now] = value
    return new


def removed(owner: str, name: str, /) -> AttributeError:
    """Return the error for a name of release 1, naming what took its place."""
    now = MOVED.get(name)
    hint = f"; it is called {now} now: `spot = beautyspot.Spot(…)`, `@spot.mark`" if now else ""
    return AttributeError(f"{owner} has no attribute {name!r}{hint}")


def __getattr__(name: str) -> Any:
    """Stand in for the package's own `__getattr__`; the version stands in the distribution's metadata alone."""
    if name == "__version__":
        from importlib.metadata import version  # 20 ms, for those who ask

        return version("beautyspot")
    error = removed("module 'beautyspot'", name)
    asks = sys._getframe(1).f_back  # pyright: ignore[reportPrivateUsage] - the one way to tell who asks
    if name in MOVED and asks is not None and asks.f_code.co_name == "_handle_fromlist":
        # `from beautyspot import …` would put a text of its own in the place of an AttributeError's.
        raise ImportError(str(error))
    raise error


def _executor(workers: Any) -> Any:
    expect(isinstance(workers, int) and workers > 0, "io_workers", workers, "how many threads, 1 or more")
    from concurrent.futures import ThreadPoolExecutor  # 17 ms that only this old keyword needs

    return ThreadPoolExecutor(workers, "beautyspot-io")
