"""Worker processes that a host spawns, and what the recorder of the process above them knows of them."""

import pickle
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from beautyspot.db import SQLiteTaskDB
from beautyspot.errors import CacheWarning
from beautyspot.records import Run
from llama_index.callbacks.beautyspot import (
    CachedTransformation,
    Recorder,
    cache_embedding,
    cache_llm,
    cache_postprocessor,
    install,
)
from llama_index.callbacks.beautyspot.recorder.recorder import is_installed_at
from llama_index.callbacks.beautyspot.recorder.workers import to_bring
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import MarkdownNodeParser
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.schema import Document


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with install(tmp_path / "runs.db", capture="full") as recorder:
        yield recorder


def kept(path: Path) -> list[Run]:
    with closing(SQLiteTaskDB(path)) as db:
        return list(db.read_runs())


def test_what_the_workers_of_a_pipeline_ask_is_recorded(recorder: Recorder, tmp_path: Path) -> None:
    """Though their pool is terminated as soon as they are done."""
    place = tmp_path / "kept.db"
    chain = [CachedTransformation(MarkdownNodeParser(), place), cache_embedding(MockEmbedding(embed_dim=2), place)]
    documents = [Document(text=f"# {number}") for number in range(4)]
    IngestionPipeline(transformations=chain, disable_cache=True).run(documents=documents, num_workers=2)  # type: ignore[arg-type]
    rows = kept(tmp_path / "runs.db")
    assert [(row.kind, row.status, row.cache_hit) for row in rows] == [("embedding", "ok", False)] * 2
    assert all(row.details for row in rows)
    assert recorder.totals().calls == 0  # of this process


def test_a_model_that_was_pickled_for_another_day_brings_no_recorder(tmp_path: Path) -> None:
    with install(tmp_path / "runs.db") as recorder:
        pickled = pickle.dumps(cache_llm(MockLLM(), tmp_path / "kept.db"))
    assert b"runs.db" in pickled
    pickle.loads(pickled).complete("q")
    assert not is_installed_at(recorder.spot)


def test_whatever_asks_for_pay_brings_the_recorder(recorder: Recorder, tmp_path: Path) -> None:
    place = str(tmp_path / "kept.db")
    carriers = [
        cache_llm(MockLLM(), place),
        cache_embedding(MockEmbedding(embed_dim=2), place),
        cache_postprocessor(SimilarityPostprocessor(), place),
        CachedTransformation(MarkdownNodeParser(), place),
    ]
    assert all(b"runs.db" in pickle.dumps(each) for each in carriers)
    recorder.uninstall()
    assert not any(b"runs.db" in pickle.dumps(each) for each in carriers)


@pytest.mark.parametrize(("place", "options"), [("memory://", {}), ("runs.db", {"redact": lambda text: text})])
def test_a_recorder_that_can_go_nowhere_is_told_of(place: str, options: Any, tmp_path: Path) -> None:
    model = cache_llm(MockLLM(), tmp_path / "kept.db")
    with (
        install(place if "://" in place else tmp_path / place, **options),
        pytest.warns(CacheWarning, match="worker processes can't record"),
    ):
        pickled = pickle.dumps(model)
    assert pickle.loads(pickled).complete("q").text == "q"


def test_no_password_goes_where_a_model_goes_that_has_none(tmp_path: Path) -> None:
    url = "postgresql://ann:secret@127.0.0.1:1/plays"
    model = cache_llm(MockLLM(), tmp_path / "kept.db")
    with install(url):
        with pytest.warns(CacheWarning, match="holds a password"):
            assert b"secret" not in pickle.dumps(model)
        assert [b"secret" in brought for brought in to_bring(url)] == [True]
