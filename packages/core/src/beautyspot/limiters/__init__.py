"""How fast calls may go: limiters say how many seconds to wait, and leave the waiting to others."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.limiters.create import create_limiter
    from beautyspot.limiters.gcra import GCRA
    from beautyspot.limiters.limiter import Limiter
    from beautyspot.limiters.settling import settle
    from beautyspot.limiters.shared import SharedGCRA
    from beautyspot.limiters.token_bucket import TokenBucket
    from beautyspot.records import Reservation
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "create_limiter": "beautyspot.limiters.create",
            "GCRA": "beautyspot.limiters.gcra",
            "Limiter": "beautyspot.limiters.limiter",
            "Reservation": "beautyspot.records",
            "settle": "beautyspot.limiters.settling",
            "SharedGCRA": "beautyspot.limiters.shared",
            "TokenBucket": "beautyspot.limiters.token_bucket",
        },
    )

__all__ = ["GCRA", "Limiter", "Reservation", "SharedGCRA", "TokenBucket", "create_limiter", "settle"]
