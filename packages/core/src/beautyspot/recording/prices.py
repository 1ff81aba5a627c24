"""What calls cost, by a table of the user's: prices change, so nothing here knows any."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from beautyspot.checks import expect
from beautyspot.recording.usage import Usage


class Price(NamedTuple):
    """What a million tokens of one model cost, in a currency of the user's choice."""

    input: float
    output: float
    cached: float | None = None
    """Of input that the provider read from its own cache; None for the price of input."""
    written: float | None = None
    """Of input that the provider wrote to its own cache; None for the price of input."""

    def of(self, usage: Usage, /) -> float | None:
        """Return what a call cost; None if its provider didn't say how many tokens it took."""
        if usage.input_tokens is None and usage.output_tokens is None:
            return None
        cached, written = usage.cached_tokens or 0, usage.written_tokens or 0
        plain = max(0, (usage.input_tokens or 0) - cached - written)
        parts = (
            plain * self.input,
            cached * (self.input if self.cached is None else self.cached),
            written * (self.input if self.written is None else self.written),
            (usage.output_tokens or 0) * self.output,
        )
        return sum(parts) / 1_000_000


Prices = Mapping[str, Price]
"""By model; `gpt-5*` stands for every model whose name begins so."""


class PriceTable:
    """Finds the price of a model."""

    def __init__(self, prices: Prices | None) -> None:
        """Check the prices.

        Raises:
            ConfigurationError: one of them is no price.
        """
        fits = prices is None or isinstance(prices, Mapping)  # pyright: ignore[reportUnnecessaryIsInstance]
        expect(fits, "prices", prices, 'the Price of each model, such as {"gpt-5*": Price(input=1.25, output=10)}')
        self._prices = {model: _checked(model, price) for model, price in (prices or {}).items()}
        self._found: dict[tuple[str | None, str | None], Price | None] = {}

    def price(self, asked: str | None, answered: str | None, /) -> Price | None:
        """Return the price of the model that was asked for, else of the one that answered, else of a pattern."""
        if not self._prices:
            return None
        names = (asked, answered)
        if names not in self._found:
            self._found[names] = self._find([name for name in names if name] or [""])
        return self._found[names]

    def _find(self, names: list[str]) -> Price | None:
        exact = (self._prices[name] for name in names if name in self._prices)
        alike = (price for pattern, price in self._prices.items() if any(fnmatchcase(name, pattern) for name in names))
        return next(exact, next(alike, None))


def _checked(model: str, price: Price) -> Price:
    name = f"the price of {model!r}"
    expect(isinstance(price, Price), name, price, "Price(input, output), each for a million tokens")  # pyright: ignore[reportUnnecessaryIsInstance]
    for field, amount in price._asdict().items():
        fits = _is_amount(amount) or (amount is None and field in Price._field_defaults)
        expect(fits, f"{field} in {name}", amount, "a number from 0, for a million tokens")
    return price


def _is_amount(number: object) -> bool:
    return isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number) and number >= 0
