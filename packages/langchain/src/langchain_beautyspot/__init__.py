"""A cache, rate limiter, recorder and stores for LangChain and LangGraph that lose no paid answer."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from langchain_beautyspot.answers import is_complete
    from langchain_beautyspot.cache import BeautySpotCache
    from langchain_beautyspot.counts import CacheStats
    from langchain_beautyspot.errors import ReplayMiss
    from langchain_beautyspot.sqlite_cache import Imported
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "BeautySpotCache": "langchain_beautyspot.cache",
            "CacheStats": "langchain_beautyspot.counts",
            "Imported": "langchain_beautyspot.sqlite_cache",
            "ReplayMiss": "langchain_beautyspot.errors",
            "is_complete": "langchain_beautyspot.answers",
        },
    )

__all__ = [
    "BeautySpotCache",
    "CacheStats",
    "Imported",
    "ReplayMiss",
    "is_complete",
]
