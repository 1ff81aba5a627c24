"""A wall clock that was set back, as far as it concerns a shared limit."""

from beautyspot.protocols import SupportsLimits

NOTE_EVERY_S = 10.0
ENDING = " (clock)"
"""Of the name that the time is noted under, in the table of the limits."""
SKEW_S = 30.0
"""How far the clocks of machines may be apart; a step back of less makes calls wait so much longer, and no more."""
TRIES = 5
"""To take the step off a TAT which other processes move meanwhile."""


class Steps:
    """Notices that the clock was set back, and takes the step off the TAT: calls would else wait for as long.

    Every few seconds of use a process notes the time beside the limit. A note that lies ahead of the clock tells of a
    step, to a process that was started after it as well.
    """

    def __init__(self, db: SupportsLimits, name: str) -> None:
        """Watch over the limit `name` in `db`."""
        self._db = db
        self._name = name
        self._note = f"{name}{ENDING}"
        self._noted_s = float("inf")

    def is_due(self, now_s: float, /) -> bool:
        """Say whether it is time to look, which takes the database a few more statements."""
        return not self._noted_s <= now_s < self._noted_s + NOTE_EVERY_S

    def undo(self, now_s: float, /) -> bool:
        """Note the time; take a step that was made since the last note off the TAT, and say whether there was one.

        Raises:
            StorageError: the database can't be asked.
        """
        self._noted_s = now_s
        seen_s = self._db.advance_limit(self._note, now_s, 0.0)
        step_s = seen_s - now_s
        if step_s <= SKEW_S:
            return False
        if self._db.restore_limit(self._note, seen_s, step_s):  # else another process is at it
            for _ in range(TRIES):
                tat_s = self._db.advance_limit(self._name, 0.0, 0.0)
                if self._db.restore_limit(self._name, tat_s, step_s):
                    break
        return True
