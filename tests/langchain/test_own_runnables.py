"""Classes of the user's own that derive from LangChain's Runnables of functions, and what their objects hold."""

import itertools
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from beautyspot import CacheWarning, Spot, UnkeyableArgument
from langchain_beautyspot import BeautySpotCache
from langchain_beautyspot.runnable_forms import CONTENTS
from langchain_core.language_models import LLM
from langchain_core.runnables import RunnableGenerator, RunnableLambda

CALLS = itertools.count()


def words(asked: Iterator[str]) -> Iterator[str]:
    yield from asked


class Labelled(RunnableLambda[Any, Any]):
    def __init__(self, label: Any) -> None:
        super().__init__(str.upper)
        self.label, self.calls, self.api_key = label, 0, str(id(self))
        self.lock, self.network = threading.Lock(), None

    def invoke(self, *args: Any, **kwargs: Any) -> str:
        self.calls += 1
        return f"{self.label} {super().invoke(*args, **kwargs)} {next(CALLS)}"


class Pieces(RunnableGenerator[Any, Any]):
    __slots__ = ("label",)

    def __init__(self, label: Any) -> None:
        super().__init__(words)
        self.label = label

    def transform(self, *args: Any, **kwargs: Any) -> Iterator[str]:
        yield f"{self.label} {next(CALLS)}"


class Text(LLM):
    inner: Any

    @property
    def _llm_type(self) -> str:
        return "text"

    def _call(self, *_: Any, **__: Any) -> str:
        return self.inner[0].invoke("q")


def by_mark(runnable: Any, folder: Path) -> str:
    spot: Any = Spot("m", db=folder / "a.db")
    return spot.mark(runnable).invoke("q")


def by_chain(runnable: Any, folder: Path) -> str:
    spot: Any = Spot("m", db=folder / "a.db")
    return spot.mark(runnable | str.strip).invoke("q")


def in_field(runnable: Any, folder: Path) -> str:
    return Text(inner=[runnable], cache=BeautySpotCache(folder / "a.db")).invoke("q")


@pytest.mark.parametrize("ask", [by_mark, by_chain, in_field])
@pytest.mark.parametrize("kind", [Labelled, Pieces])
def test_what_a_runnable_of_ones_own_holds_beside_its_function_counts(tmp_path: Path, ask: Any, kind: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)
        runnables = [kind(each) for each in "aba"]
        said = [ask(each, tmp_path) for each in runnables]
    assert ([each.split()[0] for each in said], said[0] == said[2]) == ([*"aba"], True)


def test_what_has_no_content_there_is_refused_by_a_mark_but_for_a_version(tmp_path: Path) -> None:
    with pytest.raises(UnkeyableArgument, match=r"'upper'.*has no content.*version="):
        by_mark(Labelled(iter("a")), tmp_path)
    mark: Any = Spot("m", db=tmp_path / "m.db").mark(version="1")
    marked = mark(Labelled(iter("a")))
    assert marked.invoke("q") == marked.invoke("q")


def test_what_has_no_content_there_has_a_model_asked_each_time(tmp_path: Path) -> None:
    with pytest.warns(CacheWarning, match=r"field 'inner' of 'Text'"):
        assert len({in_field(Labelled(iter(each)), tmp_path) for each in "ab"}) == 2


def test_langchains_own_count_by_their_functions_alone() -> None:
    assert CONTENTS[RunnableLambda](RunnableLambda(str.upper, name="x")) == [str.upper, None, None, None]
    assert CONTENTS[RunnableGenerator](RunnableGenerator(words)) == [None, None, words, None]


def test_a_function_that_an_object_holds_tells_it(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheWarning)
        said = [in_field(Labelled(by(each)), tmp_path) for each in "aba"]
    assert (said[0] != said[1], said[0] == said[2]) == (True, True)


def by(name: str) -> Any:
    return lambda: name
