"""Models of langchain-openai that ask the server of the tests, and a library whose objects hide what they are."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_beautyspot import BeautySpotCache
from langchain_core.globals import set_llm_cache
from langchain_openai import ChatOpenAI, OpenAI
from servers.openai_api import OpenAIAPI

Make = Callable[..., Any]
LIBRARY = """
class Estimator:
    def __init__(self, weight):
        self.weight = weight

    def __repr__(self):
        return "Estimator()"

    def __call__(self):
        return self.weight


class Template:
    def __repr__(self):
        return f"<Template memory:{id(self):x}>"
"""


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[BeautySpotCache]:
    """The process's cache, as a user sets it."""
    cache = BeautySpotCache(tmp_path / "answers.db")
    set_llm_cache(cache)
    yield cache
    set_llm_cache(None)


@pytest.fixture
def chat(openai_api: OpenAIAPI) -> Make:
    """Make a chat model; its client doesn't try again by itself."""
    return lambda **options: ChatOpenAI(
        **{"model": "gpt-test", "base_url": openai_api.url, "api_key": "sk-secret", "max_retries": 0, **options}
    )


@pytest.fixture
def text_model(openai_api: OpenAIAPI) -> Make:
    """Make a text model."""
    return lambda **options: OpenAI(
        **{"model": "text-test", "base_url": openai_api.url, "api_key": "sk-secret", "max_retries": 0, **options}
    )


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An installed package, whose objects are shown without what they were fitted to, or by an address."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    (folder / "fitted_library.py").write_text(LIBRARY, encoding="utf-8")
    monkeypatch.syspath_prepend(folder)
    yield importlib.import_module("fitted_library")
    del sys.modules["fitted_library"]
