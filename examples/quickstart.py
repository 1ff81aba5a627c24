"""Summarise and embed this repository's documents with real models, no call made twice; `make demo` runs it."""

import json
import os
from typing import Any
from urllib.request import Request, urlopen

import beautyspot as bs
from demo import stage
from demo.passages import passages

API = os.environ.get("DEMO_API")
spot = bs.Spot("quickstart", tpm=120, shared_limit=True)  # shared: a resumed process keeps the pace


def ask(path: str, **body: Any) -> Any:
    request = Request(f"{API}/v1/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=120) as response:
        return json.load(response)


@spot.mark(version="SmolLM2-135M")
@spot.limiter()
def summarize(passage: str) -> str:
    messages = [{"role": "user", "content": f"Summarize in one short sentence:\n\n{passage}"}]
    return ask("chat/completions", messages=messages, max_tokens=40, temperature=0)["choices"][0]["message"]["content"]


@spot.mark(version="WordLlama-256")
@spot.limiter()
def embed(passage: str) -> list[float]:
    return ask("embeddings", input=passage)["data"][0]["embedding"]


if __name__ == "__main__":
    if API is None:
        raise SystemExit(stage.play(summarize, embed))
    for function in stage.steps(summarize, embed):
        function.map(passages(), workers=2)
    stage.report(summarize, embed)
