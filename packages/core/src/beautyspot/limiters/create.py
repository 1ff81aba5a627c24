"""From what a Spot was told to its limiter."""

from beautyspot.clocks import Clock
from beautyspot.errors import ConfigurationError
from beautyspot.limiters.gcra import GCRA
from beautyspot.limiters.shared import SharedGCRA
from beautyspot.protocols import SupportsLimits, TaskDB


def create_limiter(
    tokens_per_minute: float, *, burst: float, clock: Clock, shared_by: TaskDB | None, name: str
) -> GCRA | SharedGCRA:
    """Return a limiter of this process, or one that every process shares which uses `shared_by` and `name`.

    Raises:
        ConfigurationError: the database keeps no limits, or a number is wrong.
    """
    if shared_by is None:
        return GCRA(tokens_per_minute, burst=burst, clock=clock)
    if not isinstance(shared_by, SupportsLimits):
        raise ConfigurationError(
            f"{type(shared_by).__name__} can't share a limit; use PostgreSQL or a SQLite file, or shared_limit=False"
        )
    return SharedGCRA(shared_by, name, tokens_per_minute, burst=burst, clock=clock)
