"""One call from key to value, sync and async. Only here is user code called and time slept."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.walk.adopt import LegacyRows
    from beautyspot.walk.limit import Limit
    from beautyspot.walk.limited import limiter
    from beautyspot.walk.marked import Marked
    from beautyspot.walk.plan import MarkOptions, Plan, unlimited
    from beautyspot.walk.wrapper import mark_function
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "LegacyRows": "beautyspot.walk.adopt",
            "Limit": "beautyspot.walk.limit",
            "limiter": "beautyspot.walk.limited",
            "mark_function": "beautyspot.walk.wrapper",
            "Marked": "beautyspot.walk.marked",
            "MarkOptions": "beautyspot.walk.plan",
            "Plan": "beautyspot.walk.plan",
            "unlimited": "beautyspot.walk.plan",
        },
    )

__all__ = ["LegacyRows", "Limit", "MarkOptions", "Marked", "Plan", "limiter", "mark_function", "unlimited"]
