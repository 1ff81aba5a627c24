"""Where a value lies when nobody says: in its row, or in a folder of this machine."""

from pathlib import Path

import beautyspot as bs
import pytest

KIB = 1024


def run_on_a_machine(folder: Path, db: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how often the function ran in a program whose working directory is of its own."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    ran: list[int] = []

    def big() -> bytes:
        ran.append(1)
        return bytes(200 * KIB)

    with bs.Spot("machine", db=db) as spot:
        spot.mark(big, version="1", input_key_fn=lambda: "")()
    return len(ran)


@pytest.mark.external_service
@pytest.mark.parametrize("fixture", ["postgres_url", "redis_url"])
def test_what_one_machine_keeps_on_a_server_is_a_hit_on_every_other(
    fixture: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = request.getfixturevalue(fixture)
    assert [run_on_a_machine(tmp_path / name, url, monkeypatch) for name in ("one", "two", "three")] == [1, 0, 0]
    assert list(tmp_path.glob("**/*.bin")) == []


@pytest.mark.parametrize(
    ("options", "blobs"),
    [
        ({}, 1),
        ({"db": "memory://"}, 0),
        ({"db": "memory://", "storage": "blobs"}, 1),
        ({"db": "memory://", "inline_limit_bytes": KIB}, 1),
        ({"inline_limit_bytes": 300 * KIB}, 0),
    ],
)
def test_big_values_go_to_the_folder_that_was_named_or_lies_beside_the_file(
    options: dict[str, object], blobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with bs.Spot("here", **options) as spot:  # type: ignore[arg-type]
        spot.mark(lambda: bytes(200 * KIB))()
    assert len(list(tmp_path.glob("**/*.bin"))) == blobs
