"""Items in lists, taken no sooner than they are wanted."""

from itertools import count

from beautyspot.batched import batched


def test_all_come_in_order_and_the_last_list_is_shorter() -> None:
    assert list(batched("abcde", 2)) == [["a", "b"], ["c", "d"], ["e"]]
    assert list(batched((), 2)) == []


def test_no_more_is_taken_than_is_asked_for() -> None:
    endless = count()
    assert next(batched(endless, 3)) == [0, 1, 2]
    assert next(endless) == 3
