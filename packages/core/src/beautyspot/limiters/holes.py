"""The places that cancelled waits left free, for whoever comes next."""


class Holes:
    """Free stretches of a limit's line of instants, apart from each other.

    Stretches that touch must share the very same float, so that equality finds neighbours.
    """

    __slots__ = ("stretches",)

    def __init__(self) -> None:
        """Start with none."""
        self.stretches: list[tuple[float, float]] = []
        """Begin and end of each, in order."""

    def find(self, now_s: float, length_s: float, /) -> float | None:
        """Return where a call that takes `length_s` would begin; None if it fits nowhere."""
        for begin_s, end_s in self.stretches:
            begin_s = max(begin_s, now_s)
            if begin_s + length_s <= end_s:
                return begin_s
        return None

    def take(self, now_s: float, length_s: float, /) -> float | None:
        """Fill what `find` returns; what is past is lost."""
        taken_s = self.find(now_s, length_s)
        left: list[tuple[float, float]] = []
        for begin_s, end_s in self.stretches:
            begin_s = max(begin_s, now_s)
            if begin_s == taken_s:
                begin_s += length_s
            if begin_s < end_s:
                left.append((begin_s, end_s))
        self.stretches = left
        return taken_s

    def join(self, begin_s: float, end_s: float, /) -> tuple[float, float]:
        """Return the stretch together with its free neighbours, which are holes no more."""
        apart: list[tuple[float, float]] = []
        for hole in self.stretches:
            if hole[1] == begin_s:
                begin_s = hole[0]
            elif hole[0] == end_s:
                end_s = hole[1]
            else:
                apart.append(hole)
        self.stretches = apart
        return begin_s, end_s

    def add(self, begin_s: float, end_s: float, /) -> None:
        """Free a stretch that `join` returned."""
        self.stretches = sorted([*self.stretches, (begin_s, end_s)])
