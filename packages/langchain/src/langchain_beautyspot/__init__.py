"""A cache, rate limiter, recorder and stores for LangChain and LangGraph that lose no paid answer."""

from beautyspot.exports import on_demand
from beautyspot.notices import pass_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.errors import RateLimitTimeout

    from langchain_beautyspot.answers import is_complete
    from langchain_beautyspot.byte_store import BeautySpotByteStore
    from langchain_beautyspot.cache import BeautySpotCache
    from langchain_beautyspot.counts import CacheStats
    from langchain_beautyspot.embeddings import CachedEmbeddings
    from langchain_beautyspot.errors import ReplayMiss
    from langchain_beautyspot.limiter import BeautySpotRateLimiter
    from langchain_beautyspot.middleware.cache import CacheMiddleware
    from langchain_beautyspot.middleware.limit import RateLimitMiddleware
    from langchain_beautyspot.node_cache import BeautySpotNodeCache
    from langchain_beautyspot.recorder import BeautySpotCallbackHandler, Price, Totals, record_runs
    from langchain_beautyspot.sqlite_cache import Imported
    from langchain_beautyspot.stable_keys import stable_key
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "BeautySpotByteStore": "langchain_beautyspot.byte_store",
            "BeautySpotCache": "langchain_beautyspot.cache",
            "BeautySpotCallbackHandler": "langchain_beautyspot.recorder",
            "BeautySpotNodeCache": "langchain_beautyspot.node_cache",
            "BeautySpotRateLimiter": "langchain_beautyspot.limiter",
            "CachedEmbeddings": "langchain_beautyspot.embeddings",
            "CacheMiddleware": "langchain_beautyspot.middleware.cache",
            "CacheStats": "langchain_beautyspot.counts",
            "Imported": "langchain_beautyspot.sqlite_cache",
            "is_complete": "langchain_beautyspot.answers",
            "Price": "langchain_beautyspot.recorder",
            "RateLimitMiddleware": "langchain_beautyspot.middleware.limit",
            "RateLimitTimeout": "beautyspot.errors",
            "record_runs": "langchain_beautyspot.recorder",
            "ReplayMiss": "langchain_beautyspot.errors",
            "stable_key": "langchain_beautyspot.stable_keys",
            "Totals": "langchain_beautyspot.recorder",
        },
    )

pass_over("langchain", "langchain_beautyspot", "langchain_classic", "langchain_core", "langgraph", "langsmith")

__all__ = [
    "BeautySpotByteStore",
    "BeautySpotCache",
    "BeautySpotCallbackHandler",
    "BeautySpotNodeCache",
    "BeautySpotRateLimiter",
    "CachedEmbeddings",
    "CacheMiddleware",
    "CacheStats",
    "Imported",
    "is_complete",
    "Price",
    "RateLimitMiddleware",
    "RateLimitTimeout",
    "record_runs",
    "ReplayMiss",
    "stable_key",
    "Totals",
]
