"""A conversation with a slow model, twice: the second run asks the model nothing, whichever process makes it."""

import time

from langchain_beautyspot import BeautySpotCache
from langchain_core.globals import set_llm_cache
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.messages import BaseMessage, HumanMessage

QUESTIONS = ("Who moves the scenery?", "In what colour?", "Does anybody see them?")
ANSWERS = ["The stage hands do.", "In black.", "Nobody does."]

cache = BeautySpotCache(".beautyspot/langchain.db", ttl="30d")
set_llm_cache(cache)  # every chat and text model of this process asks it first


def converse() -> list[BaseMessage]:
    model = FakeListChatModel(responses=ANSWERS, sleep=0.3)  # stands for a model that is slow and paid
    history: list[BaseMessage] = []
    for question in QUESTIONS:
        history.append(HumanMessage(question))
        history.append(model.invoke(history))
    return history


if __name__ == "__main__":
    for run in ("first", "second"):
        started = time.perf_counter()
        last = converse()[-1]
        print(f"{run} run: {last.text!r} after {time.perf_counter() - started:.2f} s")
    stats = cache.stats()
    print(f"{stats.hits} hits, {stats.misses} misses, {stats.saved_s:.1f} s saved")
