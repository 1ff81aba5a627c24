"""Public contracts for backends, and a clock for tests."""

from beautyspot.testing.clock import FrozenClock

__all__ = ["FrozenClock"]
