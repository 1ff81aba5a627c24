import threading

from beautyspot.db.turns import Turns


def test_whoever_waited_longest_comes_first() -> None:
    turns, order, waiting = Turns(), [], []
    assert turns.acquire(1)
    for number in range(5):
        thread = threading.Thread(target=lambda n=number: (turns.acquire(10), order.append(n), turns.release()))
        thread.start()
        waiting.append(thread)
        while len(turns._waiting) <= number:
            pass
    turns.release()
    for thread in waiting:
        thread.join()
    assert order == list(range(5))


def test_a_wait_that_is_given_up_is_no_turn_lost() -> None:
    turns, came = Turns(), []
    assert turns.acquire(1)
    thread = threading.Thread(target=lambda: (came.append(turns.acquire(0.01)), turns.release()))
    thread.start()
    thread.join()
    assert came == [False]
    turns.release()
    assert turns.acquire(0.01) is True
