"""Integrations take a Spot, a path, a URL or a database."""

import pickle
from pathlib import Path

import beautyspot as bs
import pytest
from beautyspot.db import MemoryTaskDB
from beautyspot.places import opened, portable, spot_at
from beautyspot.records import TaskFilter


def ask(spot: bs.Spot) -> str:
    @spot.mark(version="1")
    def answer(question: str) -> str:
        return question * 20_000

    return answer("why?")


def test_a_spot_is_taken_as_it_is(spot: bs.Spot) -> None:
    assert spot_at(spot) is spot


def test_a_path_keeps_big_values_beside_it_wherever_the_process_runs(tmp_path: Path, workspace: Path) -> None:
    place = tmp_path / "far" / "answers.db"
    ask(spot_at(place))
    assert place.is_file()
    assert [path for path in (tmp_path / "far/blobs/answers").rglob("*") if path.is_file()]
    assert not (workspace / ".beautyspot").exists()


@pytest.mark.parametrize("place", ["memory://", MemoryTaskDB()])
def test_a_database_keeps_every_value_in_its_row(place: object, workspace: Path) -> None:
    spot = spot_at(place)  # type: ignore[arg-type]
    ask(spot)
    assert [task.result_type for task in spot.parts.store.db.find(TaskFilter())] == ["DIRECT_BLOB"]
    assert list(workspace.iterdir()) == []


@pytest.mark.parametrize("place", ["", None, 7])
def test_what_is_no_place_is_refused(place: object) -> None:
    with pytest.raises(bs.ConfigurationError, match="give a"):
        spot_at(place)  # type: ignore[arg-type]


def test_a_pickled_place_is_found_from_elsewhere(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spot = bs.Spot(db="here.db", storage="blobs")
    ask(spot)
    places = pickle.loads(pickle.dumps([portable(spot), portable("here.db"), portable("memory://")]))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    own, path, url = (opened(place).parts.store for place in places)
    assert (own.db.path, path.db.path) == (str(workspace / "here.db"),) * 2  # type: ignore[attr-defined]
    assert own.storage.root == str(workspace / "blobs")  # type: ignore[attr-defined]
    assert isinstance(url.db, MemoryTaskDB)


def test_a_spot_of_this_process_alone_says_that_it_cannot_travel(workspace: Path) -> None:
    with pytest.raises(TypeError, match="can't be pickled; give a path or a URL instead"):
        portable(bs.Spot(db="memory://"))
