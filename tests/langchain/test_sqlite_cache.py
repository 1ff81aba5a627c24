"""What comes over from LangChain's `SQLiteCache`, and who finds it."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheWarning
from langchain_beautyspot import BeautySpotCache
from langchain_core.language_models import LLM
from langchain_core.load import dumps
from langchain_core.outputs import Generation

LLM_STRING = "[('_type', 'mine'), ('stop', None)]"
"""What LangChain tells a cache of the model below."""


class Plain(LLM):
    """A model that says nothing of itself."""

    @property
    def _llm_type(self) -> str:
        return "mine"

    def _call(self, prompt: str, *args: Any, **kwargs: Any) -> str:
        return "new"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "langchain.db"
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE full_llm_cache (prompt, llm, idx, response, PRIMARY KEY (prompt, llm, idx))")
        row = ("hello", LLM_STRING, 0, dumps(Generation(text="paid")))
        file.execute("INSERT INTO full_llm_cache VALUES (?, ?, ?, ?)", row)
    file.close()
    return path


def test_answers_that_a_class_of_ones_own_will_not_find_are_counted_and_told(cache: BeautySpotCache, old: Path):
    with pytest.warns(CacheWarning, match="kept 1 answers .*_identifying_params.* ask these again once"):
        told = cache.import_sqlite_cache(old)
    assert (told.imported, told.unidentified) == (1, 1)
    assert Plain().invoke("hello") == "new"
