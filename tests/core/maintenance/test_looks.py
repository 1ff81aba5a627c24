"""What was looked at before somebody was asked."""

from datetime import timedelta

import pytest
from beautyspot.catalog import Catalog
from beautyspot.maintenance import Look, tasks_of
from beautyspot.records import Task

from .conftest import Kept


@pytest.fixture
def tasks(kept: Kept) -> list[Task]:
    kept.fill(5)
    with Catalog.open(kept.path) as catalog:
        return list(tasks_of(catalog))


def test_a_look_tells_how_many_results_and_bytes_it_saw(tasks: list[Task]) -> None:
    look = Look()
    assert list(look.watch(tasks)) == tasks
    assert (look.count, look.size_bytes) == (len(tasks), sum(task.size_bytes or 0 for task in tasks))


def test_only_what_was_seen_and_not_kept_anew_since_is_left_of_a_later_list(tasks: list[Task]) -> None:
    look = Look()
    list(look.watch(tasks[:4]))
    anew = tasks[0]._replace(updated_at=tasks[0].updated_at + timedelta(microseconds=1))
    assert list(look.only_seen([anew, *tasks[1:]])) == tasks[1:4]


def test_a_look_that_goes_on_after_an_answer_knows_all_of_it(tasks: list[Task]) -> None:
    look = Look()
    list(look.watch(tasks[:2]))
    assert list(look.only_seen(tasks)) == tasks[:2]
    list(look.watch(tasks[2:]))
    assert list(look.only_seen(tasks)) == tasks
