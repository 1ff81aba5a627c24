"""A recorder, caches, a key-value store and a rate limiter for LlamaIndex that lose no paid answer."""

from beautyspot.exports import on_demand
from beautyspot.notices import pass_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from beautyspot.errors import RateLimitTimeout
    from beautyspot.recording import Price, Totals

    from llama_index.callbacks.beautyspot.contexts import load_context, save_context
    from llama_index.callbacks.beautyspot.embeddings.models import cache_embedding
    from llama_index.callbacks.beautyspot.errors import ReplayMiss, UnknownContext
    from llama_index.callbacks.beautyspot.ingestion.transformation import CachedTransformation
    from llama_index.callbacks.beautyspot.installed import install_llm_cache
    from llama_index.callbacks.beautyspot.limiter import BeautySpotRateLimiter
    from llama_index.callbacks.beautyspot.llms.answers import is_complete
    from llama_index.callbacks.beautyspot.llms.cached import cache_llm
    from llama_index.callbacks.beautyspot.policy import cache_policy
    from llama_index.callbacks.beautyspot.postprocessors import cache_postprocessor
    from llama_index.callbacks.beautyspot.recorder import BeautySpotCallbackHandler, Recorder, install
    from llama_index.callbacks.beautyspot.stores.kvstore import BeautySpotKVStore, KVStats
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "BeautySpotCallbackHandler": "llama_index.callbacks.beautyspot.recorder",
            "BeautySpotKVStore": "llama_index.callbacks.beautyspot.stores.kvstore",
            "BeautySpotRateLimiter": "llama_index.callbacks.beautyspot.limiter",
            "cache_embedding": "llama_index.callbacks.beautyspot.embeddings.models",
            "cache_llm": "llama_index.callbacks.beautyspot.llms.cached",
            "cache_policy": "llama_index.callbacks.beautyspot.policy",
            "cache_postprocessor": "llama_index.callbacks.beautyspot.postprocessors",
            "CachedTransformation": "llama_index.callbacks.beautyspot.ingestion.transformation",
            "install": "llama_index.callbacks.beautyspot.recorder",
            "install_llm_cache": "llama_index.callbacks.beautyspot.installed",
            "is_complete": "llama_index.callbacks.beautyspot.llms.answers",
            "KVStats": "llama_index.callbacks.beautyspot.stores.kvstore",
            "load_context": "llama_index.callbacks.beautyspot.contexts",
            "Price": "beautyspot.recording",
            "RateLimitTimeout": "beautyspot.errors",
            "Recorder": "llama_index.callbacks.beautyspot.recorder",
            "ReplayMiss": "llama_index.callbacks.beautyspot.errors",
            "save_context": "llama_index.callbacks.beautyspot.contexts",
            "Totals": "beautyspot.recording",
            "UnknownContext": "llama_index.callbacks.beautyspot.errors",
        },
    )

pass_over("llama_index", "llama_index_instrumentation", "workflows", "wrapt")

__all__ = [
    "BeautySpotCallbackHandler",
    "BeautySpotKVStore",
    "BeautySpotRateLimiter",
    "cache_embedding",
    "cache_llm",
    "cache_policy",
    "cache_postprocessor",
    "CachedTransformation",
    "install",
    "install_llm_cache",
    "is_complete",
    "KVStats",
    "load_context",
    "Price",
    "RateLimitTimeout",
    "Recorder",
    "ReplayMiss",
    "save_context",
    "Totals",
    "UnknownContext",
]
