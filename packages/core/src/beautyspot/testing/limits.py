"""What every `TaskDB` with shared limits promises, as tests; a part of `TaskDBContract`."""

from beautyspot.protocols import SupportsLimitRates, SupportsLimits, TaskDB
from beautyspot.records import LimitRate
from beautyspot.testing.threads import in_threads


class LimitsContract:
    """The exam of the limits that processes share; a database that keeps none passes it."""

    def test_a_limit_advances_from_now_or_from_where_it_stands(self, db: TaskDB) -> None:
        """And goes back only if nobody advanced it in between."""
        if not isinstance(db, SupportsLimits):
            return
        assert db.advance_limit("api", 100.0, 1.5) == 101.5
        assert db.advance_limit("api", 100.5, 1.5) == 103.0
        assert db.advance_limit("other", 5.0, 1.0) == 6.0
        assert db.advance_limit("api", 200.0, 1.0) == 201.0
        assert db.restore_limit("api", 103.0, 1.5) is False
        assert db.restore_limit("api", 201.0, 1.0) is True
        assert db.advance_limit("api", 0.0, 1.0) == 201.0
        assert db.restore_limit("unknown", 1.0, 1.0) is False

    def test_threads_that_share_a_limit_get_a_place_each(self, db: TaskDB) -> None:
        """No two the same."""
        if not isinstance(db, SupportsLimits):
            return
        places = in_threads(lambda _: [db.advance_limit("api", 100.0, 1.0) for _ in range(20)], 4)
        assert sorted(place for own in places for place in own) == [101.0 + number for number in range(80)]

    def test_the_rate_that_was_noted_last_stands_beside_a_limit(self, db: TaskDB) -> None:
        """Each name has its own, and a note moves no TAT, whether it comes before the first or later."""
        if not isinstance(db, SupportsLimitRates) or not isinstance(db, SupportsLimits):
            return
        slow, fast = LimitRate(0.1, 1.0), LimitRate(6e6, 2.5)
        assert db.note_limit_rate("api", slow) is None
        assert db.advance_limit("api", 100.0, 1.5) == 101.5
        assert db.note_limit_rate("other", fast) is None
        assert [db.note_limit_rate("api", rate) for rate in (slow, fast, fast)] == [slow, slow, fast]
        assert db.restore_limit("api", 101.5, 1.5) is True
        assert db.advance_limit("api", 0.0, 0.0) == 100.0

    def test_threads_that_note_different_rates_leave_one_of_them(self, db: TaskDB) -> None:
        """Whole: never the rate of one with the burst of another."""
        if not isinstance(db, SupportsLimitRates):
            return
        rates = [LimitRate(60.0 * number, float(number)) for number in range(1, 5)]
        in_threads(lambda number: [db.note_limit_rate("api", rates[number]) for _ in range(10)], 4)
        assert db.note_limit_rate("api", rates[0]) in rates
