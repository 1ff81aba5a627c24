"""Stands for the slow, limited API: counts what it is asked, and refuses what comes too fast."""

import asyncio
import os
import time
from collections import Counter

from fastapi import FastAPI, HTTPException
from fastapi.responses import PlainTextResponse

RATE = float(os.environ.get("RATE", "20"))
"""Calls a second, over the last second."""

app = FastAPI()
asked: Counter[str] = Counter()
refused = 0
recent: list[float] = []


@app.get("/summaries", response_class=PlainTextResponse)
async def summary(name: str) -> str:
    """Answer after a while, or refuse with 429."""
    global refused
    now = time.monotonic()
    recent[:] = [moment for moment in recent if moment > now - 1]
    if len(recent) >= RATE + 5:
        refused += 1
        raise HTTPException(429)
    recent.append(now)
    asked[name] += 1
    await asyncio.sleep(0.05)
    return f"{name} in one sentence"


@app.get("/asked")
async def told() -> dict[str, object]:
    """Say how often each name was asked for, and how many calls were refused."""
    return {"asked": asked, "refused": refused}
