"""What stays one object when that which holds it is copied."""

from copy import copy, deepcopy

from beautyspot.copies import Uncopied


class Held(Uncopied):
    pass


def test_a_copy_is_the_object_itself() -> None:
    held = Held()
    assert copy(held) is held
    assert deepcopy(held) is held


def test_copies_of_a_holder_share_it_and_nothing_else() -> None:
    holder: list[object] = [Held(), []]
    held, other = deepcopy(holder)
    assert held is holder[0]
    assert other is not holder[1]
