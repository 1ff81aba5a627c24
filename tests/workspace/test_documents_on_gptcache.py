"""The page for those who come from GPTCache: its old code runs beside a client of that time, its new beside ours."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from servers.openai_api import OpenAIAPI
from workspace.blocks import ROOT, run_by

from benchmarks.environments import install

# GPTCache counts tokens with a vocabulary that tiktoken would fetch; LlamaIndex has brought it along.
LLAMA_INDEX = importlib.util.find_spec("llama_index.core")
assert LLAMA_INDEX
assert LLAMA_INDEX.origin
VOCABULARY = Path(LLAMA_INDEX.origin).parent / "_static/tiktoken_cache"
pytestmark = [pytest.mark.slow, pytest.mark.external_service]


def run(python: Path | str, source: str, folder: Path, api: OpenAIAPI) -> str:
    (folder / "ask.py").write_text(source)
    environment = {
        **os.environ,
        "OPENAI_API_KEY": "any",
        "OPENAI_API_BASE": api.url,
        "OPENAI_BASE_URL": api.url,
        "PATH": "",  # GPTCache would call pip for what it misses
        "PYTHONPATH": str(ROOT / "packages/core/src"),
        "TIKTOKEN_CACHE_DIR": str(VOCABULARY),
    }
    done = subprocess.run(
        [python, "ask.py"], cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_gptcache_kept_is_taken_along_and_paid_for_once(tmp_path: Path, openai_api: OpenAIAPI) -> None:
    [(_, [before, along, after])] = run_by(__file__)
    old = install("gptcache-0.1.44", "gptcache.txt")
    programs = [(old, before), (old, along), (sys.executable, after)]
    said = [run(python, block.text, tmp_path, openai_api) for python, block in programs]
    assert said == ["answer to who?\n"] * 3
    assert openai_api.calls == 1
