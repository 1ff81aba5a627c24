"""Eight threads call a model at once: the first three go, the others follow at the rate, and hits wait for nothing."""

import time
from concurrent.futures import ThreadPoolExecutor

from llama_index.callbacks.beautyspot import BeautySpotRateLimiter, cache_llm
from llama_index.core.llms import MockLLM

# shared=True: other processes that name this file and limit keep to the same rate, all together.
limiter = BeautySpotRateLimiter(
    requests_per_minute=600, tokens_per_minute=90_000, burst=3, token_burst=1000,
    spot=".beautyspot/limits.db", shared=True, name="example",
)  # fmt: skip
model = MockLLM(max_tokens=5)
model.rate_limiter = limiter
llm = cache_llm(model, ".beautyspot/llama_index.db", model_id="mock", namespace="limits")


if __name__ == "__main__":
    questions = [f"question {number}, {time.time()}" for number in range(8)]
    for run in ("calls", "hits"):
        started = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(llm.complete, questions))
        print(f"{len(answers)} {run} in {time.perf_counter() - started:.2f} s")
