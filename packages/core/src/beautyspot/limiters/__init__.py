"""How fast calls may go: limiters say how many seconds to wait, and leave the waiting to others."""

from beautyspot.limiters.create import create_limiter
from beautyspot.limiters.gcra import GCRA
from beautyspot.limiters.shared import SharedGCRA
from beautyspot.limiters.token_bucket import TokenBucket
from beautyspot.protocols import Limiter
from beautyspot.records import Reservation

__all__ = ["GCRA", "Limiter", "Reservation", "SharedGCRA", "TokenBucket", "create_limiter"]
