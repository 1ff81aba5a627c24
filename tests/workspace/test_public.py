"""Nobody changes what others import without seeing it."""

import sys

import pytest
from workspace.public import FACES, FOLDER, described, path_of

RENEW = "others import it: if the change is meant, tell of it in CHANGELOG.md and run `make api`"


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="signatures are written down as Python 3.11 spells them")
@pytest.mark.parametrize("face", FACES)
def test_a_public_name_changes_only_with_what_is_written_down(face: str) -> None:
    assert described(face).splitlines() == path_of(face).read_text().splitlines(), RENEW


def test_a_module_that_readers_are_told_to_use_is_public() -> None:
    assert {"beautyspot.limiters", "beautyspot.protocols", "beautyspot.records"} <= set(FACES)


def test_nothing_is_written_down_of_modules_that_are_gone() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(FACES)


@pytest.mark.parametrize("line", ["    ttl: Duration | None", "    PNG = 'image/png'", "    elapsed_s: float=0.0"])
def test_fields_and_what_they_are_if_left_out_and_values_are_written_down(line: str) -> None:
    assert line in described("beautyspot").splitlines()
