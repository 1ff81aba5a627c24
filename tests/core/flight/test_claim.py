"""Leading and following, without a thread or a loop: a fresh context stands for another thread or task."""

import gc
import sys
import traceback
import weakref
from collections.abc import Callable
from contextvars import Context

import pytest
from beautyspot.flight import Claim, Flight

Run = Callable[[str], Claim]


def someone(flight: Flight) -> Run:
    """Return how another thread or task claims; it goes on leading what it led before."""
    context = Context()
    return lambda key: context.run(flight.claim, key)


@pytest.fixture
def flight() -> Flight:
    return Flight()


def test_the_first_leads_and_the_others_follow(flight: Flight):
    claims = [someone(flight)("key") for _ in range(3)]
    assert [claim.leads for claim in claims] == [True, False, False]


def test_followers_are_told_whether_the_store_has_the_result(flight: Flight):
    for kept in (True, False):
        leader, follower = someone(flight)("key"), someone(flight)("key")
        value = object()
        leader.land(value, kept=kept)
        outcome = follower.wait()
        assert (outcome.landed, outcome.kept) == (True, kept)
        assert outcome.value is value


def test_followers_raise_the_very_exception_of_their_leader(flight: Flight):
    leader, one, two = (someone(flight)("key") for _ in range(3))
    error = OSError("api down")
    with pytest.raises(OSError, match="api down"), leader:
        raise error
    for follower in (one, two):
        with pytest.raises(OSError, match="api down") as caught:
            follower.wait()
        assert caught.value is error


def test_the_exception_of_a_leader_does_not_gather_the_lines_of_its_followers(flight: Flight):
    leader, *followers = (someone(flight)("key") for _ in range(20))
    error = OSError("api down")
    with pytest.raises(OSError, match="api down"), leader:
        raise error
    lengths = set[int]()
    for follower in followers:
        with pytest.raises(OSError, match="api down"):
            follower.wait()
        lengths.add(len(traceback.extract_tb(error.__traceback__)))
    assert len(lengths) == 1


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_interrupted_leader_leaves_the_call_to_one_of_its_followers(flight: Flight, interrupt: type[BaseException]):
    leader, *followers = (someone(flight)("key") for _ in range(4))
    with pytest.raises(interrupt), leader:
        raise interrupt
    assert [follower.wait().landed for follower in followers] == [False] * 3
    again = [someone(flight)("key") for _ in range(3)]
    assert [claim.leads for claim in again] == [True, False, False]


def test_a_block_that_ends_without_a_landing_leaves_the_call_to_others(flight: Flight):
    leader, follower = someone(flight)("key"), someone(flight)("key")
    with leader:
        pass
    assert not follower.wait().landed


def test_a_claim_that_is_dropped_holds_nobody_up(flight: Flight):
    leader, follower = someone(flight)("key"), someone(flight)("key")
    del leader
    gc.collect()
    assert not follower.wait().landed
    assert len(flight) == 0


def test_a_claim_that_was_handed_over_outlives_its_block(flight: Flight):
    leader, follower = someone(flight)("key"), someone(flight)("key")
    leader.hand_over()
    with pytest.raises(KeyboardInterrupt), leader:
        raise KeyboardInterrupt
    assert not someone(flight)("key").leads
    leader.land(1, kept=False)
    assert follower.wait().value == 1


def test_only_the_first_end_of_a_claim_counts(flight: Flight):
    leader, follower = someone(flight)("key"), someone(flight)("key")
    with leader:
        leader.land("first", kept=False)
        leader.land("second", kept=True)
        leader.abandon()
    assert follower.wait().value == "first"


def test_a_key_can_be_claimed_anew_once_it_landed(flight: Flight):
    for _ in range(3):
        claim = flight.claim("key")
        assert claim.leads
        claim.land(None, kept=True)
    assert len(flight) == 0


def test_keys_and_flights_do_not_meet_but_those_of_one_name():
    one, two, three = Flight(), Flight(name="a.db"), Flight(name="a.db")
    leaders = [someone(one)("key"), someone(one)("other"), someone(two)("key")]
    assert all(leader.leads for leader in leaders)
    assert not someone(three)("key").leads


def test_a_landed_value_lives_no_longer_than_its_holders(flight: Flight):
    class Big: ...

    value = Big()
    gone = weakref.ref(value)
    flight.claim("key").land(value, kept=True)
    del value
    assert gone() is None


def test_a_function_that_calls_itself_for_the_same_key_runs_alone(flight: Flight):
    outer = flight.claim("key")
    with flight.claim("key") as inner:
        assert inner.leads
        inner.land("inner", kept=True)
    follower = someone(flight)("key")
    outer.land("outer", kept=True)
    assert follower.wait().value == "outer"


def test_two_that_call_each_other_do_not_wait_for_ever(flight: Flight):
    anna, berta = someone(flight), someone(flight)
    calls = [anna("a"), berta("b")]
    assert not anna("b").leads
    calls.append(berta("a"))
    assert all(call.leads for call in calls)


def test_a_circle_of_three_does_not_wait_for_ever(flight: Flight):
    anna, berta, clara = someone(flight), someone(flight), someone(flight)
    calls = [anna("a"), berta("b"), clara("c")]
    assert [anna("b").leads, berta("c").leads] == [False, False]
    calls.append(clara("a"))
    assert calls[-1].leads


def test_a_circle_over_two_stores_does_not_wait_for_ever():
    one, two = Flight(), Flight()
    anna, berta = Context(), Context()
    calls = [anna.run(one.claim, "a"), berta.run(two.claim, "b")]
    waiting = anna.run(two.claim, "b")
    assert not waiting.leads
    calls.append(berta.run(one.claim, "a"))
    assert calls[-1].leads


def test_a_line_of_waits_is_no_circle(flight: Flight):
    anna, berta, clara = someone(flight), someone(flight), someone(flight)
    calls = [anna("a"), berta("b"), clara("c")]
    assert [anna("b").leads, berta("c").leads, someone(flight)("a").leads] == [False] * 3
    assert len(calls) == 3


def test_a_wait_that_is_over_counts_no_more(flight: Flight):
    anna, berta = someone(flight), someone(flight)
    outer, first = anna("a"), berta("b")
    waiting = anna("b")
    first.land(None, kept=True)
    waiting.wait()
    second = berta("b")
    assert second.leads
    assert not berta("a").leads
    outer.land(None, kept=True)


def test_ends_in_any_order_leave_nothing_in_flight(flight: Flight):
    claims = [flight.claim(str(number)) for number in range(5)]
    for index in (2, 4, 0, 3, 1):
        claims[index].land(None, kept=True)
    assert len(flight) == 0
    assert flight.claim("2").leads


def test_a_claim_whose_making_was_cut_short_goes_without_a_word(flight: Flight, monkeypatch: pytest.MonkeyPatch):
    said: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)

    def deeper() -> None:
        flight.claim("key").abandon()
        deeper()

    def at_depth(depth: int) -> None:
        return at_depth(depth - 1) if depth else deeper()

    for depth in range(8):  # so that the limit is met at another line each time
        with pytest.raises(RecursionError):
            at_depth(depth)
    assert (said, len(flight)) == ([], 0)
