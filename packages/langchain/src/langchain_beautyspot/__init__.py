"""A cache, rate limiter, recorder and stores for LangChain and LangGraph that lose no paid answer."""
