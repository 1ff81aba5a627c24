"""A recorder, caches, a key-value store and a rate limiter for LlamaIndex that lose no paid answer."""
