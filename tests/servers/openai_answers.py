"""The answers of `openai_api`, in the shapes of chat completions, responses, completions and embeddings."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple

Object = dict[str, Any]
MODEL_SUFFIX = "-2026-01-01"
"""Providers answer with a dated model where an alias was asked for."""


class Said(NamedTuple):
    """What the model says, whatever the shape."""

    text: str
    reason: Literal["stop", "length", "content_filter", "tool_calls"]
    tool: Object | None = None


def say(text: str, body: Object) -> Said:
    """Return what is said to `text`."""
    use = re.fullmatch(r"use (\w+) (\{.*\})", text, re.DOTALL)
    offered = [tool.get("function", tool)["name"] for tool in body.get("tools") or ()]
    if use and use[1] in offered:
        return Said("", "tool_calls", {"name": use[1], "arguments": use[2]})
    if text == "filter this":
        return Said("I can", "content_filter")
    schema = schema_of(body)
    if schema is not None:
        return Said(json.dumps(fitting(schema, text, schema.get("$defs", {}))), "stop")
    words = ("" if text == "say nothing" else f"answer to {text}").split(" ")
    most = body.get("max_completion_tokens") or body.get("max_tokens") or body.get("max_output_tokens") or 10_000
    return Said(" ".join(words[:most]), "length" if len(words) > most else "stop")


def schema_of(body: Object) -> Object | None:
    given = body.get("response_format") or body.get("text", {}).get("format") or {}
    return given.get("json_schema", given).get("schema")


def fitting(schema: Object, text: str, known: Object) -> Any:
    """Return the simplest value that fits a JSON schema; strings hold the question."""
    if "$ref" in schema:
        return fitting(known[schema["$ref"].rpartition("/")[2]], text, known)
    if "enum" in schema:
        return schema["enum"][0]
    plain: Object = {"string": text, "integer": len(text), "number": 0.5, "boolean": True, "array": [], "null": None}
    kind = schema.get("type", "object")
    if kind != "object":
        return plain[kind]
    return {name: fitting(each, text, known) for name, each in schema.get("properties", {}).items()}


def usage(question: Any, said: list[Said]) -> tuple[int, int]:
    """Return how many tokens, which are words here, went in and came out."""
    into = len(re.findall(r"\w+", json.dumps(question)))
    return into, sum(max(1, len(each.text.split())) for each in said)


def text_of(message: Object) -> str:
    content = message.get("content") or ""
    text = content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return f"what the tool said: {text}" if message.get("role") == "tool" else text


def chat(body: Object, number: int) -> Object:
    """Return a chat completion."""
    said = [say(text_of(body["messages"][-1]), body)] * (body.get("n") or 1)
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_700_000_000 + number,
        "model": body["model"] + MODEL_SUFFIX,
        "system_fingerprint": f"fp_{number}",
        "choices": [chat_choice(index, each, number) for index, each in enumerate(said)],
        "usage": chat_usage(*usage(body["messages"], said)),
    }


def chat_usage(into: int, out: int) -> Object:
    return {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}


def chat_choice(index: int, said: Said, number: int) -> Object:
    message: Object = {"role": "assistant", "content": None if said.tool else said.text, "refusal": None}
    if said.tool:
        message["tool_calls"] = [{"id": f"call_{number}_{index}", "type": "function", "function": said.tool}]
    return {"index": index, "message": message, "logprobs": None, "finish_reason": said.reason}


def completion(body: Object, number: int) -> Object:
    """Return a completion of the models before chat, one for each prompt."""
    prompts = body["prompt"] if isinstance(body["prompt"], list) else [body["prompt"]]
    said = [say(prompt, body) for prompt in prompts for _ in range(body.get("n") or 1)]
    return {
        "id": f"cmpl-{number}",
        "object": "text_completion",
        "created": 1_700_000_000 + number,
        "model": body["model"],
        "choices": [
            {"index": index, "text": each.text, "logprobs": None, "finish_reason": each.reason}
            for index, each in enumerate(said)
        ],
        "usage": chat_usage(*usage(prompts, said)),
    }


def response(body: Object, number: int) -> Object:
    """Return a response of the Responses API."""
    given = body["input"]
    last = {"content": given} if isinstance(given, str) else given[-1]
    if last.get("type") == "function_call_output":
        last = {"role": "tool", "content": last["output"]}
    said = say(text_of(last), body)
    into, out = usage(given, [said])
    part = {"type": "output_text", "text": said.text, "annotations": []}
    item: Object = {"type": "message", "id": f"msg_{number}", "role": "assistant", "content": [part]}
    if said.tool:
        item = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}", **said.tool}
    cut = said.reason == "length"
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": 1_700_000_000 + number,
        "status": "incomplete" if cut else "completed",
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "model": body["model"] + MODEL_SUFFIX,
        "output": [{**item, "status": "completed"}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": body.get("tools") or [],
        "usage": {
            "input_tokens": into,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": out,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": into + out,
        },
    }


def embeddings(body: Object, number: int) -> Object:
    """Return vectors of 8 numbers, each between -1 and 1, that follow from the text alone."""
    given = body["input"] if isinstance(body["input"], list) else [body["input"]]
    texts = [given] if given and isinstance(given[0], int) else given  # one text, as tokens
    return {
        "object": "list",
        "model": body["model"],
        "data": [{"object": "embedding", "index": n, "embedding": vector(text)} for n, text in enumerate(texts)],
        "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)},
    }


def vector(text: Any) -> list[float]:
    return [byte / 127.5 - 1 for byte in hashlib.sha256(repr(text).encode()).digest()[:8]]


SHAPES: dict[str, Callable[[Object, int], Object]] = {
    "chat/completions": chat,
    "completions": completion,
    "embeddings": embeddings,
    "responses": response,
}


def shape_of(answer: Object) -> str:
    return answer["object"]


def events(shape: str, answer: Object, body: Object) -> Iterator[bytes]:
    """Yield the server-sent events of a streamed answer, a word in each."""
    if shape == "response":
        yield from response_events(answer)
        return
    head = {key: answer[key] for key in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk" if shape == "chat.completion" else shape
    for choice in answer["choices"]:
        for delta in deltas(choice):
            yield event({**head, "choices": [{"index": choice["index"], "finish_reason": None, **delta}]})
        end: Object = {"delta": {}} if "message" in choice else {"text": ""}
        yield event({**head, "choices": [{"index": choice["index"], "finish_reason": choice["finish_reason"], **end}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield event({**head, "choices": [], "usage": answer["usage"]})
    yield b"data: [DONE]\n\n"


def deltas(choice: Object) -> Iterator[Object]:
    if "text" in choice:
        yield from ({"text": word} for word in words(choice["text"]))
        return
    yield {"delta": {"role": "assistant", "content": ""}}
    for word in words(choice["message"]["content"] or ""):
        yield {"delta": {"content": word}}
    for index, call in enumerate(choice["message"].get("tool_calls", ())):
        yield {"delta": {"tool_calls": [{"index": index, **call}]}}


def response_events(answer: Object) -> Iterator[bytes]:
    begun = {**answer, "status": "in_progress", "output": [], "usage": None}
    steps: list[Object] = [{"type": "response.created", "response": begun}]
    [item] = answer["output"]
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    if item["type"] == "message":
        [part] = item["content"]
        steps.append({"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}})
        steps.append({"type": "response.content_part.added", **place, "part": {**part, "text": ""}})
        steps += [{"type": "response.output_text.delta", **place, "delta": word} for word in words(part["text"])]
        steps.append({"type": "response.output_text.done", **place, "text": part["text"]})
        steps.append({"type": "response.content_part.done", **place, "part": part})
    else:
        steps.append({"type": "response.output_item.added", "output_index": 0, "item": {**item, "arguments": ""}})
        steps.append({"type": "response.function_call_arguments.delta", **place, "delta": item["arguments"]})
    steps.append({"type": "response.output_item.done", "output_index": 0, "item": item})
    steps.append({"type": f"response.{answer['status']}", "response": answer})
    for number, step in enumerate(steps):
        yield f"event: {step['type']}\n".encode() + event({**step, "sequence_number": number})


def words(text: str) -> list[str]:
    return re.findall(r"\S+\s*", text)


def event(content: Object) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()
