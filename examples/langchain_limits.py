"""Eight threads call a model at once: the first three go, the others follow at the rate, and hits wait for nothing."""

import time

from langchain_beautyspot import BeautySpotCache, BeautySpotRateLimiter
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import AIMessage

# shared=True: other processes that name this file and limit keep to the same rate, all together.
limiter = BeautySpotRateLimiter(".beautyspot/limits.db", requests_per_minute=600, burst=3, shared=True, name="example")
model = FakeListChatModel(
    responses=["fine"], rate_limiter=limiter, cache=BeautySpotCache(".beautyspot/langchain.db", namespace="limits")
)


def ask(questions: list[str]) -> list[AIMessage]:
    return model.batch([*questions], {"max_concurrency": 8})


if __name__ == "__main__":
    questions = [f"question {number}, {time.time()}" for number in range(8)]
    for run in ("calls", "hits"):
        started = time.perf_counter()
        answers = ask(questions)
        print(f"{len(answers)} {run} in {time.perf_counter() - started:.2f} s")
