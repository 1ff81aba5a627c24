"""Keep values of a class of your own: say once how they become plain data and come back."""

import beautyspot as bs


class Interval:
    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high


spot = bs.Spot("own_type")
spot.register_type(Interval, code=10, encoder=lambda it: [it.low, it.high], decoder=lambda data: Interval(*data))
spot.register_key(Interval, lambda it: (it.low, it.high))


@spot.mark
def widen(interval: Interval, by: float) -> Interval:
    print("computing")
    return Interval(interval.low - by, interval.high + by)


if __name__ == "__main__":
    for _ in range(2):
        wide = widen(Interval(0, 1), by=0.5)
        print(type(wide).__name__, wide.low, wide.high)
