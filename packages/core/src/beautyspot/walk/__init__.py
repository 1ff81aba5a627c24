"""One call from key to value, sync and async. Only here is user code called and time slept."""

from beautyspot.walk.adopt import LegacyRows
from beautyspot.walk.limit import Limit
from beautyspot.walk.limited import limit_function, unlimited
from beautyspot.walk.marked import Marked, mark_function
from beautyspot.walk.plan import MarkOptions, Plan

__all__ = ["LegacyRows", "Limit", "MarkOptions", "Marked", "Plan", "limit_function", "mark_function", "unlimited"]
