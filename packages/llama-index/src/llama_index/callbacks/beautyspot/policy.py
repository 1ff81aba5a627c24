"""What the caches of models do in a block of code, whatever they were told when they were made."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from beautyspot.checks import expect
from beautyspot.replays import expect_database
from beautyspot.store import Store

from llama_index.callbacks.beautyspot.errors import ReplayMiss

Mode = Literal["read_write", "read_only", "refresh", "replay_only", "off"]
MODES: tuple[Mode, ...] = ("read_write", "read_only", "refresh", "replay_only", "off")

_mode: ContextVar[Mode | None] = ContextVar("beautyspot_llama_index_mode", default=None)


@contextmanager
def cache_policy(mode: Mode, /) -> Generator[None]:
    """Have the caches of models and embeddings work as `mode` says in this block, and in what it awaits or starts.

    Args:
        mode: `refresh` asks anew and keeps that, as after an answer that could not be parsed; `read_only` keeps nothing
            new; `off` goes past the cache; `replay_only` raises `ReplayMiss` where an answer is missing, for tests,
            and writes nothing, not even that it was used;
            `read_write` is what a cache does unless told. Tasks and threads have a part in it if they are started in a
            copy of the block's context, as asyncio's and LlamaIndex's own are.

    Raises:
        ConfigurationError: there is no such mode.
    """
    token = _mode.set(mode_from(mode))
    try:
        yield
    finally:
        _mode.reset(token)


def mode_from(mode: Mode, /) -> Mode:
    """Return `mode`.

    Raises:
        ConfigurationError: there is no such mode.
    """
    expect(mode in MODES, "mode", mode, f"one of {', '.join(MODES)}")
    return mode


def mode_now(unless_told: Mode, /) -> Mode:
    """Return the mode of the block that runs now, or the cache's own."""
    return _mode.get() or unless_told


def mode_of_call(unless_told: Mode, store: Store, /) -> Mode:
    """Return the mode of a call that begins now and may look into `store`.

    Raises:
        ReplayMiss: it is `replay_only`, and there is not even a database.
    """
    mode = mode_now(unless_told)
    expect_database(store, mode, ReplayMiss)
    return mode
