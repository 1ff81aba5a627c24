"""The API that the tests of integrations call does what it says, as the official client sees it."""

import threading
from collections.abc import Iterator

import httpx
import openai
import pytest
from servers.openai_api import HANG_UP, OpenAIAPI

pytestmark = pytest.mark.external_service
ADD = {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture
def client(openai_api: OpenAIAPI) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=openai_api.url, api_key="none", max_retries=0) as client:
        yield client


def ask(client: openai.OpenAI, text: str, **options: object):
    return client.chat.completions.create(model="m", messages=[{"role": "user", "content": text}], **options)  # type: ignore[call-overload]


def test_the_same_question_has_the_same_answer_under_a_new_id(client: openai.OpenAI, openai_api: OpenAIAPI) -> None:
    one, two = ask(client, "hello"), ask(client, "hello")
    assert one.choices[0].message.content == two.choices[0].message.content == "answer to hello"
    assert one.id != two.id
    assert (openai_api.calls, openai_api.requests[0].body["model"]) == (2, "m")


def test_a_stream_says_what_a_whole_answer_does_and_ends_with_its_usage(client: openai.OpenAI) -> None:
    parts = list(ask(client, "hello", stream=True, stream_options={"include_usage": True}))
    assert "".join(part.choices[0].delta.content or "" for part in parts if part.choices) == "answer to hello"
    assert parts[-1].usage == ask(client, "hello").usage


def test_tools_limits_and_filters_end_an_answer_as_they_do_at_a_provider(client: openai.OpenAI) -> None:
    tool = ask(client, 'use add {"a": 1}', tools=[ADD]).choices[0]
    assert tool.message.tool_calls[0].function.arguments == '{"a": 1}'
    reasons = [ask(client, text, max_tokens=3).choices[0].finish_reason for text in ("a b", "filter this", "a")]
    assert [tool.finish_reason, *reasons] == ["tool_calls", "length", "content_filter", "stop"]


def test_a_scripted_status_is_that_of_the_next_call_alone(client: openai.OpenAI, openai_api: OpenAIAPI) -> None:
    openai_api.fail(429, 500)
    with pytest.raises(openai.RateLimitError, match="scripted 429"):
        ask(client, "hello")
    with pytest.raises(openai.InternalServerError):
        ask(client, "hello")
    assert ask(client, "hello").choices[0].message.content == "answer to hello"


@pytest.mark.parametrize("stream", [False, True])
def test_a_hang_up_comes_half_way(client: openai.OpenAI, openai_api: OpenAIAPI, stream: bool) -> None:
    openai_api.fail(HANG_UP)
    with pytest.raises((openai.APIError, httpx.TransportError)):
        list(ask(client, "a long question with many words", stream=stream))
    assert ask(client, "hello").choices


def test_a_held_server_notes_requests_and_answers_them_later(client: openai.OpenAI, openai_api: OpenAIAPI) -> None:
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(ask(client, "hello"))) for _ in range(3)]
    with openai_api.held():
        for thread in threads:
            thread.start()
        openai_api.wait_for(3)
        assert answers == []
    for thread in threads:
        thread.join()
    assert len(answers) == 3


def test_responses_completions_and_embeddings_answer_too(client: openai.OpenAI) -> None:
    assert client.responses.create(model="m", input="hello").output_text == "answer to hello"
    with client.responses.stream(model="m", input="hello") as stream:
        assert stream.get_final_response().output_text == "answer to hello"
    completion = client.completions.create(model="m", prompt=["a", "b"], n=2)
    assert [choice.text for choice in completion.choices] == ["answer to a"] * 2 + ["answer to b"] * 2
    vectors = client.embeddings.create(model="m", input=["a", "b", "a"]).data
    assert vectors[0].embedding == vectors[2].embedding != vectors[1].embedding
