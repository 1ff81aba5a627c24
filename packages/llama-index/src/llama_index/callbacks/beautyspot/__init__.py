"""A recorder, caches, a key-value store and a rate limiter for LlamaIndex that lose no paid answer."""

from beautyspot.exports import on_demand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from llama_index.callbacks.beautyspot.embeddings.models import cache_embedding
    from llama_index.callbacks.beautyspot.errors import ReplayMiss
    from llama_index.callbacks.beautyspot.policy import cache_policy
else:
    __getattr__, __dir__ = on_demand(
        __name__,
        {
            "cache_embedding": "llama_index.callbacks.beautyspot.embeddings.models",
            "cache_policy": "llama_index.callbacks.beautyspot.policy",
            "ReplayMiss": "llama_index.callbacks.beautyspot.errors",
        },
    )

__all__ = ["cache_embedding", "cache_policy", "ReplayMiss"]
