"""What does recording take beside the call that is recorded?"""

from importlib.util import find_spec
from typing import Any

from benchmarks.answers import Answer, Scale, ratio
from benchmarks.interleave import batch_of, medians_us

WITHOUT, USAGE, RECORDER = "without", "UsageMetadataCallbackHandler", "beautyspot"
ANSWER = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-test",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10},
}  # fmt: skip


def calls(scale: Scale, folder: str) -> list[Answer]:
    """`invoke` of OpenAI's client, which is answered without a network, and of a model that does nothing at all."""
    if find_spec("langchain_openai") is None:
        return [Answer("LangChain: recorder", "µs", {}, (), "not measured: langchain-openai is not installed")]
    from langchain_beautyspot import BeautySpotCallbackHandler
    from langchain_core.callbacks import UsageMetadataCallbackHandler
    from langchain_core.language_models.fake_chat_models import FakeListChatModel

    handlers: dict[str, list[Any]] = {
        WITHOUT: [],
        USAGE: [UsageMetadataCallbackHandler()],
        RECORDER: [BeautySpotCallbackHandler(f"{folder}/runs.db")],
    }
    client = _invokes(scale, _client(), handlers)
    fake = _invokes(scale, FakeListChatModel(responses=["yes"]), handlers)
    return [
        Answer("LangChain: invoke of ChatOpenAI, no network", "µs", client, (ratio(client, WITHOUT, 1.1),)),
        Answer("LangChain: invoke of a model that does nothing", "µs", fake, (ratio(fake, WITHOUT, 1.5),)),
    ]


def _invokes(scale: Scale, model: Any, handlers: dict[str, list[Any]]) -> dict[str, float]:
    batches = {
        name: batch_of(model.invoke, lambda count, config={"callbacks": each}: [("hello", config)] * count)
        for name, each in handlers.items()
    }
    return medians_us(batches, rounds=scale.rounds, batch_s=scale.batch_s)


def _client() -> Any:
    import httpx
    from langchain_openai import ChatOpenAI

    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=ANSWER))
    return ChatOpenAI(model="gpt-test", api_key="none", http_client=httpx.Client(transport=transport))  # pyright: ignore[reportArgumentType]
