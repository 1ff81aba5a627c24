"""Models of langchain-openai that ask the server of the tests."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_beautyspot import BeautySpotCache
from langchain_core.globals import set_llm_cache
from langchain_openai import ChatOpenAI, OpenAI
from servers.openai_api import OpenAIAPI

Make = Callable[..., Any]


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
